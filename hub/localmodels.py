"""Checkpoints that lie on this machine: in evaldock's own cache, and in those of the hubs' clients."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.checkpoint import complaint
from hub.settings import Settings


@dataclass(frozen=True)
class LocalModel:
    """One checkpoint.

    Attributes:
        checkpoint: what a task writes under `checkpoint` to use it: a hub id (evaldock's cache), or the folder.
        size: bytes of its files.
    """

    name: str
    hub: str
    revision: str
    size: int
    checkpoint: str
    path: Path


def local_models(settings: Settings, environ: Mapping[str, str] | None = None) -> tuple[LocalModel, ...]:
    """Return every whole checkpoint in the caches, sorted by name; those of the hubs' clients as folders."""
    env = os.environ if environ is None else environ
    home = Path(env.get("HOME") or "/")
    found = [*_own(settings.cache_dir), *_huggingface(_huggingface_cache(env, home)), *_modelscope(env, home)]
    return tuple(sorted(found, key=lambda model: (model.name.casefold(), model.hub, model.revision)))


def _own(cache: Path) -> Iterator[LocalModel]:
    for stamp in sorted((cache / "models").glob("*/*/.complete")):
        facts = _facts(stamp)
        name = str(facts.get("repository") or stamp.parent.name)
        revision = str(facts.get("revision") or "")
        yield LocalModel(name, stamp.parent.parent.name, revision, _size(stamp.parent), name, stamp.parent)


def _facts(stamp: Path) -> Mapping[str, object]:
    try:
        facts = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _huggingface_cache(env: Mapping[str, str], home: Path) -> Path:
    top = Path(env.get("HF_HOME") or Path(env.get("XDG_CACHE_HOME") or home / ".cache") / "huggingface")
    return Path(env.get("HF_HUB_CACHE") or top / "hub")


def _huggingface(cache: Path) -> Iterator[LocalModel]:
    for folder in sorted(cache.glob("models--*/snapshots/*")):
        name = folder.parent.parent.name.removeprefix("models--").replace("--", "/")
        yield from _client(name, "huggingface", folder.name[:12], folder)


def _modelscope(env: Mapping[str, str], home: Path) -> Iterator[LocalModel]:
    cache = Path(env.get("MODELSCOPE_CACHE") or home / ".cache" / "modelscope")
    for top in (cache / "hub" / "models", cache / "models", cache / "hub"):  # as its client changed over time
        for folder in sorted(top.glob("[!.]*/[!.]*")):
            if not folder.is_symlink():  # an id with a dot in it is there twice: 2___5 is the folder, 2.5 the link
                name = f"{folder.parent.name}/{folder.name.replace('___', '.')}"
                yield from _client(name, "modelscope", "", folder)


def _client(name: str, hub: str, revision: str, folder: Path) -> Iterator[LocalModel]:
    if not complaint(folder):
        yield LocalModel(name, hub, revision, _size(folder), str(folder), folder)


def _size(folder: Path) -> int:
    return sum(os.stat(path).st_size for path in folder.rglob("*") if path.is_file())  # noqa: PTH116 - follows links
