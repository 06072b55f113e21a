"""How long a task may take and what it may cost at most, from its time-outs, its estimates and its prices."""

from __future__ import annotations

from collections.abc import Iterator

from hub.adapter import Estimate
from hub.estimates import Bill, bills
from hub.finding import Finding
from hub.plan import Plan, PlannedJob
from hub.spec import PricesSpec
from hub.text import count_of, show_duration

_BUDGET = "`gateway: {budget: {cost: 5}}` in the task stops at 5; `--limit 10` shows what a part takes"


def time_findings(plan: Plan) -> Iterator[Finding]:
    """Yield how long the jobs may take, by their time-outs: the sum, as if one went after the other."""
    limits = [planned.job.limits.timeout_s for planned in plan.jobs]
    known = [limit for limit in limits if limit is not None]
    if not plan.jobs:
        return
    if len(known) < len(limits):
        message = f"{len(limits) - len(known)} of {count_of(len(limits), 'job')} may take any time"
        yield Finding("ok", "time-outs", message, "`resources: {timeout: 2h}` in the task ends a job that hangs")
        return
    each = f" of at most {show_duration(max(known))}" if len(known) > 1 else ""
    yield Finding(
        "ok", "time-outs", f"{count_of(len(known), 'job')}{each}: at most {show_duration(sum(known))} in all"
    )


def cost_findings(plan: Plan) -> Iterator[Finding]:
    """Yield what each model behind the gateway is expected to be asked, and to cost, where that is known."""
    models: dict[str, list[PlannedJob]] = {}
    for planned in plan.jobs:
        if planned.estimates:
            models.setdefault(planned.evaluation.model.name, []).append(planned)
    for name, jobs in models.items():
        parts = [(estimate, _longest(planned, estimate)) for planned in jobs for estimate in planned.estimates]
        for bill in bills(parts):
            upstream = next((job.upstreams[bill.role] for job in jobs if bill.role in job.upstreams), None)
            whom = f"{name!r}" if bill.role == "candidate" else f"the {bill.role} for {name!r}"
            yield _expected(whom, bill, upstream.prices if upstream else None)


def _longest(planned: PlannedJob, estimate: Estimate) -> int | None:
    """Return the `max_tokens` that an answer may have; it is the candidate's alone: a judge has its backend's own."""
    request = next(part for part in planned.evaluation.datasets if part.label == estimate.dataset)
    stated = request.generation.get("max_tokens") if estimate.role == "candidate" else None
    return stated if isinstance(stated, int) else None


def _expected(whom: str, bill: Bill, prices: PricesSpec | None) -> Finding:
    asked = [f"about {count_of(bill.calls, 'call')}"] if bill.calls else []
    asked += [f"about {count_of(bill.tokens, 'token')}"] if bill.tokens else []
    if bill.unknown:
        unknown = f"what nobody knows beforehand of {', '.join(bill.unknown)}"
        asked.append(f"and {unknown}" if asked else unknown)
    message = f"{whom} is asked {', '.join(asked)}" if asked else f"{whom} is asked for what nobody knows beforehand"
    if prices is None:
        return Finding("ok", "expected", message)
    return Finding("ok", "expected", f"{message}; {_cost(bill, prices)}", _BUDGET)


def _cost(bill: Bill, prices: PricesSpec) -> str:
    if found := bill.cost(prices):
        return f"{found[0]:.2f} to {found[1]:.2f} {prices.currency}"
    answers = bill.answer_cost(prices)
    if answers is None:
        bound = ": `generation: {max_tokens: N}` would bound the answers" if bill.role == "candidate" else ""
        return f"what that costs is not known{bound}"
    return f"answers cost at most {answers:.2f} {prices.currency}, prompts come on top"
