"""Fill in what a benchmark composes from several columns: the article with its question, an option per column."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from adapters.native.evaluator.errors import RowError
from adapters.native.evaluator.reader import Row

Composed = Mapping[str, str | tuple[str, ...]]


def compose(row: Row, templates: Composed) -> Row:
    """Return the row with a column of that name for each template, or list of templates.

    Raises:
        RowError: a column that a template needs is not there.
    """
    if not templates:
        return row
    try:
        made = {name: _filled(row, template) for name, template in templates.items()}
    except TemplateError as error:
        hint = f"The columns are {', '.join(map(repr, row.data))}; the benchmark needs those of the published data."
        raise RowError(row.place, f"a column is missing: {error}", hint=hint) from error
    return Row({**row.data, **made}, row.place)


def _filled(row: Row, template: str | tuple[str, ...]) -> str | list[str]:
    if isinstance(template, str):
        return _compiled(template).render(row=row.data)
    return [_compiled(part).render(row=row.data) for part in template]


@cache
def _compiled(template: str) -> Template:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(template)
