"""Build contexts: which files and arguments an image is built from, their digest, and their tar."""

from __future__ import annotations

import functools
import hashlib
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hub.engine.host_network import HostNetwork
from hub.images import LOCK, ImageSpec, digest_of, recipe_tag

_CA = "ca/ca.pem"
_FOLDERS = ("ca", "payload", "wheels")  # always there: COPY of a missing folder fails
_EPOCH_S = 946684800  # 2000-01-01; a fixed date, since the builder's cache and zip files look at it


@dataclass(frozen=True)
class BuildContext:
    """What a build is given.

    Attributes:
        files: (path in the context, file on this host), sorted.
        arguments: build arguments that decide what the image is; they count in the digest.
        ambient: build arguments that say how this host reaches the network; they do not.
        network_mode: network of the build's steps, None for the engine's default.
    """

    files: tuple[tuple[str, Path], ...]
    arguments: Mapping[str, str]
    ambient: Mapping[str, str]
    network_mode: str | None = None

    @property
    def digest(self) -> str:
        """Return the digest of all that decides what the image is; the host's CA bundle does not."""
        files = ((name, _file_digest(path)) for name, path in self.files if name != _CA)
        facts = (*sorted(self.arguments.items()), *files)
        return digest_of(part.encode() for fact in facts for part in fact)


def build_context(image: ImageSpec, network: HostNetwork) -> BuildContext:
    """Decide what the build of `image` is given."""
    files = {
        "Dockerfile": image.folder / "Dockerfile",
        LOCK: image.lock,
        **{f"payload/{name}": path for name, path in image.payload},
        **{f"wheels/{path.name}": path for path in image.wheels},
    }
    arguments = {"BASE": image.base, "PYTHON": image.python}
    if image.torch and image.torch_index:
        arguments |= {"TORCH": image.torch, "TORCH_INDEX": image.torch_index}
    ambient = {**network.proxies, **network.indexes}
    if network.ca:
        files[_CA] = network.ca
        ambient["PIP_CERT"] = f"/build/{_CA}"
    return BuildContext(
        files=tuple(sorted(files.items())),
        arguments=arguments,
        ambient=ambient,
        network_mode="host" if network.loopback else None,
    )


def image_tag(name: str, context_digest: str, base_id: str) -> str:
    """Return the image's tag, another one for another context or another base image."""
    return recipe_tag(name, digest_of((context_digest.encode(), base_id.encode())))


def write_tar(context: BuildContext, file: IO[bytes]) -> None:
    """Write the context; same files, same bytes, whatever their owners, modes and dates."""
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in _FOLDERS:
            tar.addfile(_entry(name, tarfile.DIRTYPE, mode=0o755))
        for name, path in context.files:
            entry = _entry(name, tarfile.REGTYPE, mode=0o644)
            entry.size = path.stat().st_size
            with path.open("rb") as source:
                tar.addfile(entry, source)


def _entry(name: str, kind: bytes, *, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.mtime = kind, mode, _EPOCH_S
    return entry


def _file_digest(path: Path) -> str:
    state = path.stat()
    return _digest_once(path, state.st_size, state.st_mtime_ns)


@functools.lru_cache(maxsize=1024)
def _digest_once(path: Path, size: int, mtime_ns: int) -> str:  # noqa: ARG001 - they tell a changed file
    total = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            total.update(chunk)
    return total.hexdigest()
