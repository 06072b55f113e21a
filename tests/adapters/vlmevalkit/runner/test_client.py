"""A client that counts what was answered and keeps apart what was not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from adapters.vlmevalkit.runner.client import Client
from adapters.vlmevalkit.runner.failures import Failures
from adapters.vlmevalkit.runner.wire import RequestError

MESSAGES = [{"role": "user", "content": "hello"}]


class FakeLine:
    """A way to a model that answers, or raises, as told; it keeps what it was asked."""

    def __init__(self, said: str | RequestError) -> None:
        self.said = said
        self.asked: list[tuple[dict[str, Any], str]] = []

    def ask(self, body: dict[str, Any], sample: str = "") -> str:
        self.asked.append((body, sample))
        if isinstance(self.said, RequestError):
            raise self.said
        return self.said


def client(folder: Path, said: str | RequestError, **more: Any) -> Client:
    line: Any = FakeLine(said)
    return Client("candidate", "model", line, Failures(folder / "failures.jsonl", "set"), **more)


def noted(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "failures.jsonl").read_text().splitlines()]


def test_a_request_has_the_data_set_s_parameters_and_the_call_s_own(tmp_path: Path) -> None:
    asking: Any = client(tmp_path, "yes", parameters={"temperature": 0.0, "max_tokens": 9})

    assert asking.answer(lambda: MESSAGES, "7", {"temperature": 0.5}) == "yes"
    assert asking.line.asked == [({"model": "model", "messages": MESSAGES, "temperature": 0.5, "max_tokens": 9}, "7")]


def test_a_failure_is_no_answer_and_is_noted_with_its_sample(tmp_path: Path) -> None:
    told: list[bool] = []
    asking = client(tmp_path, RequestError("HTTP 502: down", seen=True), told=told.append)

    assert asking.answer(lambda: MESSAGES, "7", {}) == ""
    assert noted(tmp_path) == [
        {
            "dataset": "set",
            "role": "candidate",
            "sample": "7",
            "error": "HTTP 502: down",
            "seen": True,
            "empty": False,
        }
    ]
    assert (told, asking.answered, asking.failures.count("candidate")) == ([True], 0, 1)


def test_an_empty_answer_is_one_and_is_noted_as_such(tmp_path: Path) -> None:
    asking = client(tmp_path, "")

    assert asking.answer(lambda: MESSAGES, "7", {}) == ""
    assert [line["empty"] for line in noted(tmp_path)] == [True]
    assert (asking.answered, asking.failures.count("candidate"), asking.failures.count_empty("candidate")) == (
        1,
        0,
        1,
    )


def test_a_request_that_cannot_be_made_is_a_failure_of_that_sample(tmp_path: Path) -> None:
    def broken() -> Any:
        raise OSError("no such picture")

    asking = client(tmp_path, "yes")

    assert asking.answer(broken, "7", {}) == ""
    assert noted(tmp_path)[0]["error"] == "the request cannot be made: OSError: no such picture"
    assert not noted(tmp_path)[0]["seen"]
