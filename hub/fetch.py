"""Download one asset by a fetch job: the backend's own image, network on, no model, only the cache mounted."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

from hub.adapter import Asset
from hub.engine import Engine, Placement
from hub.errors import EngineError, PrerequisiteError
from hub.files import write_atomic
from hub.job import Ending, Job, Mount, Network
from hub.jobevents import EventTail, failure
from hub.jobfolder import write_inputs
from hub.observer import Observer, Preparing
from hub.report import EnvironmentRecord
from hub.text import slug

TARGET = "/cache/asset"
_POLL_S = 0.2
_TOKENS = ("HF_TOKEN", "MODELSCOPE_API_TOKEN")
_ADDRESSES = ("HF_ENDPOINT", "MODELSCOPE_DOMAIN")


def fetch_job(asset: Asset, image: str, partial: Path) -> Job:
    """Return the job that downloads `asset` into `partial`; reads hub addresses and tokens from the environment.

    Proxies and certificates are the engine's business: every job with a network gets the host's.
    """
    passed = {name: os.environ[name] for name in (*_ADDRESSES, *_TOKENS) if os.environ.get(name)}
    facts = {
        "hub": asset.hub,
        "kind": asset.kind,
        "repository": asset.location,
        "revision": asset.revision,
        "patterns": list(asset.patterns),
        "target": TARGET,
    }
    return Job(
        id=f"fetch-{slug(asset.location.replace('/', '--'))}",
        image=image,
        command=("python", "-m", "adapters.runtime.fetch"),
        files={"fetch.json": json.dumps(facts, indent=2, sort_keys=True) + "\n"},
        mounts=(Mount(partial, TARGET, read_only=False),),
        env=passed,
        network=_network(passed),
    )


def _network(passed: dict[str, str]) -> Network:
    """Return `host` where a hub's mirror is on this machine's loopback, which a bridge cannot reach."""
    urls = (passed[name] for name in _ADDRESSES if name in passed)
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
    """Download `asset` to `destination`; what an interrupted download got is kept for the next try.

    Raises:
        PrerequisiteError: the hub refused, or cannot be reached.
    """
    partial = destination.with_name(f"{destination.name}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    job = fetch_job(asset, environment.image, partial)
    write_inputs(job, place.folder)
    uid, gid = engine.job_user(place.folder)
    if os.getuid() == 0:
        for path in (partial, *partial.rglob("*")):
            os.chown(path, uid, gid)
    handle = engine.submit(job, environment, place)
    try:
        tail = EventTail(place.folder / "output" / "events.jsonl")
        while (outcome := engine.wait(handle, _POLL_S)) is None:
            for event in tail.read():
                if event["event"] == "message":
                    observe(Preparing(f"{asset.kind} {asset.name}", str(event.get("text", ""))))
    except BaseException:
        engine.stop(handle, Ending.STOPPED, "stopped by the user")
        raise
    if outcome.ending is not Ending.SUCCEEDED:
        said = failure(place.folder / "output" / "events.jsonl") or (outcome.reason, "")
        message = f"{asset.kind} {asset.name!r} could not be fetched from {asset.hub}: {said[0]}"
        raise PrerequisiteError(message, hint=said[1] or f"see {place.folder / 'log.txt'}")
    if destination.exists():
        raise EngineError(f"{destination} appeared while it was being fetched")
    partial.replace(destination)
    stamp = {"hub": asset.hub, "repository": asset.location, "revision": asset.revision, "at": time.time()}
    write_atomic(destination / ".complete", json.dumps(stamp) + "\n")
