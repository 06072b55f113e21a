"""A resumed job computes only what no start before it has, and its account says so."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from adapters.native.evaluator.memory import Memory, take_over
from adapters.native.evaluator.models.remembered import RememberedModel
from adapters.native.evaluator.request import Deliver, Generation, Likelihood, Outcome, Request
from adapters.runtime.ledger import Ledger
from hub.ledger import LedgerRow, read_runner_rows

REQUESTS = [Generation(f"main/{n}", f"{n}?", {"max_tokens": 5}) for n in range(6)]


class KilledError(Exception):
    """The job is killed."""


class Fake:
    """Answers with what was asked, the last request first, in batches of two; is killed after `lives` batches."""

    chat, facts = False, {"dtype": "float32"}

    def __init__(self, lives: int = 99) -> None:
        self.lives = lives
        self.computed: list[str] = []

    def answer(
        self, dataset: str, requests: Sequence[Request], deliver: Deliver, *, known: Collection[int] = ()
    ) -> None:
        order = range(len(requests) - 1, -1, -1)
        for batch in (order[0:2], order[2:4], order[4:6]):
            if all(index in known for index in batch):
                continue
            if not self.lives:
                raise KilledError
            self.lives -= 1
            self.computed += [requests[index].id for index in batch]
            for index in batch:
                deliver(index, Outcome(text=requests[index].id, latency_s=0.5, tokens_in=4, tokens_out=2))


class Start:
    """One start of a job."""

    def __init__(self, output: Path, model: Fake, *, after: Path | None = None) -> None:
        output.mkdir()
        self.output, self.found = output, {}
        if after:
            take_over(after, output)
        with Ledger(output) as ledger, Memory(output, Fake.facts) as memory, suppress(KilledError):
            RememberedModel(model, "m", memory, ledger).answer("qa", REQUESTS, self.found.__setitem__)

    @property
    def rows(self) -> list[LedgerRow]:
        return list(read_runner_rows(self.output, 1))


@pytest.fixture(autouse=True)
def _root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALDOCK_ROOT", str(tmp_path))
    (tmp_path / "job" / "output").mkdir(parents=True)


def test_every_request_gets_a_row(tmp_path: Path) -> None:
    rows = Start(tmp_path / "1", Fake()).rows

    assert {row.sample for row in rows} == {request.id for request in REQUESTS}
    row = rows[0]
    assert (row.role, row.dataset, row.model, row.operation) == ("candidate", "qa", "m", "completions")
    assert (row.outcome, row.status, row.attempts, row.cached) == ("ok", 200, 1, False)
    assert (row.latency_ms, row.tokens_in, row.tokens_out) == (500.0, 4, 2)
    assert len({row.key for row in rows}) == len(REQUESTS)


@pytest.mark.parametrize("lives", [0, 1, 2, 3])
def test_a_second_start_computes_the_rest_and_delivers_all(tmp_path: Path, lives: int) -> None:
    first, rest = Fake(lives), Fake()
    start = Start(tmp_path / "1", first)
    resumed = Start(tmp_path / "2", rest, after=start.output)
    whole = Start(tmp_path / "whole", Fake())

    assert sorted(first.computed + rest.computed) == sorted(request.id for request in REQUESTS)
    assert resumed.found == whole.found


def test_the_account_tells_what_was_computed_from_what_was_remembered(tmp_path: Path) -> None:
    start = Start(tmp_path / "1", Fake(lives=2))
    rows = Start(tmp_path / "2", Fake(), after=start.output).rows

    assert [(row.sample, row.cached, row.attempts) for row in rows] == [
        *((f"main/{n}", True, 0) for n in (2, 3, 4, 5)),
        ("main/1", False, 1),
        ("main/0", False, 1),
    ]
    assert [row.latency_ms for row in rows] == [0.0] * 4 + [500.0] * 2
    assert all(row.tokens_out == 2 for row in rows)


def test_a_batch_of_which_only_a_part_was_kept_is_computed_whole_but_delivered_once(tmp_path: Path) -> None:
    start = Start(tmp_path / "1", Fake(lives=1))
    file = start.output / "outcomes.jsonl"
    file.write_text("".join(file.read_text("utf-8").splitlines(keepends=True)[:2]), "utf-8")
    model = Fake()
    resumed = Start(tmp_path / "2", model, after=start.output)

    assert model.computed == [f"main/{n}" for n in (5, 4, 3, 2, 1, 0)]
    assert [row.sample for row in resumed.rows if row.cached] == ["main/5"]
    assert sorted(row.sample for row in resumed.rows) == [f"main/{n}" for n in range(6)]


def test_the_user_is_told_what_was_taken_over(tmp_path: Path) -> None:
    start = Start(tmp_path / "1", Fake(lives=1))
    Start(tmp_path / "2", Fake(), after=start.output)

    (line,) = (tmp_path / "job" / "output" / "events.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["text"] == "qa: 2 of 6 samples were computed by an earlier start of the job"


def test_what_a_model_cannot_take_was_not_computed(tmp_path: Path) -> None:
    class Refusing(Fake):
        def answer(self, dataset: str, requests: Sequence[Request], deliver: Deliver, **_: object) -> None:
            deliver(0, Outcome("model_error", error="too long"))

    (row,) = Start(tmp_path / "1", Refusing()).rows

    assert (row.outcome, row.status, row.attempts, row.error) == ("invalid_request", 400, 0, "too long")


@pytest.mark.parametrize(
    ("request_", "operation"),
    [
        (Generation("1", ({"role": "user", "content": "x"},), {}), "chat/completions"),
        (Likelihood("1", "x", ("y",)), "likelihood"),
    ],
)
def test_a_row_says_what_was_asked(tmp_path: Path, request_: Request, operation: str) -> None:
    class One(Fake):
        def answer(self, dataset: str, requests: Sequence[Request], deliver: Deliver, **_: object) -> None:
            deliver(0, Outcome(latency_s=0.1))

    with Ledger(tmp_path) as ledger, Memory(tmp_path, {}) as memory:
        RememberedModel(One(), "m", memory, ledger).answer("qa", [request_], lambda *_: None)

    assert [row.operation for row in read_runner_rows(tmp_path, 1)] == [operation]
