"""What other programs have downloaded already: the caches of the ModelScope and the Hugging Face clients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

from hub.adapter import Asset
from hub.checkpoint import complaint


def found_elsewhere(asset: Asset, environ: Mapping[str, str]) -> Path | None:
    """Return the folder of a hub client's cache that holds `asset`; None where none does, or not all of it.

    A revision is only told apart at Hugging Face: ModelScope's older layouts do not keep it.
    """
    if asset.hub not in {"huggingface", "modelscope"}:
        return None
    folders = _huggingface(asset, environ) if asset.hub == "huggingface" else _modelscope(asset, environ)
    return next((folder for folder in folders if _holds(folder, asset)), None)


def _huggingface(asset: Asset, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield `models--owner--name/snapshots/<commit>` of the wanted revision: a commit, or a name in refs/."""
    home = Path(environ.get("HF_HOME") or _cache_home(environ) / "huggingface").expanduser()
    top = Path(environ.get("HF_HUB_CACHE") or home / "hub").expanduser()
    repository = top / f"{asset.kind}s--{asset.location.replace('/', '--')}"
    revision = asset.revision or "main"
    try:
        commit = (repository / "refs" / revision).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        commit = revision
    yield repository / "snapshots" / commit


def _modelscope(asset: Asset, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the layouts of its clients, the newest first; the old ones write `___` for a dot in a name."""
    home = Path(environ.get("HOME") or "/") / ".cache" / "modelscope"
    base = Path(environ.get("MODELSCOPE_CACHE") or home).expanduser()
    owner, _, name = asset.location.partition("/")
    kind, safe = f"{asset.kind}s", name.replace(".", "___")
    yield base / kind / f"{owner}--{name}" / "snapshots" / (asset.revision or "master")
    for top in (base / kind, base / "hub" / kind, base, base / "hub"):
        yield from (top / owner / part for part in dict.fromkeys((name, safe)))


def _cache_home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME") or "/") / ".cache")


def _holds(folder: Path, asset: Asset) -> bool:
    if asset.kind == "model":
        return not complaint(folder)
    try:
        names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    except OSError:
        return False
    # Each pattern names a part of the data (a split): one without a file is a part that is not here.
    return bool(names) and all(any(fnmatch(name, wanted) for name in names) for wanted in asset.patterns)
