"""The documentation says what is: links lead somewhere, commands and YAML keys exist."""

import re
from pathlib import Path

import pytest

from hub.cli import _COMMANDS
from hub.source import parse_source
from hub.spec import TaskSpec
from hub.taskfile import validate

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("adapters/*.md"), *ROOT.glob("images/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_pages_name_exist(page: Path) -> None:
    named = set(re.findall(r"(?:`|\n {4})(?:\.venv/bin/)?evaldock ([a-z][a-z-]*)", page.read_text()))

    assert named <= set(_COMMANDS)


def test_the_task_page_shows_a_valid_task() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "task.md").read_text(), re.DOTALL)

    assert validate(parse_source(text, "docs/task.md"), ROOT).spec.name == "my-check"


def test_the_task_page_names_every_key_of_a_task() -> None:
    page = (ROOT / "docs" / "task.md").read_text()

    assert [key for key in TaskSpec.model_fields if f"`{key}" not in page] == []
