"""What of a plan makes results, and where two plans of one task differ in it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from hub.adapter import Adapter
from hub.endpoint import normalize_base_url
from hub.plan import Plan, PlannedJob
from hub.render.plan import plan_to_json

# What a client must know of time, and how much at once: it changes when answers come, not which.
_OF_TIME = ("deadline_s", "concurrency")
_OF_MACHINE = ("gpus",)
_OF_JOB = ("image", "command", "env", "network")
_NO_RESULT = (*_OF_TIME, *_OF_MACHINE, *_OF_JOB)
_OF_WORDS = ("unpacked_bytes", "hint")  # of an asset: what is said of it, not what it is
_OF_WEIGHTS = ("endpoint", "model", "checkpoint", "hub", "revision", "dtype")
_NOTHING = "nothing"
_LONGEST = 60


class Difference(NamedTuple):
    """One thing that makes results, then and now."""

    job: str
    key: str
    old: str
    new: str

    def __str__(self) -> str:
        """Return `job: key: old -> new`."""
        return f"{self.job}: {self.key}: {self.old} -> {self.new}"


def differences(recorded: Mapping[str, Any], plan: Plan, adapters: Mapping[str, Adapter]) -> tuple[Difference, ...]:
    """Return what makes results and is not as in plan.json, job by job.

    Time-outs, rates, retries, budget, resources and `max_infra_errors` make none. Of the translated files it is told
    only where nothing else of the job explains it: then the adapter writes something else.

    Args:
        recorded: plan.json.
        plan: what the same task means now.
        adapters: those of the plan.
    """
    old = {str(job["id"]): job for job in recorded["jobs"]}
    found: list[Difference] = []
    for planned in plan.jobs:
        if planned.id not in old:
            found.append(Difference(planned.id, "job", "not planned", "planned"))
            continue
        now = _aligned(planned, old[planned.id], adapters[planned.evaluation.backend])
        new = plan_to_json(replace(plan, jobs=(now,)))
        found += _of_job(planned.id, _essence(old[planned.id], recorded), _essence(new["jobs"][0], new))
    here = {planned.id for planned in plan.jobs}
    found += [Difference(name, "job", "planned", "not planned") for name in old if name not in here]
    return tuple(found)


def _aligned(planned: PlannedJob, old: Mapping[str, Any], adapter: Adapter) -> PlannedJob:
    """Return the job as it would be with the earlier time-outs: they stand in the translated files, too."""
    times = {name: old["evaluation"][name] for name in _OF_TIME if name in old["evaluation"]}
    evaluation = replace(planned.evaluation, **times)
    job = replace(planned.job, files=adapter.translate(evaluation), command=adapter.command(evaluation))
    return replace(planned, evaluation=evaluation, job=job)


def _essence(job: Mapping[str, Any], plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return what makes results, as flat keys."""
    evaluation = {name: value for name, value in job["evaluation"].items() if name not in _NO_RESULT}
    parts = {
        **evaluation,
        **{name: job["job"][name] for name in _OF_JOB},
        "adapter_version": job.get("adapter_version"),
        "assets": [_what(asset) for asset in job["assets"]],
        "upstreams": {role: _whom(part) for role, part in job["upstreams"].items()},
        "interceptors": _interceptors(plan.get("gateway", {}), job["upstreams"]),
    }
    flat = dict(_flat(parts, ""))
    return {**flat, **{f"file {name}": text for name, text in job["job"]["files"].items()}}


def _what(asset: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asset.items() if name not in _OF_WORDS}


def _whom(upstream: Mapping[str, Any]) -> dict[str, Any]:
    if serve := upstream.get("serve"):
        settings = {name: serve.get(name) for name in ("engine", "args", "adapters")}
        return {**{name: upstream.get(name) for name in _OF_WEIGHTS}, "serve": settings}
    url = normalize_base_url(upstream["endpoint"])
    return {"endpoint": url, "model": upstream.get("model"), "revision": upstream.get("revision")}


def _interceptors(gateway: Mapping[str, Any], roles: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return those that concern a job: a job without a gateway has none."""
    return [found for found in gateway.get("interceptors", ()) if set(found.get("roles", ())) & set(roles)]


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _flat(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple) and value:
        for index, item in enumerate(value):
            yield from _flat(item, f"{path}[{index}]")
    elif value not in (None, "", {}, [], ()):
        yield path, value


def _of_job(job: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    causes = [key for key in keys if not key.startswith("file ")]
    for key in causes or keys:
        yield Difference(job, *_told(key, old.get(key), new.get(key)))


def _told(key: str, old: Any, new: Any) -> tuple[str, str, str]:
    """Return key, old and new for a person; of texts the first line that differs."""
    if not key.startswith("file ") or old is None or new is None:
        return key, _show(old), _show(new)
    before, after = str(old).splitlines(), str(new).splitlines()
    pairs = enumerate(zip([*before, ""], [*after, ""], strict=False), start=1)
    number, (was, now) = next((found for found in pairs if found[1][0] != found[1][1]), (0, ("", "")))
    return f"{key} line {number}", _show(was.strip()), _show(now.strip())


def _show(value: Any) -> str:
    if value is None:
        return _NOTHING
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
