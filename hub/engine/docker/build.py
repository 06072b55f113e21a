"""Container images: found by the digest of what they are made from, else built, on a base found or pulled."""

from __future__ import annotations

import fcntl
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hub.engine import Progress
from hub.engine.docker.arguments import LABEL_IMAGE
from hub.engine.docker.client import list_images, translated
from hub.engine.docker.context import BuildContext, build_context, image_tag, write_tar
from hub.engine.docker.stream import Narration, StreamError
from hub.engine.host_network import host_network
from hub.errors import BaseImageError, ImageError
from hub.images import ImageSpec, carried_over
from hub.report import EnvironmentRecord
from hub.text import slug

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image

_COMMAND = re.compile(r"^The command '.*' (?=returned )", re.DOTALL)  # the step says it already
LABEL_CONTEXT = "evaldock.context"
LABEL_BASE = "evaldock.base"
LABEL_STAGE = "evaldock.stage"  # on the builder stages, which stay behind as the daemon's cache


class DockerImages:
    """The images of one daemon."""

    def __init__(self, client: DockerClient, state_dir: Path) -> None:
        """Keep the locks of builds under `state_dir`."""
        self._client = client
        self._locks = state_dir / "locks"

    def find(self, image: ImageSpec) -> EnvironmentRecord | None:
        """Return the image where it exists: by its tag; by its label where its base is not here."""
        context = build_context(image, host_network())
        base = self._local(image.base)
        if base is not None:
            tag = image_tag(image.name, context.digest, str(base.id))
            built = self._local(tag)
            return _record(image, tag, built) if built else None
        with translated("list images"):
            labels = [f"{LABEL_IMAGE}={image.name}", f"{LABEL_CONTEXT}={context.digest}"]
            loaded = list_images(self._client, filters={"label": labels})
        return next((_record(image, tag, built) for built in loaded for tag in built.tags), None)

    def prepare(self, image: ImageSpec, progress: Progress) -> EnvironmentRecord:
        """Return the image, built now where it does not exist.

        Raises:
            BaseImageError: the base is neither here nor can it be pulled.
            ImageError: the build failed, or a project's own image cannot be pulled.
        """
        found = self.find(image)
        if found:
            return found
        base = self._local(image.base) or self._pull(image, progress)
        context = build_context(image, host_network())
        tag = image_tag(image.name, context.digest, str(base.id))
        with self._building(tag, progress):
            built = self._local(tag)  # by the hub that held the lock before
            if built is None:
                self._build(image, context, tag, base_name=_full_name(image.base, base), progress=progress)
                built = self._local(tag)
        if built is None:
            raise ImageError(f"image {tag!r} vanished after it was built", hint="does something prune images?")
        return _record(image, tag, built)

    def _local(self, reference: str) -> Image | None:
        from docker.errors import ImageNotFound  # noqa: PLC0415

        with translated(f"look for image {reference!r}"):
            try:
                return self._client.images.get(reference)
            except ImageNotFound:
                return None

    def _pull(self, image: ImageSpec, progress: Progress) -> Image:
        from docker.errors import APIError  # noqa: PLC0415
        from docker.utils import parse_repository_tag  # noqa: PLC0415

        name, tag = parse_repository_tag(image.base)
        progress(f"pulling {image.base}")
        with translated(f"pull {image.base!r}"):
            try:
                messages = self._client.api.pull(name, tag=tag or "latest", stream=True, decode=True)
                Narration(progress).tell(messages)
                return self._client.images.get(image.base)
            except APIError as error:
                raise _no_base(image, str(error.explanation or error)) from error
            except StreamError as error:
                raise _no_base(image, str(error)) from error

    def _build(
        self, image: ImageSpec, context: BuildContext, tag: str, *, base_name: str, progress: Progress
    ) -> None:
        labels = {LABEL_IMAGE: image.name, LABEL_CONTEXT: context.digest, LABEL_BASE: base_name}
        narration = Narration(progress)
        # On disk: a CUDA build of torch weighs a gigabyte.
        with tempfile.TemporaryFile() as tar, translated(f"build image {image.name!r}"):
            write_tar(context, tar)
            tar.seek(0)
            messages = self._client.api.build(
                fileobj=tar,
                custom_context=True,
                tag=tag,
                buildargs={**context.arguments, **context.ambient},
                labels=labels,
                network_mode=context.network_mode,
                rm=True,
                forcerm=True,
                decode=True,
            )
            try:
                narration.tell(messages)
            except StreamError as error:
                raise _failed(image, narration, str(error)) from error

    @contextmanager
    def _building(self, tag: str, progress: Progress) -> Iterator[None]:
        """Let one hub at a time build this tag."""
        self._locks.mkdir(parents=True, exist_ok=True)
        with (self._locks / f"image-{slug(tag)}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                progress(f"another evaldock builds {tag}; waiting for it")
                fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _record(image: ImageSpec, tag: str, built: Image) -> EnvironmentRecord:
    return EnvironmentRecord(
        engine="docker",
        image=image.name,
        reference=tag,
        digest=str(built.id),
        lock=image.lock_digest,
        base=built.labels.get(LABEL_BASE, image.base),
        python=image.python,
        torch=image.torch or "",
    )


def _full_name(reference: str, base: Image) -> str:
    """Return the base with the digest it was pulled by; where it was never pulled, with its id."""
    digests = [digest.partition("@")[2] for digest in base.attrs.get("RepoDigests") or ()]
    return f"{reference}@{(digests or [str(base.id)])[0]}"


def _no_base(image: ImageSpec, why: str) -> ImageError:
    """Return what to do without a base; only where another one will do is that a reason to change the engine."""
    message = f"base image {image.base!r} is not on this machine and cannot be pulled: {why.strip()}"
    if image.published:
        return ImageError(message, hint=carried_over(image.base))
    return BaseImageError(
        message,
        hint=f"set EVALDOCK_BASE_IMAGE to an image with Python {image.python} that can be had here "
        "(images/README.md says what it needs and how to make one), or use `engine: venv`",
    )


def _failed(image: ImageSpec, narration: Narration, why: str) -> ImageError:
    where = narration.step or "its start"
    return ImageError(
        f"image {image.name!r} failed to build at {where}\n{narration.last_lines}\n    {_COMMAND.sub('', why)}",
        hint="the lines above are the builder's own; behind a proxy or with an own CA, set HTTPS_PROXY, "
        "SSL_CERT_FILE or PIP_INDEX_URL and run `evaldock build` again",
    )
