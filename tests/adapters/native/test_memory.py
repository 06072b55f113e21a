"""What a checkpoint has answered is taken over by the next start: whole lines, and only where nothing changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.native.evaluator.memory import FILE, Memory, key_of, take_over
from adapters.native.evaluator.request import Generation, Likelihood, Outcome

FACTS = {"dtype": "float32", "weights": "w"}
OUTCOMES = {
    "a": Outcome(text="half a pair: \ud83d", latency_s=0.25, tokens_in=3, tokens_out=2, truncated=True),
    "b": Outcome(likelihoods=(-1.2345678901234567, -2e-17)),
    "c": Outcome("model_error", error="too long"),
}


@pytest.fixture(autouse=True)
def _root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALDOCK_ROOT", str(tmp_path))
    (tmp_path / "job" / "output").mkdir(parents=True)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "job" / "output"


@pytest.fixture
def previous(tmp_path: Path) -> Path:
    """Return the output of a start that answered all of OUTCOMES."""
    folder = tmp_path / "previous"
    folder.mkdir()
    with Memory(folder, FACTS) as memory:
        for key, outcome in OUTCOMES.items():
            memory.keep(key, outcome)
    return folder


def remembered(output: Path, facts: dict[str, str] = FACTS) -> dict[str, Outcome]:
    with Memory(output, facts) as memory:
        return {key: outcome for key in "abcd" if (outcome := memory.find(key))}


def messages(output: Path) -> list[str]:
    file = output / "events.jsonl"
    return [json.loads(line)["text"] for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def test_a_first_start_knows_nothing(output: Path, tmp_path: Path) -> None:
    take_over(tmp_path / "no such folder", output)

    assert remembered(output) == {}
    assert messages(output) == []


def test_outcomes_are_the_same_to_the_last_bit(output: Path, previous: Path) -> None:
    take_over(previous, output)

    assert remembered(output) == OUTCOMES


def test_a_third_start_knows_what_the_first_two_did(output: Path, previous: Path, tmp_path: Path) -> None:
    take_over(previous, output)
    with Memory(output, FACTS) as memory:
        memory.keep("d", Outcome(text="new"))
    third = tmp_path / "third"
    third.mkdir()
    take_over(output, third)

    assert remembered(third) == {**OUTCOMES, "d": Outcome(text="new")}


def test_a_start_that_never_had_its_model_hands_on_what_it_took_over(output: Path, previous: Path) -> None:
    take_over(previous, output)

    assert (output / FILE).read_bytes() == (previous / FILE).read_bytes()


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_last_line_that_is_not_whole_is_left_out(output: Path, previous: Path, cut: int) -> None:
    file = previous / FILE
    file.write_bytes(file.read_bytes()[:-cut])
    take_over(previous, output)
    with Memory(output, FACTS) as memory:
        memory.keep("d", Outcome(text="new"))

    assert remembered(output) == {"a": OUTCOMES["a"], "b": OUTCOMES["b"], "d": Outcome(text="new")}


@pytest.mark.parametrize("line", ["\0\0", "[]", "3", '{"key": "a"}', '{"key": "a", "outcome": {"no": 1}}'])
def test_a_damaged_line_is_passed_over(output: Path, previous: Path, line: str) -> None:
    first, *rest = (previous / FILE).read_text("utf-8").splitlines()
    (previous / FILE).write_text("\n".join([first, line, *rest, ""]), "utf-8")
    take_over(previous, output)

    assert remembered(output) == OUTCOMES


def test_nothing_is_used_that_was_made_with_something_else(output: Path, previous: Path) -> None:
    take_over(previous, output)

    assert remembered(output, {**FACTS, "dtype": "bfloat16"}) == {}
    assert messages(output) == ["what an earlier start computed is not used; changed since then: dtype"]


def test_a_file_that_was_killed_at_birth_is_none(output: Path, previous: Path) -> None:
    (previous / FILE).write_text('{"facts": {"dty', "utf-8")
    take_over(previous, output)

    assert remembered(output) == {}
    assert messages(output) == []


REQUESTS = [
    ("d", Generation("main/1", "2+2?", {"temperature": 0.0})),
    ("e", Generation("main/1", "2+2?", {"temperature": 0.0})),
    ("d", Generation("main/2", "2+2?", {"temperature": 0.0})),
    ("d", Generation("main/1", "2+3?", {"temperature": 0.0})),
    ("d", Generation("main/1", "2+2?", {"temperature": 0.5})),
    ("d", Generation("main/1", ({"role": "user", "content": "2+2?"},), {"temperature": 0.0})),
    ("d", Likelihood("main/1", "2+2?", (" 4", " 5"))),
    ("d", Likelihood("main/1", "2+2?", (" 4", " 6"))),
]


def test_whatever_a_request_is_made_of_is_in_its_key() -> None:
    assert len({key_of(dataset, request) for dataset, request in REQUESTS}) == len(REQUESTS)
    assert key_of(*REQUESTS[0]) == key_of("d", Generation("main/1", "2+2?", {"temperature": 0.0}))
