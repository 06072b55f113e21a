"""Download one asset by a fetch job: the backend's own image, network on, no model, only the cache mounted."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hub.adapter import Asset
from hub.cachelock import alone, cache_errors
from hub.check import is_cached
from hub.engine import Engine, Placement
from hub.errors import PrerequisiteError
from hub.files import write_atomic
from hub.interrupts import undisturbed
from hub.job import Ending, Job, JobOutcome, Mount, Network
from hub.jobevents import EventTail, failure
from hub.jobfolder import write_inputs
from hub.observer import Observer, Preparing
from hub.report import EnvironmentRecord
from hub.text import slug

TARGET = "/cache/asset"
_POLL_S = 0.2
# A hub's job gets the addresses and the token of that hub alone.
_ADDRESSES = {"huggingface": ("HF_ENDPOINT",), "modelscope": ("MODELSCOPE_ENDPOINT", "MODELSCOPE_DOMAIN")}
_TOKENS = {"huggingface": ("HF_TOKEN",), "modelscope": ("MODELSCOPE_API_TOKEN",)}


def fetch_id(asset: Asset) -> str:
    """Return the fetch job's id, unique in a run: also the name of its folder."""
    source = slug(asset.location.replace("/", "--"))
    return slug(f"{asset.kind}-{asset.hub}-{source}-{asset.revision}")


def fetch_job(asset: Asset, image: str, partial: Path, environ: Mapping[str, str]) -> Job:
    """Return the job that downloads `asset` into `partial`; takes the hub's address and token from `environ`.

    Proxies and certificates are the engine's business: every job with a network gets the host's.
    """
    addresses = {name: environ[name] for name in _ADDRESSES[asset.hub] if environ.get(name)}
    tokens = {name: environ[name] for name in _TOKENS[asset.hub] if environ.get(name)}
    facts = {
        "hub": asset.hub,
        "kind": asset.kind,
        "repository": asset.location,
        "revision": asset.revision,
        "patterns": list(asset.patterns),
        "target": TARGET,
    }
    return Job(
        id=fetch_id(asset),
        image=image,
        command=("python", "-m", "adapters.runtime.fetch"),
        files={"fetch.json": json.dumps(facts, indent=2, sort_keys=True) + "\n"},
        mounts=(Mount(partial, TARGET, read_only=False),),
        env={**addresses, **tokens},
        network=_network(addresses.values()),
    )


def _network(urls: Iterable[str]) -> Network:
    """Return `host` where a hub's mirror is on this machine's loopback, which a bridge cannot reach."""
    hosts = {urlsplit(url if "//" in url else f"//{url}").hostname for url in urls}
    return "host" if hosts & {"127.0.0.1", "localhost", "::1"} else "bridge"


def fetch(
    asset: Asset,
    destination: Path,
    environment: EnvironmentRecord,
    engine: Engine,
    place: Placement,
    observe: Observer,
) -> None:
    """Download `asset` to `destination`, alone among all hubs; what an interrupted download got is kept.

    `destination` appears by one rename, with `.complete` in it: {hub, repository, revision, commit, patterns, files,
    bytes, at}; `commit` is what the revision meant then, empty where the hub does not say.

    Raises:
        PrerequisiteError: the hub refused, cannot be reached, or the cache cannot be written.
    """

    def tell(line: str) -> None:
        observe(Preparing(f"{asset.kind} {asset.name}", line))

    with cache_errors(destination), alone(destination, tell):
        if is_cached(destination):
            return
        partial = _partial(destination)
        job = fetch_job(asset, environment.image, partial, os.environ)
        output = _prepare_folder(job, place, partial, engine)
        outcome = _run(job, environment, engine, place, tell)
        if outcome.ending is not Ending.SUCCEEDED:
            reason, hint = failure(output / "events.jsonl") or (outcome.reason, "")
            message = f"{asset.kind} {asset.name!r} could not be fetched: {asset.origin}: {reason}"
            raise PrerequisiteError(message, hint=hint or f"see {place.folder / 'log.txt'}")
        write_atomic(partial / ".complete", _stamp(asset, _fetched(output)))
        partial.replace(destination)


def _partial(destination: Path) -> Path:
    """Return the folder to download into; what lies at `destination` without `.complete` is only a beginning."""
    partial = destination.with_name(f"{destination.name}.partial")
    if destination.exists():
        if partial.exists():
            shutil.rmtree(destination)
        else:
            destination.replace(partial)
    partial.mkdir(exist_ok=True)
    (partial / ".complete").unlink(missing_ok=True)
    return partial


def _prepare_folder(job: Job, place: Placement, partial: Path, engine: Engine) -> Path:
    """Write the job's input, clear an earlier output, let the job's user own the download; return the output."""
    write_inputs(job, place.folder)
    output = place.folder / "output"
    for name in ("events.jsonl", "fetched.json"):
        (output / name).unlink(missing_ok=True)
    if os.getuid() == 0:
        for path in (partial, *partial.rglob("*")):
            os.chown(path, *engine.job_user(place.folder), follow_symlinks=False)
    return output


def _run(
    job: Job, environment: EnvironmentRecord, engine: Engine, place: Placement, tell: Callable[[str], None]
) -> JobOutcome:
    handle = engine.submit(job, environment, place)
    tail = EventTail(place.folder / "output" / "events.jsonl")
    try:
        while True:
            outcome = engine.wait(handle, _POLL_S)
            for event in tail.read():  # after the wait: the job's last words come with its end
                if event["event"] == "message":
                    tell(str(event.get("text", "")))
            if outcome is not None:
                return outcome
    except BaseException:
        with undisturbed():
            engine.stop(handle, Ending.STOPPED, "the download was stopped")
        raise


def _fetched(output: Path) -> dict[str, Any]:
    """Return what the job says it got; empty where it says nothing that can be read."""
    try:
        fetched = json.loads((output / "fetched.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return fetched if isinstance(fetched, dict) else {}


def _stamp(asset: Asset, fetched: Mapping[str, Any]) -> str:
    stamp = {
        "hub": asset.hub,
        "repository": asset.location,
        "revision": asset.revision,
        "commit": str(fetched.get("commit") or ""),
        "patterns": list(asset.patterns),
        "files": fetched.get("files"),
        "bytes": fetched.get("bytes"),
        "at": time.time(),
    }
    return json.dumps(stamp, sort_keys=True) + "\n"
