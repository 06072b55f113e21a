"""A plan as JSON (plan.json) and as text for `evaldock plan`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from hub.adapter import Estimate
from hub.finding import Finding
from hub.plan import Plan, PlannedJob
from hub.server import PlannedServer, is_served
from hub.text import count_of
from hub.version import VERSION

_SHOWN_LINES = 24  # of a translated file: OpenCompass's of three families has two thousand
_MARKS = {"ok": "ok     ", "warning": "note   ", "missing": "MISSING"}


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """Return the plan as JSON-able data: no secret is in it, keys of endpoints are names."""
    return {
        "schema_version": 1,
        "evaldock_version": VERSION,
        "task": plan.task,
        "engine": plan.engine,
        "skipped": list(plan.skipped),
        "cautions": list(plan.cautions),
        "gateway": _plain(plan.gateway),
        "max_infra_errors": plan.max_infra_errors,
        "allow_unsafe_code": plan.allow_unsafe_code,
        "at_once": plan.at_once,
        "servers": [_plain(_server_to_dict(server)) for server in plan.servers],
        "jobs": [_plain(_job_to_dict(planned)) for planned in plan.jobs],
    }


def _server_to_dict(server: PlannedServer) -> dict[str, Any]:
    return {
        "name": server.name,
        "serve": server.serve,
        "identity": server.identity,
        "job": asdict(server.job),
        "assets": [asdict(asset) for asset in server.assets],
        "gpus": server.gpus,
        "memory_bytes": server.memory_bytes,
    }


def _job_to_dict(planned: PlannedJob) -> dict[str, Any]:
    return {
        "id": planned.id,
        "adapter_version": planned.adapter_version,
        "evaluation": asdict(planned.evaluation),
        "job": asdict(planned.job),
        "gpus": planned.gpus,
        "assets": [asdict(asset) for asset in planned.assets],
        "upstreams": dict(planned.upstreams),
        "servers": list(planned.servers),
        "runs_code": list(planned.runs_code),
        "estimates": [asdict(estimate) for estimate in planned.estimates],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def plan_lines(plan: Plan, engine_line: str, *, whole_files: bool = False) -> Iterator[str]:
    """Yield the plan for a terminal: servers, jobs, mounts, GPUs, translated files, what is left out, cautions.

    Of a long file only the beginning is among them, unless `whole_files` asks for all.
    """
    yield f"task {plan.task}: {count_of(len(plan.jobs), 'job')}"
    yield engine_line
    for server in plan.servers:
        yield ""
        yield from _server_lines(server)
    for planned in plan.jobs:
        yield ""
        yield from _job_lines(planned)
        yield from _file_lines(planned.job.files, whole=whole_files)
    for text in plan.skipped:
        yield f"\nleft out: {text}"
    for text in plan.cautions:
        yield f"\nnote: {text}"


def finding_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield each finding with its mark, and below it what mends it."""
    for finding in findings:
        yield f"  {_MARKS[finding.level]} {finding.subject}: {finding.message}"
        if finding.mend:
            yield f"          {finding.mend}"


def _expected(estimate: Estimate) -> str:
    calls = "an unknown number of calls" if estimate.calls is None else f"about {count_of(estimate.calls, 'call')}"
    tokens = "" if estimate.tokens is None else f", about {count_of(estimate.tokens, 'token')}"
    most = "" if estimate.most_calls is None else f", at most {count_of(estimate.most_calls, 'call')}"
    return f"{calls}{tokens}{most}"


def _server_lines(server: PlannedServer) -> Iterator[str]:
    yield f"server {server.name}"
    yield f"  weights  {server.identity}"
    yield f"  image    {server.job.image}"
    yield f"  command  {' '.join(server.job.command)}"
    for mount in server.job.mounts:
        yield f"  mount    {mount.source} -> {mount.target} (ro)"
    yield f"  GPUs     {server.gpus or 'none'}"
    yield "  network  none, a socket that only the gateway connects to"


def _job_lines(planned: PlannedJob) -> Iterator[str]:
    evaluation, job = planned.evaluation, planned.job
    yield f"job {job.id}"
    way = "weights loaded in the job" if evaluation.model.via == "in_job" else "through the gateway"
    yield f"  model    {evaluation.model.name} ({way}): {evaluation.model.identity}"
    yield f"  image    {job.image}"
    yield f"  command  {' '.join(job.command)}"
    for dataset in evaluation.datasets:
        limit = f"first {count_of(dataset.limit, 'row')} of each subset" if dataset.limit else "all rows"
        yield f"  data set {dataset.label}: {limit}"
    for estimate in planned.estimates:
        yield f"  expected {estimate.dataset}, {estimate.role}: {_expected(estimate)} ({estimate.basis})"
    for mount in job.mounts:
        yield f"  mount    {mount.source} -> {mount.target} ({'ro' if mount.read_only else 'rw'})"
    yield f"  GPUs     {_gpus(planned)}"
    yield f"  network  {job.network}{', gateway socket' if job.gateway else ''}"
    for role, upstream in planned.upstreams.items():
        key = f", key from ${upstream.api_key_env}" if upstream.api_key_env else ""
        whom = f"server {upstream.model!r}" if is_served(upstream) else f"{upstream.endpoint} model {upstream.model}"
        yield f"  {role:<8} {whom}{key}"


def _gpus(planned: PlannedJob) -> str:
    """Return which devices a job gets, or how many of which."""
    may_have = ", ".join(planned.job.gpus)
    if not may_have or isinstance(planned.gpus, tuple) or len(planned.job.gpus) == 1:
        return may_have or "none"
    return f"{'as many as hold the weights' if planned.gpus == 'auto' else planned.gpus} of this machine's"


def _file_lines(files: Mapping[str, str], *, whole: bool) -> Iterator[str]:
    for name, text in files.items():
        yield f"  file     /job/input/{name} ({count_of(len(text.encode()), 'byte')})"
        lines = text.splitlines()
        shown = lines if whole or len(lines) <= _SHOWN_LINES else lines[: _SHOWN_LINES - 1]
        yield from (f"    | {line}" for line in shown)
        if len(shown) < len(lines):
            yield f"    ... {len(lines) - len(shown)} more lines: `evaldock plan TASK --files` shows them"
