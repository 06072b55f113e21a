"""The two hubs through their own clients: what a revision holds, and its download into a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

_TIMEOUT_S = 60
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Facts:
    """What to fetch, as the hub's fetch.json says it."""

    hub: str
    kind: str
    repository: str
    revision: str
    patterns: list[str] = field(default_factory=list)


class File(NamedTuple):
    """What a hub says of one file, None where it is silent: bytes, SHA-256 of the content, SHA-1 of the git blob."""

    size: int | None
    sha256: str | None = None
    blob: str | None = None


class Listing(NamedTuple):
    """The wanted files of a revision by path, and the commit that the revision means; empty where unknown."""

    commit: str
    files: Mapping[str, File]


List = Callable[[Facts], Listing]
Download = Callable[[Facts, Listing, Path], None]


def client(hub: str) -> tuple[List, Download]:
    """Return how to list and how to download at `hub`; settles what its client reads from the environment."""
    os.environ.update({"TQDM_DISABLE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"})  # they would fill the log
    if hub == "huggingface":
        _settle_huggingface()
        return _list_huggingface, _download_huggingface
    return _list_modelscope, _download_modelscope


def _settle_huggingface() -> None:
    """Set what huggingface_hub reads once, when it is imported."""
    fixed = {
        "HF_HUB_OFFLINE": "0",
        "TRANSFORMERS_OFFLINE": "0",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_XET_TELEMETRY_ENABLED": "0",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        # The client's own 10 s give up on hubs that answer slowly.
        "HF_HUB_ETAG_TIMEOUT": str(_TIMEOUT_S),
        "HF_HUB_DOWNLOAD_TIMEOUT": str(_TIMEOUT_S),
        # The chunks of a file that is fetched once would fill the job's memory-backed home.
        "HF_XET_CHUNK_CACHE_SIZE_BYTES": "0",
    }
    host = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co").hostname or ""
    if host != "huggingface.co" and not host.endswith(".huggingface.co"):
        # A mirror passes the hub's Xet headers on, and the client then leaves the mirror for the hub's storage.
        fixed["HF_HUB_DISABLE_XET"] = "1"
    os.environ.update(fixed)


def _list_huggingface(facts: Facts) -> Listing:
    from huggingface_hub import HfApi  # noqa: PLC0415

    info = HfApi().repo_info(
        facts.repository,
        repo_type=facts.kind,
        revision=facts.revision or None,
        files_metadata=True,
        timeout=_TIMEOUT_S,
    )
    files = {}
    for found in info.siblings or ():
        sha256 = found.lfs.sha256 if found.lfs else None
        files[found.rfilename] = File(found.size, sha256, None if found.lfs else found.blob_id)
    return Listing(info.sha or "", _wanted(files, facts))


def _download_huggingface(facts: Facts, listing: Listing, target: Path) -> None:
    from huggingface_hub import snapshot_download  # noqa: PLC0415

    # By commit, or a branch that moves would mix two states. The client returns a folder that is not empty as
    # success when the hub cannot be reached: what it returns proves nothing, and snapshot.check does.
    snapshot_download(
        facts.repository,
        repo_type=facts.kind,
        revision=listing.commit or facts.revision or None,
        local_dir=target,
        allow_patterns=facts.patterns or None,
    )


def _list_modelscope(facts: Facts) -> Listing:
    from modelscope_hub import HubApi  # noqa: PLC0415

    api = HubApi()
    # The public list_repo_files drops the commits.
    found = api.legacy.list_repo_files(facts.repository, facts.kind, facts.revision or "master")
    entries = [entry for entry in found if (entry.get("Type") or "blob") != "tree"]
    files = {str(entry["Path"]): File(entry.get("Size"), entry.get("Sha256") or None) for entry in entries}
    return Listing(_newest_commit(entries), _wanted(files, facts))


def _newest_commit(entries: list[dict[str, Any]]) -> str:
    """Return the last commit that changed a file of the listing: ModelScope does not name the branch's own."""
    dated = [entry for entry in entries if isinstance(entry.get("CommittedDate"), int)]
    newest = max(dated, key=lambda entry: entry["CommittedDate"], default={})
    commit = str(newest.get("Revision") or "")
    return commit if _COMMIT.fullmatch(commit) else ""


def _download_modelscope(facts: Facts, listing: Listing, target: Path) -> None:  # noqa: ARG001 - as at the other hub
    from modelscope.hub.snapshot_download import (  # noqa: PLC0415
        dataset_snapshot_download,
        snapshot_download,
    )

    download = dataset_snapshot_download if facts.kind == "dataset" else snapshot_download
    download(
        facts.repository,
        revision=facts.revision or None,
        local_dir=str(target),
        allow_patterns=facts.patterns or None,
    )


def _wanted(files: Mapping[str, File], facts: Facts) -> dict[str, File]:
    patterns = facts.patterns or ["*"]
    return {path: file for path, file in files.items() if any(fnmatch(path, pattern) for pattern in patterns)}
