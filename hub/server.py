"""A model server as it is planned: its address, what the engine is asked to run, what stands behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from hub.adapter import Asset
from hub.job import Job, Limits, Mount
from hub.serverkinds import KINDS, Kind, Part, Served
from hub.spec import JudgeSpec, ModelSpec, ServeSpec, TaskSpec
from hub.text import count_of

AnyPart = TypeVar("AnyPart", ModelSpec, JudgeSpec)

SCHEME = "server:"  # `server:NAME` is the address, in a plan, of a server that the run itself starts
ADAPTERS = "/adapters"
# An upper bound, which SGLang's documentation names: processes that split a model over GPUs hand each other through
# /dev/shm what they compute.
_SHARED_BYTES = 32 << 30


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
    name, kind = str(part.model), KINDS[serve.engine]
    weights, *adapters = (asset.target for asset in assets)
    served = Served(name, weights, part.dtype, tuple(adapters), gpus)
    job = Job(
        id=name,
        image=kind.image,
        command=(*kind.command(served), *serve.args),
        files={},
        mounts=mounts,
        limits=Limits(serve.memory, _SHARED_BYTES) if gpus > 1 else Limits(serve.memory),
        serves=True,
    )
    return PlannedServer(name, serve, served_identity(part), job, assets, gpus, serve.memory)


def serve_problems(part: Part) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what this version cannot serve, each with its place below the part."""
    serve = part.serve
    if serve is None:
        return
    kind = KINDS[serve.engine]
    if not kind.dtypes and part.dtype != "auto":
        yield ("dtype",), f"{serve.engine} computes with the weights as they are stored: leave dtype out"
    if len(serve.adapters) > kind.adapters:
        yield ("serve", "adapters"), f"{serve.engine} takes {count_of(kind.adapters, 'adapter')} at most"
    for argument in serve.args:
        if argument.partition("=")[0].replace("_", "-") in kind.ours:
            yield ("serve", "args"), f"leave {argument} out: evaldock gives its own, to find the server by it"
    if kind.raw and isinstance(part, ModelSpec) and part.chat is False and kind.raw[0] not in serve.args:
        message = f"{serve.engine} puts plain prompts into a chat template, too; with `chat: false` give"
        yield ("serve", "args"), f"{message} `args: {list(kind.raw)}`"
