import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from hub.accounting import Account, account_of, gather_ledger, no_account
from hub.adapter import Normalized
from hub.ledger import FILE, RUNNER_FILE, LedgerRow, read_rows, write_ledger
from hub.overlay import Judge
from tests.fakes.adapter import FakeAdapter
from tests.hub.test_plan import TASK, plan

JOB = "1-m-echo"
GATEWAY = {
    "interceptors": [{"drop": ["seed"]}, {"max_tokens": 9, "roles": ["judge"]}, {"reasoning": "strip"}],
}


def row(session: int, sample: str, **more: Any) -> LedgerRow:
    return LedgerRow(session, 1.0, "candidate", "echo", "chat/completions", "ok", sample=sample, **more)


def runner_line(sample: str) -> str:
    facts = {"at": 1.0, "role": "candidate", "dataset": "echo", "operation": "completions", "outcome": "ok"}
    return json.dumps({**facts, "sample": sample}) + "\n"


def account(number: int, **changes: Any) -> Account:
    """Return the account of a job that asked once: of weights (0) or of an endpoint (2)."""
    whole = plan(gateway=GATEWAY, **changes)
    return account_of(whole.jobs[number], (row(1, "a", attempts=1, tokens_in=500),), whole, FakeAdapter(), 1)


def test_the_account_of_an_endpoint_knows_what_changed_the_candidate_s_requests() -> None:
    terms = account(2, max_infra_errors=3).terms

    assert terms is not None
    assert terms.gateway == ({"drop": ["seed"]}, {"reasoning": "strip"})
    assert (terms.via, terms.datasets, terms.max_infra_errors) == ("endpoint", ("pairs",), 3)


def test_the_account_knows_the_judge_and_what_changed_its_requests() -> None:
    judge = {"endpoint": "http://j:1/v1", "model": "wise", "revision": "v2"}

    terms = account(0, judge=judge).terms

    assert terms is not None
    assert terms.judge == Judge("endpoint:http://j:1/v1 wise@v2", ({"max_tokens": 9},))


def test_a_job_without_a_judge_has_none() -> None:
    terms = account(2).terms

    assert terms is not None
    assert terms.judge == Judge()


def test_nothing_is_on_the_way_to_weights_that_a_job_loads() -> None:
    terms = account(0).terms

    assert terms is not None
    assert (terms.via, terms.gateway) == ("in_job", ())


def test_an_account_sums_up_at_the_model_s_own_prices() -> None:
    prices = {"input": 2, "output": 4, "currency": "EUR"}
    models = {**TASK["models"], "served": {**TASK["models"]["served"], "prices": prices}}

    (usage,) = account(2, models=models).usage

    assert (usage.calls, usage.cost, usage.currency) == (1, 0.001, "EUR")


def test_where_nobody_saw_the_calls_what_was_written_stands() -> None:
    written = Normalized(())

    assert no_account(plan().jobs[0]).lay_over(written) is written


def test_a_job_gets_its_own_calls_of_all_starts_in_order(tmp_path: Path) -> None:
    state, folder = tmp_path / "state.sqlite", tmp_path / "job"
    folder.mkdir()
    write_ledger(state, JOB, [row(1, "a"), row(2, "a"), row(2, "b")])

    rows = gather_ledger(folder, JOB, state, 2)

    assert rows == tuple(read_rows(folder / FILE)) == (row(1, "a"), row(2, "a"), row(2, "b"))
    assert gather_ledger(tmp_path, "2-other", state, 1) == ()


def test_rows_of_a_runner_bear_the_start_that_wrote_them_and_outlast_it(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.mkdir()
    for session, sample in ((1, "a"), (2, "b")):
        (output / RUNNER_FILE).write_text(runner_line(sample))
        gather_ledger(tmp_path, JOB, tmp_path / "absent.sqlite", session)

    assert [(found.session, found.sample) for found in read_rows(tmp_path / FILE)] == [(1, "a"), (2, "b")]


def test_rows_of_a_runner_that_was_started_again_bear_the_start_before(tmp_path: Path) -> None:
    for folder, sample in (("first/output", "a"), ("output", "b")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / RUNNER_FILE).write_text(runner_line(sample))

    rows = gather_ledger(tmp_path, JOB, tmp_path / "absent.sqlite", 2)

    assert [(found.session, found.sample) for found in rows] == [(1, "a"), (2, "b")]


def test_a_data_set_that_the_last_start_did_not_ask_for_keeps_what_it_asked_before() -> None:
    whole = plan()
    rows = (row(1, "a"), replace(row(1, "b"), dataset="left"), replace(row(2, "b"), dataset="left"))

    counted = account_of(whole.jobs[2], rows, whole, FakeAdapter(), 2).rows

    assert [(found.dataset, found.session) for found in counted] == [("echo", 2), ("left", 1), ("left", 2)]


def test_exporting_twice_changes_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite"
    write_ledger(state, JOB, [row(1, "a")])

    assert gather_ledger(tmp_path, JOB, state, 1) == gather_ledger(tmp_path, JOB, state, 1)


def test_what_another_machine_wrote_down_stays(tmp_path: Path) -> None:
    there, here = tmp_path / "there.sqlite", tmp_path / "here.sqlite"
    write_ledger(there, JOB, [row(1, "a")])
    gather_ledger(tmp_path, JOB, there, 1)
    write_ledger(here, JOB, [row(2, "a")])

    assert [found.session for found in gather_ledger(tmp_path, JOB, here, 2)] == [1, 2]


def test_a_job_without_calls_has_no_ledger(tmp_path: Path) -> None:
    gather_ledger(tmp_path, JOB, tmp_path / "absent.sqlite", 1)

    assert not (tmp_path / FILE).exists()
