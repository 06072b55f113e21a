"""What an image or environment is made from: images/<name>/ and the adapter's container half; and its digests."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from hub.errors import ImageError
from hub.report import EnvironmentRecord
from hub.resources import adapters_folder, shared_folder
from hub.settings import Settings
from hub.text import parse_size

LOCK = "requirements.lock"
_RECIPE_TAG = re.compile(r"evaldock/[^:]+:[0-9a-f]{12}")
_HOST_HALF = frozenset({"adapter.py", "translate.py", "normalize.py"})


class _Recipe(BaseModel):
    """images/<name>/image.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    python: str
    base: str
    torch: str | None = None
    torch_index: str | None = None
    disk: str | None = None
    published: bool = False


@dataclass(frozen=True)
class ImageSpec:
    """One image, resolved for this machine.

    Attributes:
        python: `major.minor` that the lock was made for.
        base: base image reference.
        torch: version, None where the image has no torch; torch is installed apart from the lock, because its
            CPU and CUDA builds differ.
        torch_index: package index that serves the wanted build of torch.
        wheels: local wheel files that the build may use instead of an index.
        payload: path inside the image (relative to its root of Python code) -> file on this host.
        disk_bytes: about what it takes once it is built; None where that is not known.
        published: whether the base is a project's own image with everything in it; only a container can be made of
            it then, and no other base takes its place.
    """

    name: str
    folder: Path
    python: str
    base: str
    torch: str | None
    torch_index: str | None
    wheels: tuple[Path, ...]
    payload: tuple[tuple[str, Path], ...]
    disk_bytes: int | None = None
    published: bool = False

    @property
    def lock(self) -> Path:
        """Return the path of the lock file."""
        return self.folder / LOCK

    @property
    def lock_digest(self) -> str:
        """Return the sha256 of the lock file, `sha256:<hex>`."""
        return f"sha256:{hashlib.sha256(self.lock.read_bytes()).hexdigest()}"

    @property
    def recipe_digest(self) -> str:
        """Return the digest of all that decides which packages are installed."""
        facts = (self.python, str(self.torch), str(self.torch_index), self.lock_digest, *self._wheel_names)
        return digest_of(fact.encode() for fact in facts)

    @property
    def payload_digest(self) -> str:
        """Return the digest of the adapter's container half."""
        return digest_of(part for name, path in self.payload for part in (name.encode(), path.read_bytes()))

    @property
    def _wheel_names(self) -> tuple[str, ...]:
        return tuple(wheel.name for wheel in self.wheels)


def digest_of(parts: Iterable[bytes]) -> str:
    """Return `sha256:<hex>` over length-prefixed parts, so that moving a byte between parts changes it."""
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "big"))
        total.update(part)
    return f"sha256:{total.hexdigest()}"


def recipe_tag(name: str, recipe_digest: str) -> str:
    """Return `evaldock/<name>:<12 hex digits>`: the same for all images that are built from the same."""
    return f"evaldock/{name}:{recipe_digest.removeprefix('sha256:')[:12]}"


def made_alike(one: EnvironmentRecord, other: EnvironmentRecord) -> bool:
    """Return whether two environments are one, or two images that evaldock built from the same recipe.

    A build has an id of its own, since it holds the time when it was made. What it is made from is in the tag: the
    Dockerfile, the lock with its hashes, the adapter's container half, the arguments, and the id of the base.
    """
    if one.digest == other.digest:
        return True
    return one.reference == other.reference and _RECIPE_TAG.fullmatch(one.reference) is not None


def carried_over(base: str) -> str:
    """Return how a project's own image gets to a machine that cannot pull it under its name."""
    return (
        f"where it can be pulled: `docker pull {base}` and `docker save {base} -o base.tar`; here: `docker load -i "
        f"base.tar`; from a mirror: `docker pull` its name for it, then `docker tag NAME {base}` (docs/serving.md)"
    )


def image_names() -> tuple[str, ...]:
    """Return the names of the images that evaldock makes from locks of its own, sorted."""
    return tuple(name for name in all_names() if not _recipe(shared_folder("images") / name).published)


def all_names() -> tuple[str, ...]:
    """Return the names of all images, those included that add our half to a project's own, of many gigabytes."""
    return tuple(sorted(path.parent.name for path in shared_folder("images").glob("*/image.yaml")))


def load_image(name: str, settings: Settings) -> ImageSpec:
    """Resolve the image `name` for this machine.

    Raises:
        ImageError: no such image, or its folder is incomplete.
    """
    folder = shared_folder("images") / name
    recipe = _recipe(folder)
    if not (folder / LOCK).is_file():
        raise ImageError(f"image {name!r}: {folder / LOCK} is missing", hint="every image has a lock file")
    return ImageSpec(
        name=name,
        folder=folder,
        python=recipe.python,
        base=recipe.base if recipe.published else settings.base_image or recipe.base,
        torch=recipe.torch,
        torch_index=(settings.torch_index or recipe.torch_index) if recipe.torch else None,
        wheels=_torch_wheels(recipe, settings.wheel_dir),
        payload=_payload(name),
        disk_bytes=None if settings.torch_index or not recipe.disk else parse_size(recipe.disk),
        published=recipe.published,
    )


def _recipe(folder: Path) -> _Recipe:
    path = folder / "image.yaml"
    try:
        return _Recipe.model_validate(yaml.safe_load(path.read_text()))
    except FileNotFoundError as error:
        names = ", ".join(all_names())
        raise ImageError(f"no image {folder.name!r}", hint=f"images are: {names}") from error
    except (ValidationError, yaml.YAMLError) as error:
        raise ImageError(f"{path}: {error}") from error


def _torch_wheels(recipe: _Recipe, wheel_dir: Path | None) -> tuple[Path, ...]:
    """Return local wheels of exactly the wanted torch and Python; nothing else is taken from a wheel folder."""
    if recipe.torch is None or wheel_dir is None:
        return ()
    tag = f"cp{recipe.python.replace('.', '')}"
    found = sorted(wheel_dir.glob(f"torch-{recipe.torch}*.whl"))
    return tuple(path for path in found if f"-{tag}-" in path.name)


def _payload(name: str) -> tuple[tuple[str, Path], ...]:
    root = adapters_folder()
    folders = (root / "runtime", root / name)
    files = [
        root / "__init__.py",
        *(path for folder in folders for path in folder.rglob("*") if path.is_file()),
    ]
    kept = (path for path in files if _in_payload(path.relative_to(root).parts))
    return tuple(sorted((f"adapters/{path.relative_to(root).as_posix()}", path) for path in kept))


def _in_payload(parts: tuple[str, ...]) -> bool:
    hidden = any(part == "__pycache__" or part.startswith(".") for part in parts)
    host_half = len(parts) == 2 and parts[-1] in _HOST_HALF
    return not hidden and not host_half
