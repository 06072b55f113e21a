"""Prompts that know their sample, and the account of them."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from adapters.vlmevalkit.runner.prompts import SAMPLES, Account, marked, sample_of, turns_of


def as_it_is(_paths: object) -> AbstractContextManager[None]:
    return nullcontext()


TEXT = {"type": "text", "value": "what is this?"}


def accounts(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (output / "images" / "set" / SAMPLES).read_text().splitlines()]


def test_a_prompt_knows_its_sample() -> None:
    prompt = marked([TEXT], "7")

    assert prompt == [TEXT]
    assert sample_of(prompt) == "7"


def test_a_conversation_knows_its_sample_by_its_first_turn() -> None:
    prompt = marked([{"role": "user", "content": [TEXT]}, {"role": "assistant", "content": []}], "7")

    assert sample_of([prompt[0], {"role": "assistant", "content": "a dog"}]) == "7"


@pytest.mark.parametrize("prompt", ["plain", [], None])
def test_what_has_no_place_for_a_sample_has_none(prompt: object) -> None:
    assert sample_of(marked(prompt, "7") if prompt == "plain" else prompt) == ""


def test_the_model_s_own_turns_are_not_given_to_it() -> None:
    turns = [{"role": "user", "content": [TEXT]}, {"role": "assistant", "content": [TEXT]}]

    assert turns_of(turns) == [("user", [TEXT])]


def test_what_a_prompt_says_as_the_system_comes_first() -> None:
    system = {"type": "text", "value": "be brief", "role": "system"}

    assert turns_of([TEXT, system]) == [("system", [system]), ("user", [TEXT])]


def test_a_prompt_is_written_down_once(tmp_path: Path) -> None:
    account = Account(tmp_path, "set", as_it_is)
    build = account.watch(lambda _line: [TEXT])

    for _ in range(2):
        prompt = build({"index": 3})

    assert sample_of(prompt) == "3"
    assert accounts(tmp_path) == [
        {"sample": "3", "prompt": [{"role": "user", "content": [{"type": "text", "text": "what is this?"}]}]}
    ]


def test_a_digest_hangs_on_texts_and_not_on_their_order(tmp_path: Path) -> None:
    digests = []
    for number, order in enumerate(([1, 2], [2, 1])):
        account = Account(tmp_path / str(number), "set", as_it_is)
        build = account.watch(lambda line: [{"type": "text", "value": f"question {line['index']}"}])
        for index in order:
            build({"index": index})
        digests.append(account.digest())

    assert digests[0] == digests[1] != Account(tmp_path / "none", "set", as_it_is).digest()


def test_an_account_goes_on_after_a_line_that_was_cut_off(tmp_path: Path) -> None:
    whole = Account(tmp_path, "set", as_it_is).watch(lambda _line: [TEXT])
    whole({"index": 1})
    with (tmp_path / "images" / "set" / SAMPLES).open("a") as file:
        file.write('{"sample": "2", "pro')

    later = Account(tmp_path, "set", as_it_is).watch(lambda _line: [TEXT])
    for index in (1, 2):
        later({"index": index})

    lines = (tmp_path / "images" / "set" / SAMPLES).read_text().splitlines()
    assert [json.loads(line)["sample"] for line in (lines[0], lines[2])] == ["1", "2"]
    assert len(lines) == 3
