"""How Sphinx makes the site: Markdown by myst-parser, dressed by furo; nothing is fetched."""

import posixpath
import re
from pathlib import Path

from sphinx.application import Sphinx

from hub.version import VERSION

project = "evaldock"
author = "The evaldock authors"
version = release = VERSION

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3  # the same anchors as on a forge, so that links work in both places
nitpicky = True

html_theme = "furo"
html_title = f"evaldock {version}"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False

# Guides that lie beside what they explain: page of the site -> file of the repository. The page only points there.
_ELSEWHERE = {
    "adding-an-adapter": "adapters/README.md",
    "images": "images/README.md",
    "bundled": "configs/bundled/README.md",
    "contributing": "CONTRIBUTING.md",
    "changelog": "CHANGELOG.md",
}
_ROOT = Path(__file__).resolve().parents[1]
_LINK = re.compile(r"\[([^\]]*)\]\(([^():#\s]+)(#[^)\s]*)?\)")


def _fill_in(_app: Sphinx, page: str, source: list[str]) -> None:
    """Put the guide in the place of its page, and let links keep their meaning on the site."""
    file = _ELSEWHERE.get(page, f"docs/{page}.md")
    text = (_ROOT / file).read_text(encoding="utf-8")
    source[0] = _LINK.sub(lambda link: _on_the_site(link, posixpath.dirname(file)), text)


def _on_the_site(link: re.Match[str], folder: str) -> str:
    """Return a link to the page of a guide; what is only in the repository is named without a link."""
    words, target, anchor = link.groups(default="")
    path = posixpath.normpath(posixpath.join(folder, target))
    pages = {file: f"{page}.md" for page, file in _ELSEWHERE.items()}
    if path not in pages and not path.startswith("docs/") and (_ROOT / path).exists():
        return words
    return f"[{words}]({pages.get(path, posixpath.relpath(path, 'docs'))}{anchor})"


def setup(app: Sphinx) -> None:
    """Let guides elsewhere in the repository be pages of the site."""
    app.connect("source-read", _fill_in)
