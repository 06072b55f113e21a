"""Which files are read as steps, and what is said of those that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.toolbench.evaluator.data_error import DataError
from adapters.toolbench.evaluator.static import data
from tests.adapters.toolbench.cases import GIVE_UP, TOOLS, step


def test_an_array_and_lines_hold_the_same_items(tmp_path: Path) -> None:
    steps = [step("a"), step("b")]
    (tmp_path / "a.json").write_text(json.dumps(steps))
    (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, steps)) + "\n\n")

    assert data.read(tmp_path / "a.json", None) == data.read(tmp_path / "b.jsonl", None)


def test_a_limit_takes_the_first_items(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([step("a"), {"broken": True}]))

    (item,) = data.read(tmp_path / "a.json", 1)

    assert (item.target, item.tools) == ("a", TOOLS)


def test_what_a_tool_says_is_a_turn_of_the_user(tmp_path: Path) -> None:
    turns = [{"role": "system", "content": "s"}, {"role": "function", "name": "weather", "content": "rain"}]
    (tmp_path / "a.json").write_text(json.dumps([{**step(GIVE_UP), "messages": turns}]))

    (item,) = data.read(tmp_path / "a.json", None)

    assert item.messages == ({"role": "system", "content": "s"}, {"role": "user", "content": "rain"})


@pytest.mark.parametrize("name", ["in_domain.json", "in_domain.jsonl"])
def test_the_file_of_a_folder_is_found_by_its_stem(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("[]")

    assert data.find(tmp_path, "in_domain") == tmp_path / name
    assert data.find(tmp_path / name, "out_of_domain") == tmp_path / name


def test_a_folder_without_the_file_says_what_it_should_be_called(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither in_domain\.json nor in_domain\.jsonl"):
        data.find(tmp_path, "in_domain")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a.json holds no items"),
        ("[]", "a.json holds no items"),
        ("[1]", "a.json, item 1: an object is wanted"),
        ("[" * 100_000, "a.json: not JSON"),
        ('{"messages": []}\n{', "a.json, line 2: not JSON"),
        (json.dumps([{**step("x"), "target": 3}]), "item 1: target must be a text"),
        (json.dumps([step("x"), {**step("x"), "messages": []}]), "item 2: messages must be a list of turns"),
        (json.dumps([{**step("x"), "messages": [{"role": "boss"}]}]), "role must be one of system, user"),
        (json.dumps([{**step("x"), "tools": "weather"}]), "tools must be a list"),
        (json.dumps([{**step("x"), "tools": ["weather"]}]), "a tool must be an object with a name"),
    ],
)
def test_what_is_no_step_is_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "a.json").write_text(text)

    with pytest.raises(DataError, match=told):
        data.read(tmp_path / "a.json", None)


def test_a_fingerprint_is_that_of_the_items_used() -> None:
    def print_of(*targets: str) -> str:
        items = [data.Item(({"role": "user", "content": "q"},), target, TOOLS) for target in targets]
        return data.fingerprint(items)

    assert print_of("a") == print_of("a") != print_of("b")
