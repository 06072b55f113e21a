"""One bad row among ten thousand of the user's own: it is named, no request is sent, and nothing is scored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aiohttp import web

from hub.report import JobState, job_state
from tests.adapters.native.fake_server import completion
from tests.adapters.native.native_task import evaluation, request
from tests.adapters.native.test_run import Job

COUNT, BAD = 10_000, 7777
OBJECTS = [json.dumps({"question": f"{number}?", "answer": str(number)}).encode() for number in range(COUNT)]
CELLS = [f"{number}?,{number}".encode() for number in range(COUNT)]


def with_bad(rows: list[bytes], bad: bytes, separator: bytes = b"\n") -> bytes:
    return separator.join([*rows[: BAD - 1], bad, *rows[BAD:]])


def jsonl(bad: bytes) -> bytes:
    return with_bad(OBJECTS, bad) + b"\n"


def array(bad: bytes) -> bytes:
    return b"[" + with_bad(OBJECTS, bad, b",\n") + b"]\n"


def table(bad: bytes) -> bytes:
    return b"question,answer\n" + with_bad(CELLS, bad) + b"\n"


@pytest.mark.parametrize(
    ("name", "data", "wanted"),
    [
        ("half.jsonl", jsonl(b'{"question": "x"'), "half.jsonl:7777: not valid JSON: Expecting"),
        (
            "two.jsonl",
            jsonl(b'{"question": "x", "answer": 1}{}'),
            "two.jsonl:7777: not valid JSON: Extra data (column 31)",
        ),
        ("list.jsonl", jsonl(b"[1]"), "list.jsonl:7777: expected a JSON object"),
        ("less.jsonl", jsonl(b'{"question": "x"}'), "less.jsonl:7777: no column 'answer'"),
        ("null.jsonl", jsonl(b'{"question": "x", "answer": null}'), "null.jsonl:7777: column 'answer' is null"),
        ("none.jsonl", jsonl(b'{"question": "x", "answer": ""}'), "none.jsonl:7777: column 'answer' is empty"),
        ("nan.jsonl", jsonl(b'{"question": "x", "answer": NaN}'), "nan.jsonl:7777: column 'answer' is nan"),
        (
            "both.jsonl",
            jsonl(b'{"question": "x", "answer": 1, "answer": 2}'),
            "both.jsonl:7777: not valid JSON: the key 'answer' stands in one object twice",
        ),
        ("latin.jsonl", jsonl(b'{"question": "\xe4", "answer": 1}'), "latin.jsonl:7777: not UTF-8 text"),
        ("less.json", array(b'{"question": "x"}'), "less.json: row 7777: no column 'answer'"),
        ("half.json", array(b'{"question": "x"'), "half.json: not valid JSON: Expecting"),
        ("half.json", array(b'{"question": "x"'), "(line 7778, column 1)"),
        ("short.csv", table(b"x"), "short.csv:7778: the header has 2 columns, this row 1"),
        ("long.csv", table(b"x,y,z"), "long.csv:7778: the header has 2 columns, this row 3"),
        ("open.csv", table(b'"x,y'), "open.csv:7778: not valid CSV: unexpected end of data"),
        ("latin.csv", table(b"\xe4,y"), "latin.csv:7778: not UTF-8 text"),
    ],
)
def test_one_bad_row_of_ten_thousand_is_named_and_nothing_is_asked_or_scored(
    name: str, data: bytes, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_bytes(data)
    asked = []

    async def answer(question: web.Request) -> web.Response:
        asked.append(await question.json())
        return completion("x")

    job = Job(tmp_path / "job", evaluation(request("general_qa", path=tmp_path / name)))

    assert job.run(monkeypatch, answer) == 1

    (result,) = job.normalized().results
    assert wanted in result.absent
    assert (result.counts.scored, result.metrics, asked) == (0, (), [])
    assert job_state((result,)) is JobState.FAILED


def test_a_cell_may_be_as_long_as_a_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "long.csv").write_text(f"question,answer\n{'x' * 300_000},y\n")

    async def answer(_question: web.Request) -> web.Response:
        return completion("y")

    job = Job(tmp_path / "job", evaluation(request("general_qa", path=tmp_path / "long.csv")))

    assert job.run(monkeypatch, answer) == 0

    assert job.normalized().results[0].metrics[0].value == 1.0
