"""A model server as it is planned: which kinds there are, and what the engine is asked to run for a checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from hub.adapter import Asset
from hub.job import Job, Limits, Mount
from hub.spec import JudgeSpec, ModelSpec, ServeSpec, TaskSpec
from hub.text import count_of

Part = ModelSpec | JudgeSpec
AnyPart = TypeVar("AnyPart", ModelSpec, JudgeSpec)

SCHEME = "server:"  # `server:NAME` is the address, in a plan, of a server that the run itself starts
ADAPTERS = "/adapters"


@dataclass(frozen=True)
class Kind:
    """One kind of server.

    Attributes:
        image: name of the folder in images/ that it runs in.
        health: path that is answered with 200 once the model is loaded.
        adapters: how many LoRA adapters it takes.
    """

    image: str
    health: str = "/health"
    adapters: int = 0


KINDS: Mapping[str, Kind] = {
    "transformers": Kind("native", adapters=1),
}


@dataclass(frozen=True)
class PlannedServer:
    """One server of a run, shared by every job that asks it.

    Attributes:
        name: unique in the run; the server's name of the model, too.
        serve: as the task has it.
        identity: what stands behind it; the digests of its weights are known only once those are here.
        job: what the engine runs; its `gpus` are empty until the scheduler gives it devices.
        assets: the weights first, then adapters.
        gpus: how many devices it needs.
        memory_bytes: what it may take of the host's memory; None where the task does not say.
    """

    name: str
    serve: ServeSpec
    identity: str
    job: Job
    assets: tuple[Asset, ...]
    gpus: int = 0
    memory_bytes: int | None = None

    @property
    def kind(self) -> Kind:
        """Return its kind."""
        return KINDS[self.serve.engine]


def with_servers(spec: TaskSpec) -> TaskSpec:
    """Return the task with every part that is to be served behind the address `server:NAME`.

    Parts with the same weights and settings share one server, under the name of the first.
    """
    names: dict[str, str] = {}
    models = {name: _behind(part, name, names) for name, part in spec.models.items()}
    judge, simulator = (
        _behind(part, _free(role, spec.models), names) if part else None
        for role, part in (("judge", spec.judge), ("simulator", spec.simulator))
    )
    return spec.model_copy(update={"models": models, "judge": judge, "simulator": simulator})


def _behind(part: AnyPart, name: str, names: dict[str, str]) -> AnyPart:
    if part.serve is None:
        return part
    name = names.setdefault(_settings(part), name)
    return part.model_copy(update={"endpoint": f"{SCHEME}{name}", "model": name})


def _settings(part: Part) -> str:
    """Return what two parts must have in common to be served by one server."""
    assert part.serve is not None  # noqa: S101 - for mypy: asked of parts that are served
    return f"{part.place} {part.checkpoint!r} {part.revision!r} {part.dtype} {part.serve!r}"


def _free(role: str, taken: Iterable[str]) -> str:
    return next(name for name in (role, *(f"{role}-{number}" for number in range(2, 1000))) if name not in taken)


def is_served(part: Part) -> bool:
    """Return whether the run itself starts the server of a part."""
    return part.serve is not None


def served_identity(part: Part) -> str:
    """Return what stands behind a server, as far as a plan knows: whose weights, and what serves them."""
    serve = part.serve
    assert serve is not None  # noqa: S101 - for mypy: asked of parts that are served
    revision = f"@{part.revision}" if part.revision else ""
    facts = {
        "dtype": part.dtype if part.dtype != "auto" else "",
        "adapters": " ".join(serve.adapters),
        "args": " ".join(serve.args),
    }
    settings = ", ".join(f"{name} {value}" for name, value in facts.items() if value)
    told = f" ({settings})" if settings else ""
    return f"{part.place}:{part.checkpoint}{revision} served by {serve.engine}{told}"


def planned_server(part: Part, assets: tuple[Asset, ...], mounts: tuple[Mount, ...], gpus: int) -> PlannedServer:
    """Return the server of a part that `with_servers` has named; `assets` are its weights, then its adapters."""
    serve = part.serve
    assert serve is not None  # noqa: S101 - for mypy: asked of parts that are served
    name = str(part.model)
    job = Job(
        id=name,
        image=KINDS[serve.engine].image,
        command=tuple(_command(part, serve, assets)),
        files={},
        mounts=mounts,
        limits=Limits(memory_bytes=serve.memory),
        serves=True,
    )
    return PlannedServer(name, serve, served_identity(part), job, assets, gpus, serve.memory)


def _command(part: Part, serve: ServeSpec, assets: tuple[Asset, ...]) -> Iterator[str]:
    """Yield the command line of our own server; it listens where EVALDOCK_LISTEN says."""
    weights = assets[0].target
    yield from ("python", "-m", "adapters.native.server")
    yield from ("--weights", weights, "--name", str(part.model), "--dtype", part.dtype)
    for adapter in assets[1:]:
        yield from ("--adapter", adapter.target)
    yield from serve.args


def serve_problems(part: Part) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what this version cannot serve, each with its place below the part."""
    serve = part.serve
    if serve is None:
        return
    kind = KINDS.get(serve.engine)
    if kind is None:
        message = f"this version starts no {serve.engine} server; it starts: {', '.join(KINDS)}"
        yield ("serve", "engine"), message
    elif len(serve.adapters) > kind.adapters:
        yield ("serve", "adapters"), f"{serve.engine} takes {count_of(kind.adapters, 'adapter')} at most"
