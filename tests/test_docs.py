"""The documentation says what is: links lead somewhere, commands, options and keys exist, tasks are tasks."""

from __future__ import annotations

import re
import shlex
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest

from hub.cli import cli
from hub.images import load_image
from hub.ledger import SCHEMA as LEDGER
from hub.serverkinds import KINDS
from hub.settings import Settings
from hub.source import parse_source
from hub.spec import TaskSpec
from hub.taskfile import validate

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("adapters/*.md"), *ROOT.glob("images/*.md")])
_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_NOT_A_TASK = "# fragment\n"  # the first line of a YAML block that shows only a part


def _prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page as forges and myst make them."""
    headings = re.findall(r"^#{1,6} +(.+?) *$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _broken(page: Path) -> Iterator[str]:
    for link in re.findall(r"\]\(([^)]+)\)", _prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_anchors_lead_somewhere(page: Path) -> None:
    assert list(_broken(page)) == []


def _command_lines(page: Path) -> set[str]:
    """Return every `evaldock ...` of a page: in backticks, indented, or in a shell block; comments cut off."""
    text = page.read_text(encoding="utf-8")
    shell = "\n".join(body for kind, body in _FENCE.findall(text) if kind in {"sh", "bash", "console"})
    indented = re.findall(r"^(?: {4}|\t)(?:\$ )?(?:\.venv/bin/)?evaldock (.+)$", _prose(page), re.MULTILINE)
    fenced = re.findall(r"^(?:\$ )?(?:\.venv/bin/)?evaldock (.+)$", shell, re.MULTILINE)
    inline = [" ".join(found.split()) for found in re.findall(r"`(?:\.venv/bin/)?evaldock ([^`]+)`", text)]
    return {line.split(" #")[0].split("  ")[0].strip() for line in (*indented, *fenced, *inline)}


def _unknown(line: str) -> Iterator[str]:
    """Yield the commands and options of a line that do not exist."""
    words = [word for word in shlex.split(re.split(r"\||;|&&", line, maxsplit=1)[0]) if word != "..."]
    group: click.Command = cli
    context = click.Context(cli, info_name="evaldock")
    if words[:1] == ["COMMAND"]:
        return
    while isinstance(group, click.Group) and words and not words[0].startswith("-"):
        found = group.get_command(context, words[0])
        if found is None:
            yield words[0]
            return
        group, words = found, words[1:]
    known = {name for parameter in group.params for name in (*parameter.opts, *parameter.secondary_opts)}
    known |= {"--help", "-h"}
    if "--" in words:  # what stands behind it is another program's
        words = words[: words.index("--")]
    yield from (word for word in words if word.startswith("-") and word.split("=")[0] not in known)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_that_pages_name_exist(page: Path) -> None:
    found = {line: list(_unknown(line)) for line in sorted(_command_lines(page))}

    assert {line: unknown for line, unknown in found.items() if unknown} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_yaml_blocks_are_valid_tasks_or_marked_as_fragments(page: Path) -> None:
    blocks = [body for kind, body in _FENCE.findall(page.read_text(encoding="utf-8")) if kind in {"yaml", "yml"}]

    for body in blocks:
        if not body.startswith(_NOT_A_TASK):
            validate(parse_source(body, str(page)), ROOT)  # raises TaskError, with line and key


def test_what_checks_the_pages_finds_mistakes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A b, c\n[ok](#a-b-c) [no](#else) [a gap](#a b) [gone](x.md)\n"
        "\n    evaldock run --ofline x  # why\n`evaldock runn`\n"
    )

    assert list(_broken(page)) == ["#else", "#a b", "x.md"]
    assert _command_lines(page) == {"run --ofline x", "runn"}
    assert [word for line in sorted(_command_lines(page)) for word in _unknown(line)] == ["--ofline", "runn"]


def test_the_task_page_names_every_key_of_a_task() -> None:
    page = (ROOT / "docs" / "task.md").read_text(encoding="utf-8")

    assert [key for key in TaskSpec.model_fields if f"`{key}" not in page] == []


@pytest.mark.parametrize("engine", KINDS)
def test_the_page_of_servers_names_what_each_kind_is_made_from_and_how_many_adapters_it_takes(
    engine: str, settings: Settings
) -> None:
    page = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    kind = KINDS[engine]
    image = load_image(kind.image, settings)
    swift = re.search(r"^ms-swift==(\S+)", image.lock.read_text(), re.MULTILINE)
    made_from = image.base if image.published else f"SWIFT {swift[1]}:" if swift else "Native's own"

    (row,) = (line.split(" | ") for line in page.splitlines() if line.startswith(f"| `{engine}` |"))

    assert made_from in row[1]
    assert row[2] == str(kind.adapters)


def test_the_gateway_page_names_every_column_of_the_ledger() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in LEDGER:
            connection.execute(statement)
        columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(calls)")]
    table = (ROOT / "docs" / "gateway.md").read_text(encoding="utf-8").partition("| column | meaning |")[2]
    cells = [line.split("|")[1] for line in table.partition("\n\n")[0].splitlines() if "`" in line]

    assert sorted(name for cell in cells for name in re.findall(r"`(\w+)`", cell)) == sorted(columns)


def test_the_committed_reference_is_what_its_script_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    sys.modules.pop("make_reference", None)
    import make_reference

    assert make_reference.PAGE.read_text(encoding="utf-8") == make_reference.reference(), (
        "run python docs/make_reference.py"
    )


def test_the_terminal_picture_keeps_what_is_left_after_bars_were_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    from make_terminal_picture import screen_lines

    written = "first\r\nbar 10 %\r\nbar 20 %\r\x1b[2K\x1b[1A\x1b[2K\x1b[32mdone\x1b[0m\r\n"

    assert screen_lines(written) == ["first", "\x1b[32mdone\x1b[0m", ""]


def test_both_readmes_have_the_same_headings_and_the_same_code() -> None:
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")]

    levels = [re.findall(r"^#+(?= )", text, re.MULTILINE) for text in texts]
    pictures = [re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text) for text in texts]
    assert levels[0] == levels[1]
    assert pictures[0] == pictures[1]
    assert _code(texts[0]) == _code(texts[1])


def _code(text: str) -> list[str]:
    """Return the lines of code blocks without their comments, which are translated."""
    lines = re.findall(r"^(?: {4}|\t)(\S.*)$", text, re.MULTILINE)
    blocks = [line for _, body in _FENCE.findall(text) for line in body.splitlines()]
    return [line.split(" #")[0].rstrip() for line in (*lines, *blocks)]
