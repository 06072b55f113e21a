"""TaskSpec -> Plan: which jobs, with which models, data, limits and texts. Pure: decides, touches nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from hub import job as layout
from hub.adapter import (
    Adapter,
    Asset,
    DatasetRequest,
    Estimate,
    Evaluation,
    ModelTarget,
    SimulatorUser,
)
from hub.endpoint import normalize_base_url
from hub.errors import TaskError
from hub.estimates import estimates_of
from hub.job import Job, Limits, Mount
from hub.planproblems import beside, task_problems
from hub.server import (
    ADAPTERS,
    PlannedServer,
    is_served,
    planned_server,
    served_identity,
    with_servers,
)
from hub.source import Source
from hub.spec import DatasetSpec, EvaluationSpec, GatewaySpec, JudgeSpec, ModelSpec, TaskSpec
from hub.text import slug
from hub.urldata.names import folder_name

_MAIN = {"modelscope": "master", "huggingface": "main"}


GpuRequest = Literal["auto"] | int | tuple[str, ...]


@dataclass(frozen=True)
class Machine:
    """What a plan must know about this machine: GPU ids, and where cached assets lie."""

    gpus: tuple[str, ...]
    cache_dir: Path


@dataclass(frozen=True)
class PlannedJob:
    """One evaluation with everything an engine needs.

    Attributes:
        upstreams: its models behind the gateway, by role.
        runs_code: labels of the data sets whose scoring executes what the model wrote.
        estimates: what it will ask, about, where its adapter knows.
        servers: names of the servers of the run that it asks, the candidate's first.
        gpus: how many devices it is to have, or which; `job.gpus` are those that it may have, until it is started.
        served: who stands behind them, by role, with the digests of their weights; empty until those are known.
    """

    evaluation: Evaluation
    job: Job
    assets: tuple[Asset, ...]
    upstreams: Mapping[str, ModelSpec | JudgeSpec]
    adapter_version: str = ""
    runs_code: tuple[str, ...] = ()
    estimates: tuple[Estimate, ...] = ()
    servers: tuple[str, ...] = ()
    gpus: GpuRequest = 0
    served: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Return the job's id."""
        return self.job.id

    @property
    def judge_identity(self) -> str:
        """Return who judges, for ResultKey.judge; empty where nobody is asked."""
        judge = self.upstreams.get("judge")
        return self.served.get("judge") or (_endpoint_identity(judge) if judge else "")

    @property
    def weights(self) -> str:
        """Return whose weights answer, in the job or in servers of the run; empty for endpoints of others."""
        own = self.evaluation.model.identity if self.evaluation.model.via == "in_job" else ""
        return "; ".join(dict.fromkeys(filter(None, (own, *self.served.values()))))


@dataclass(frozen=True)
class Plan:
    """All jobs of a task and their servers, what was left out on purpose, and what adapters caution of.

    Attributes:
        at_once: how many jobs at once; `auto`: as many as do not get in each other's way.
    """

    task: str
    engine: str
    jobs: tuple[PlannedJob, ...]
    skipped: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    gateway: GatewaySpec = field(default_factory=GatewaySpec)
    max_infra_errors: int = 0
    allow_unsafe_code: bool = False
    servers: tuple[PlannedServer, ...] = ()
    at_once: Literal["auto"] | int = "auto"

    @property
    def images(self) -> tuple[str, ...]:
        """Return the names of the images needed."""
        jobs = (*(planned.job for planned in self.jobs), *(server.job for server in self.servers))
        return tuple(sorted({job.image for job in jobs}))

    @property
    def assets(self) -> tuple[Asset, ...]:
        """Return every asset once, in order of first use."""
        read = (*(server.assets for server in self.servers), *(planned.assets for planned in self.jobs))
        return tuple(dict.fromkeys(asset for assets in read for asset in assets))

    @property
    def needs_gpus(self) -> bool:
        """Return whether a job or a server is to have devices."""
        return any(planned.job.gpus for planned in self.jobs) or any(server.gpus for server in self.servers)

    def with_jobs(self, jobs: tuple[PlannedJob, ...]) -> Plan:
        """Return the plan with these of its jobs, and the servers that they ask."""
        asked = {name for planned in jobs for name in planned.servers}
        return replace(self, jobs=jobs, servers=tuple(part for part in self.servers if part.name in asked))


def make_plan(
    spec: TaskSpec, source: Source, folder: Path, adapters: Mapping[str, Adapter], machine: Machine
) -> Plan:
    """Resolve a task into jobs.

    Args:
        spec: the task.
        source: the file it came from, for the lines of complaints.
        folder: where relative paths start.
        adapters: at least those that the task names.
        machine: GPUs and cache.

    Raises:
        TaskError: what an adapter cannot take, and explicit pairs that make no sense.
    """
    problems = list(task_problems(spec, source))
    spec = with_servers(spec)
    jobs: list[PlannedJob] = []
    skipped: list[str] = []
    cautions: list[str] = []
    for index, evaluation in enumerate(spec.evaluations):
        adapter = adapters[evaluation.backend]
        for name in evaluation.models or tuple(spec.models):
            model = spec.models[name]
            if model.modality not in adapter.modalities:
                reason = f"{adapter.name} does not evaluate {model.modality} models: {name!r}"
                if evaluation.models is None:
                    skipped.append(reason)
                else:
                    problems.append(source.problem(("evaluations", index, "models"), reason))
                continue
            resolved = _evaluation(spec, evaluation, name, adapter, folder)
            if resolved.model.via == "in_job":
                resolved = replace(resolved, gpus=len(_gpus(spec, machine)))
            complaints = adapter.complain(resolved)
            refusals = [item for item in complaints if item.refuses]
            problems += [source.problem(("evaluations", index, *item.path), item.message) for item in refusals]
            cautions += [item.message for item in complaints if not item.refuses]
            parts = _parts(resolved, evaluation) if not refusals else ()
            for part, suffix in parts:
                job_id = f"{len(jobs) + 1}-{slug(part.model.name)}-{adapter.name}{suffix}"
                jobs.append(_job(spec, part, adapter, machine, job_id=job_id, folder=folder))
    asked = {role for planned in jobs for role in planned.upstreams}
    skipped += [f"{role}: no evaluation of this task asks it" for role in beside(spec) if jobs and role not in asked]
    if not jobs and not problems:
        problems.append(source.problem(("evaluations",), f"nothing is left to run: {'; '.join(skipped)}"))
    if problems:
        raise TaskError(problems)
    return Plan(
        spec.name,
        spec.engine,
        tuple(jobs),
        skipped=tuple(skipped),
        cautions=tuple(dict.fromkeys(cautions)),
        gateway=spec.gateway,
        max_infra_errors=spec.max_infra_errors,
        allow_unsafe_code=spec.allow_unsafe_code,
        servers=_servers(jobs, machine, folder),
        at_once=spec.resources.jobs,
    )


def _servers(jobs: Iterable[PlannedJob], machine: Machine, folder: Path) -> tuple[PlannedServer, ...]:
    """Return the servers that jobs ask, each once, in order of first use."""
    parts = {part.model: part for job in jobs for part in job.upstreams.values() if is_served(part)}
    return tuple(_server(part, machine, folder) for part in parts.values())


def _server(part: ModelSpec | JudgeSpec, machine: Machine, folder: Path) -> PlannedServer:
    serve, name = part.serve, str(part.model)
    assert serve is not None  # noqa: S101 - for mypy: `is_served` was asked
    weights = _model_asset(name, f"{layout.MODELS}/{name}", part, folder)
    tuned = tuple(
        Asset("adapter", f"{name} adapter {index}", f"{ADAPTERS}/{index}", "local", str(_absolute(path, folder)))
        for index, path in enumerate(serve.adapters)
    )
    assets = (weights, *tuned)
    mounts = tuple(Mount(host_path(asset, machine.cache_dir), asset.target) for asset in assets)
    gpus = min(1, len(machine.gpus)) if serve.gpus is None else serve.gpus
    return planned_server(part, assets, mounts, gpus)


def _evaluation(spec: TaskSpec, evaluation: EvaluationSpec, model: str, adapter: Adapter, folder: Path) -> Evaluation:
    resolved = Evaluation(
        backend=evaluation.backend,
        model=_target(model, spec.models[model]),
        datasets=tuple(_request(spec, evaluation, dataset, folder) for dataset in evaluation.datasets),
        seed=spec.seed,
        judge=spec.judge is not None,
        simulator=_endpoint_identity(spec.simulator) if spec.simulator else "",
        concurrency=spec.models[model].concurrency,
        deadline_s=spec.models[model].deadline_s,
        network=spec.network,
        options={
            key: _absolute_option(value, folder) if key in adapter.path_options else value
            for key, value in evaluation.options.items()
        },
    )
    asked = _asked_beside(spec, resolved, adapter).values()
    return replace(resolved, deadline_s=max(resolved.deadline_s, *(part.deadline_s for part in asked), 0.0))


def _asked_beside(spec: TaskSpec, evaluation: Evaluation, adapter: Adapter) -> dict[str, JudgeSpec]:
    """Return the task's judge and simulator, each where the evaluation asks it."""
    simulates = isinstance(adapter, SimulatorUser) and adapter.uses_simulator(evaluation)
    uses = {"judge": adapter.uses_judge(evaluation), "simulator": simulates}
    return {role: part for role, part in beside(spec).items() if uses[role]}


def _parts(resolved: Evaluation, evaluation: EvaluationSpec) -> tuple[tuple[Evaluation, str], ...]:
    """Return what one job each evaluates, and what its name ends in."""
    if evaluation.isolate == "job":
        return ((resolved, ""),)
    return tuple((replace(resolved, datasets=(part,)), f"-{slug(part.label)}") for part in resolved.datasets)


def _request(spec: TaskSpec, evaluation: EvaluationSpec, dataset: DatasetSpec, folder: Path) -> DatasetRequest:
    parts = (spec.generation, evaluation.generation, dataset.generation)
    generation = {key: value for part in parts for key, value in part.stated().items()}
    return DatasetRequest(
        name=dataset.name,
        label=dataset.label,
        path=_absolute(dataset.path, folder) if dataset.path else None,
        subsets=dataset.subsets,
        few_shot=dataset.few_shot,
        limit=dataset.limit or evaluation.limit or spec.limit,
        limit_by_default=dataset.limit is None,
        scoring=dataset.scoring,
        generation=generation,
        options=dataset.options,
    )


def _target(name: str, model: ModelSpec) -> ModelTarget:
    shared = ModelTarget(
        name,
        "in_job",
        revision=model.revision or "",
        dtype=model.dtype,
        chat=model.chat,
        modality=model.modality,
    )
    if model.endpoint is not None:
        identity = _endpoint_identity(model)
        return replace(shared, via="endpoint", remote_model=model.model or "", identity=identity)
    identity = f"{model.place}:{model.checkpoint}{_at(model)}"
    return replace(shared, path=f"{layout.MODELS}/{name}", identity=identity)


def _endpoint_identity(part: ModelSpec | JudgeSpec) -> str:
    if is_served(part):
        return served_identity(part)
    return f"endpoint:{_safe_url(str(part.endpoint))} {part.model}{_at(part)}"


def _at(part: ModelSpec | JudgeSpec) -> str:
    return f"@{part.revision}" if part.revision else ""


def _safe_url(url: str) -> str:
    try:
        return normalize_base_url(url)
    except ValueError:
        return ""  # a problem already, named by task_problems


def _job(
    spec: TaskSpec, evaluation: Evaluation, adapter: Adapter, machine: Machine, *, job_id: str, folder: Path
) -> PlannedJob:
    model = spec.models[evaluation.model.name]
    assets = adapter.assets(evaluation)
    upstreams: dict[str, ModelSpec | JudgeSpec] = {}
    if evaluation.model.via == "endpoint":
        upstreams["candidate"] = model
    else:
        target = evaluation.model
        assets = (_model_asset(target.name, target.path, model, folder), *assets)
    upstreams |= _asked_beside(spec, evaluation, adapter)
    job = Job(
        id=job_id,
        image=adapter.name,
        command=adapter.command(evaluation),
        files=adapter.translate(evaluation),
        mounts=tuple(Mount(host_path(asset, machine.cache_dir), asset.target) for asset in assets),
        gpus=_gpus(spec, machine) if evaluation.model.via == "in_job" else (),
        limits=_limits(spec, evaluation, gateway=bool(upstreams)),
        network=spec.network,
        gateway=bool(upstreams),
    )
    known = adapter.datasets()
    risky = tuple(request.label for request in evaluation.datasets if known[request.name].runs_code)
    estimates = estimates_of(adapter, evaluation)
    gpus = spec.resources.gpus if evaluation.model.via == "in_job" else 0
    servers = tuple(dict.fromkeys(str(part.model) for part in upstreams.values() if is_served(part)))
    return PlannedJob(evaluation, job, assets, upstreams, adapter.version, risky, estimates, servers, gpus)


def _limits(spec: TaskSpec, evaluation: Evaluation, *, gateway: bool) -> Limits:
    asked, idle_s = spec.resources, spec.resources.idle_timeout
    if idle_s is not None and gateway:
        idle_s = max(idle_s, evaluation.deadline_s)  # who waits for an answer is not idle
    return Limits(asked.memory, asked.shm_size, asked.pids, asked.timeout, idle_s)


def _gpus(spec: TaskSpec, machine: Machine) -> tuple[str, ...]:
    """Return the devices that a job may have; whether the machine has them is the check's business."""
    wanted = spec.resources.gpus
    if wanted == "auto":
        return machine.gpus
    if isinstance(wanted, int):
        return machine.gpus[:wanted] if wanted <= len(machine.gpus) else tuple(map(str, range(wanted)))
    return tuple(wanted)


def _model_asset(name: str, target: str, model: ModelSpec | JudgeSpec, folder: Path) -> Asset:
    checkpoint, hub = str(model.checkpoint), model.place
    if hub == "local":
        return Asset("model", name, target, "local", str(_absolute(checkpoint, folder)))
    return Asset("model", name, target, hub, checkpoint, model.revision or _MAIN[hub])


def host_path(asset: Asset, cache_dir: Path) -> Path:
    """Return where `asset` lies on the host: its own path, or its folder in the cache.

    Different files of one repository are different folders: neither may pass for the other. A file at a URL is one
    folder, whatever of it is needed.
    """
    if asset.hub == "local":
        return Path(asset.location)
    if asset.hub == "url":
        return cache_dir / f"{asset.kind}s" / asset.hub / folder_name(asset)
    folder = f"{slug(asset.location.replace('/', '--'))}@{slug(asset.revision or 'main')}"
    if asset.patterns:
        folder += f"-{hashlib.sha256(repr(asset.patterns).encode()).hexdigest()[:8]}"
    return cache_dir / f"{asset.kind}s" / asset.hub / folder


def _absolute_option(value: object, folder: Path) -> object:
    """Return a path absolute; what is none, or an address, as it is: the adapter will say."""
    return str(_absolute(value, folder)) if isinstance(value, str) and "://" not in value else value


def _absolute(path: str, folder: Path) -> Path:
    return Path(folder, Path(path).expanduser()).resolve()
