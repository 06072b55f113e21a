"""How Sphinx makes the site: Markdown by myst-parser, dressed by furo; nothing is fetched."""

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

# Guides that lie beside what they explain, and the page of the site that includes each.
_ELSEWHERE = {
    "../adapters/README.md": "adding-an-adapter.md",
    "../images/README.md": "images.md",
    "../configs/bundled/README.md": "bundled.md",
    "../CONTRIBUTING.md": "contributing.md",
    "../CHANGELOG.md": "changelog.md",
}


def _stay_on_the_site(_app: Sphinx, _page: str, source: list[str]) -> None:
    for path, page in _ELSEWHERE.items():
        source[0] = source[0].replace(f"]({path}", f"]({page}")


def setup(app: Sphinx) -> None:
    """Let links to guides elsewhere in the repository lead to their pages on the site."""
    app.connect("source-read", _stay_on_the_site)
