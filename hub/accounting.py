"""A job's account: its ledger, gathered into its folder, and what that means for what its backend wrote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hub.adapter import Adapter, Normalized
from hub.ledger import FILE, LedgerRow, read_rows, read_runner_rows, write_ledger
from hub.overlay import Judge, Terms, lay_over
from hub.plan import Plan, PlannedJob
from hub.reading import FIRST, OUTPUT
from hub.report import Usage
from hub.spec import GatewaySpec
from hub.usage import summarize


@dataclass(frozen=True)
class Account:
    """What the calls of a job mean: for its results, and for what it used."""

    rows: tuple[LedgerRow, ...] = ()
    terms: Terms | None = None
    usage: tuple[Usage, ...] = ()

    def lay_over(self, normalized: Normalized) -> Normalized:
        """Return what the backend wrote, as far as its calls bear it out."""
        return lay_over(normalized, self.rows, self.terms) if self.terms else normalized


def no_account(_planned: PlannedJob) -> Account:
    """Return the account of a job whose calls nobody saw."""
    return Account()


def account_of(planned: PlannedJob, rows: tuple[LedgerRow, ...], plan: Plan, adapter: Adapter, start: int) -> Account:
    """Return the account of a job whose last start was number `start`; `rows` are of all its starts.

    What a data set asked last counts as asked by the last start: one that was finished when its job died, and was
    started again without another data set, asks no more.
    """
    evaluation = planned.evaluation
    terms = Terms(
        start,
        evaluation.model.via,
        tuple(request.label for request in evaluation.datasets),
        adapter.excludes_failures,
        plan.max_infra_errors,
        _changes(plan.gateway, "candidate") if "candidate" in planned.upstreams else (),
        Judge(planned.judge_identity, _changes(plan.gateway, "judge")) if "judge" in planned.upstreams else Judge(),
    )
    prices = {role: part.prices for role, part in planned.upstreams.items() if part.prices}
    counted = tuple(_of_last_start(rows, start))
    return Account(counted, terms, summarize(counted, start, prices))


def _changes(gateway: GatewaySpec, role: str) -> tuple[dict[str, Any], ...]:
    """Return what the gateway changes for a role, as the task says it."""
    return tuple({found.kind: found.value} for found in gateway.interceptors if role in found.roles)


def _of_last_start(rows: tuple[LedgerRow, ...], start: int) -> Iterator[LedgerRow]:
    last: dict[str, int] = {}
    for row in rows:
        last[row.dataset] = max(row.session, last.get(row.dataset, 0))
    for row in rows:
        yield replace(row, session=start) if row.session == last[row.dataset] != start else row


def gather_ledger(folder: Path, job_id: str, state_file: Path, session: int) -> tuple[LedgerRow, ...]:
    """Write ledger.sqlite of a job that has ended, all its starts in order, and return its rows.

    Of a start that the run's state file does not know (it is on another machine), what was gathered then stays.

    Args:
        folder: of the job.
        job_id: its name in the state file.
        state_file: where the gateway writes down the calls of the whole run.
        session: which start has ended.
    """
    found = [*read_rows(state_file, job_id), *_of_runner(folder, session)]
    known = {row.session for row in found} | {session}
    earlier = [row for row in read_rows(folder / FILE) if row.session not in known]
    rows = tuple(sorted((*earlier, *found), key=lambda row: row.session))
    if rows or (folder / FILE).exists():
        write_ledger(folder / FILE, job_id, rows)
    return rows


def _of_runner(folder: Path, session: int) -> Iterator[LedgerRow]:
    """Yield what the runner wrote down itself: before it was started again without a data set, and after."""
    yield from read_runner_rows(folder / FIRST / OUTPUT, session - 1)
    yield from read_runner_rows(folder / OUTPUT, session)
