"""What must exist before a run: engine, GPUs, images, models, data, secrets, endpoints. Finds, never mends."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from hub.adapter import Asset, Reader
from hub.checkpoint import adapter_complaint, complaint, gguf_complaint
from hub.datafiles import lack_of
from hub.endpoint import probe
from hub.engine import Engine
from hub.errors import ImageError, PrerequisiteError
from hub.finding import Finding
from hub.hardware import gpu_names
from hub.hubcache import found_elsewhere
from hub.images import load_image
from hub.plan import Plan, host_path
from hub.room import room_for
from hub.server import is_served
from hub.settings import Settings
from hub.spec import JudgeSpec, ModelSpec
from hub.text import count_of, show_size

# What a user's own weights may be: how to find out, and what to give instead.
_FORMATS: dict[str, tuple[Callable[[Path], str], str]] = {
    "model": (complaint, "give the folder of a transformers checkpoint"),
    "gguf": (gguf_complaint, "give a .gguf file, or a folder with one model in that format"),
    "adapter": (adapter_complaint, "give the folder of a LoRA adapter, as PEFT saves it"),
}
# How to look at an endpoint: subject, address, model, key.
Look = Callable[[str, str, str, str | None], Iterable[Finding]]


def missing(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that stop a run."""
    return tuple(finding for finding in findings if finding.level == "missing")


def require(findings: Iterable[Finding]) -> None:
    """Raise for everything that is missing, in one message.

    Raises:
        PrerequisiteError: something is missing.
    """
    stops = missing(findings)
    if not stops:
        return
    lines = [f"  {stop.subject}: {stop.message}" + (f"\n    {stop.mend}" if stop.mend else "") for stop in stops]
    noun = "thing is" if len(stops) == 1 else "things are"
    raise PrerequisiteError(f"{len(stops)} {noun} missing\n" + "\n".join(lines))


def look_once(subject: str, endpoint: str, model: str, key: str | None) -> Iterable[Finding]:
    """Ask an endpoint for its models, and no more."""
    return (probe(subject, endpoint, model, key),)


def check_inputs(plan: Plan, settings: Settings, look: Look = look_once) -> tuple[Finding, ...]:
    """Look at everything that does not depend on the engine: GPUs, models, data, secrets, endpoints (by `look`)."""
    findings = [*_gpus(plan, settings), *room_for(plan, settings)]
    findings += _assets(plan, plan.assets, settings)
    for role, upstream in _upstreams(plan):
        findings += _endpoint(role, upstream, look)
    return tuple(findings)


def check_images(names: Iterable[str], engine: Engine, settings: Settings) -> tuple[Finding, ...]:
    """Say for each image whether it is there or will be built; nothing is missing that a run cannot make."""
    findings = []
    for name in names:
        try:
            image = load_image(name, settings)
            found = engine.find(image)
        except (ImageError, PrerequisiteError) as error:
            findings.append(Finding("missing", f"image {name}", error.message, error.hint))
            continue
        size = f" (about {show_size(image.disk_bytes)} on disk)" if image.disk_bytes else ""
        what = f"ready: {found.reference}" if found else f"not built yet; a run builds it{size}"
        mend = "" if found else f"`evaldock build {name} --engine {engine.name}` builds it now"
        findings.append(Finding("ok" if found else "warning", f"image {name}", what, mend))
    return tuple(findings)


def check_code(plan: Plan, engine: Engine) -> tuple[Finding, ...]:
    """Name every data set whose scoring runs what the model wrote, where no container would hold that."""
    if engine.isolation == "container" or plan.allow_unsafe_code:
        return ()
    labels = dict.fromkeys(label for planned in plan.jobs for label in planned.runs_code)
    message = f"scoring runs programs that the model writes, and the {engine.name} engine does not hold them"
    mend = "use the docker engine, or say `allow_unsafe_code: true` in the task"
    return tuple(Finding("missing", f"dataset {label!r}", message, mend) for label in labels)


def check_own(plan: Plan, settings: Settings) -> tuple[Finding, ...]:
    """Name what is missing of the models and data that lie in folders of the user's: no download brings it."""
    return missing(_assets(plan, (asset for asset in plan.assets if asset.hub == "local"), settings))


def _assets(plan: Plan, assets: Iterable[Asset], settings: Settings) -> Iterator[Finding]:
    ggufs = {server.assets[0] for server in plan.servers if server.kind.gguf}
    return (part for asset in assets for part in _asset(asset, settings.cache_dir, gguf=asset in ggufs))


def is_cached(folder: Path) -> bool:
    """Return whether a fetched asset is complete: the marker is written last."""
    return (folder / ".complete").is_file()


def to_fetch(plan: Plan, settings: Settings) -> tuple[Asset, ...]:
    """Return the assets that a run must download first, each once, however many read it."""
    remote: dict[Path, Asset] = {}
    for asset in plan.assets:
        if asset.hub != "local":
            remote.setdefault(host_path(asset, settings.cache_dir), asset)
    return tuple(asset for path, asset in remote.items() if not is_cached(path))


def _gpus(plan: Plan, settings: Settings) -> Iterator[Finding]:
    wanted = sorted({gpu for planned in plan.jobs for gpu in planned.job.gpus})
    have = gpu_names(settings.gpus) if plan.needs_gpus else {}
    there = f"{'nvidia-smi lists' if settings.gpus is None else 'EVALDOCK_GPUS states'} {', '.join(have) or 'none'}"
    for server in plan.servers:
        if server.gpus > len(have):
            message = f"it needs {count_of(server.gpus, 'GPU')}; {there}"
            yield Finding("missing", f"server {server.name!r}", message, "correct `gpus` under `serve`")
    if not wanted:
        return
    absent = [gpu for gpu in wanted if gpu not in have]
    if absent:
        message = f"the task asks for {', '.join(wanted)}; {there}"
        yield Finding("missing", "GPUs", message, "correct resources.gpus; `auto` takes what there is")
    else:
        yield Finding("ok", "GPUs", ", ".join(f"{gpu}: {have[gpu]}" for gpu in wanted))


def check_offline(plan: Plan, settings: Settings) -> tuple[Finding, ...]:
    """Name every asset that a run which may not download anything lacks."""
    return tuple(_absent(asset, in_task=bool(plan.jobs)) for asset in to_fetch(plan, settings))


def _absent(asset: Asset, *, in_task: bool) -> Finding:
    """Return what to say of an asset; of a server by hand there is no task, and what it needs is what it serves."""
    message = f"not in the cache: {asset.origin}"
    fetched = "`evaldock fetch TASK` downloads it ahead of time"
    mend = fetched if in_task else "without --offline it is downloaded, once"
    if folder := found_elsewhere(asset, os.environ):
        key = "checkpoint" if asset.kind == "model" else "path"
        use = f"`{key}: {folder}` in the task uses that" if in_task else f"`evaldock serve {folder}` serves that"
        mend += f"; a hub client's cache has it: {use}"
    return Finding("missing", f"{asset.kind} {asset.name!r}", message, mend)


def _asset(asset: Asset, cache_dir: Path, *, gguf: bool = False) -> Iterator[Finding]:
    subject, path = f"{asset.kind} {asset.name!r}", host_path(asset, cache_dir)
    if asset.hub != "local":
        if is_cached(path):  # what is not, hub/downloads.py speaks of
            yield from data_findings(asset, cache_dir) or (Finding("ok", subject, "in the cache"),)
    elif asset.kind in {"model", "adapter"}:
        look, mend = _FORMATS["gguf" if gguf else asset.kind]
        wrong = look(path)
        yield Finding("missing" if wrong else "ok", subject, f"{path} {wrong}".strip(), mend if wrong else "")
    elif not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where a folder above is closed to us
        mend = "; ".join(filter(None, ("correct `path` in the task file", asset.hint)))
        yield Finding("missing", subject, f"{path}: no such file or folder", mend)
    elif not (os.path.isfile(path) or os.path.isdir(path)):  # noqa: PTH112, PTH113 - as above
        yield Finding("missing", subject, f"{path}: neither a file nor a folder", "correct `path` in the task file")
    elif not os.access(path, os.R_OK):
        yield Finding("missing", subject, f"{path}: permission denied", f"chmod +r {path}")
    else:
        yield from data_findings(asset, cache_dir) or (Finding("ok", subject, str(path)),)


def data_findings(asset: Asset, cache_dir: Path) -> tuple[Finding, ...]:
    """Name the files that a job reads and that a folder of the user's, or an archive, does not have."""
    if asset.kind != "dataset" or asset.hub not in {"local", "url"}:
        return ()  # what a hub has of them was compared with its list
    readers = asset.readers or (Reader(asset.name, asset.patterns, asset.hint),)
    return tuple(finding for reader in readers for finding in _lacking(reader, asset, cache_dir))


def _lacking(reader: Reader, asset: Asset, cache_dir: Path) -> Iterator[Finding]:
    lack = lack_of(host_path(asset, cache_dir), reader.patterns)
    if not lack:
        return
    if asset.hub == "url":
        lack = f"{lack}: {asset.location} does not hold it"
    mend = reader.hint or (
        "give the data by `path`" if asset.hub == "url" else "correct `path`, or put the data there"
    )
    yield Finding("missing", f"{asset.kind} {reader.name!r}", lack, mend)


def _upstreams(plan: Plan) -> Iterator[tuple[str, ModelSpec | JudgeSpec]]:
    seen: set[tuple[str, str | None, str | None]] = set()
    for planned in plan.jobs:
        for role, upstream in planned.upstreams.items():
            name = planned.evaluation.model.name if role == "candidate" else role
            mark = (name, upstream.endpoint, upstream.model)
            if mark not in seen and not is_served(upstream):  # the run starts those itself
                seen.add(mark)
                yield name, upstream


def _endpoint(name: str, upstream: ModelSpec | JudgeSpec, look: Look) -> Iterator[Finding]:
    key = None
    if upstream.api_key_env:
        key = os.environ.get(upstream.api_key_env)
        if not key:
            message = f"the environment variable {upstream.api_key_env} is not set"
            yield Finding("missing", f"key of {name!r}", message, f"export {upstream.api_key_env}=...")
            return
    yield from look(f"endpoint {name!r}", str(upstream.endpoint), str(upstream.model), key)
