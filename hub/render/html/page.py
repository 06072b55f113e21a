"""The page put together: the template filled in, style and script inside, and a policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from hub.errors import EvaldockError
from hub.files import write_atomic
from hub.render.agreement import told_agreements
from hub.render.groups import groups
from hub.render.html.carried import carry
from hub.render.html.overview import overview
from hub.render.html.samples import Limits, take_census
from hub.render.html.scores import blocks, heat_map
from hub.render.html.usage import panels
from hub.render.html.visible import visible
from hub.render.protocol import changes_of, compare
from hub.render.servers import show_server
from hub.render.usage import usage_rows
from hub.report import Report

if TYPE_CHECKING:
    from jinja2 import Environment

FILE = "report.html"
_ASSETS = Path(__file__).parent / "assets"
_SCRIPTS = ("inflate.js", "text.js", "store.js", "list.js", "detail.js", "browser.js", "page.js")
_LIMITS = Limits()


def write_html(folder: Path, report: Report, limits: Limits = _LIMITS) -> Path:
    """Write report.html into a run's folder, from its report and its jobs' samples; return the path.

    Raises:
        EvaldockError: the samples cannot be read, or the page cannot be written.
    """
    path = folder / FILE
    try:
        write_atomic(path, render_html(folder, report, limits))
    except OSError as error:
        hint = f"the report itself is in {folder / 'report.json'}; `evaldock report --html` tries again"
        raise EvaldockError(f"cannot write {path}: {error.strerror}", hint=hint) from error
    return path


def render_html(folder: Path, report: Report, limits: Limits = _LIMITS) -> str:
    """Return the page; same report and samples, same text."""
    census = take_census(report, folder, limits)
    found = groups(report)
    compared = {group.title: same for group in found if (same := compare(group))}
    carried = carry(report, folder, census, limits)
    style, script = _asset("style.css"), _script()
    return (
        _environment()
        .get_template("template.html")
        .render(
            report=report,
            overview=overview(report, census.unscored),
            usage=list(usage_rows(report)),
            changes_of=changes_of,
            show_server=show_server,
            scores=[(group, *blocks(group), compared.get(group.title)) for group in found],
            lost=[job for job in report.jobs if not job.results],
            heat_maps=[(group, made) for group in found if (made := heat_map(group))],
            comparisons=list(compared.values()),
            agreements=list(told_agreements(report)),
            sample_address=lambda side, answered: "#" + urlencode({"sample": f"{side.job}:{answered.line}"}),
            panels=panels(report, census.tallies),
            carried=carried,
            style=style,
            script=script,
            policy=_policy(style, script, pictures=bool(carried.pictures)),
        )
    )


def _script() -> str:
    body = "\n".join(_asset(name) for name in _SCRIPTS)
    return f'"use strict";\n(() => {{\n{body}}})();\n'


@cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _policy(style: str, script: str, *, pictures: bool) -> str:
    """Return a Content-Security-Policy: this style, this script, pictures inside the page, and no request out."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        f"{'img-src data:; ' if pictures else ''}base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - only when a page is made

    return Environment(
        loader=FileSystemLoader(_ASSETS),
        autoescape=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
