"""What a task may give as a path or a hub id: said with file, line and key, before anything tries to open it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from hub.errors import Problem
from hub.source import KeyPath, Source
from hub.spec import JudgeSpec, ModelSpec, TaskSpec

_HUB_ID = re.compile(r"[\w.-]{1,96}(/[\w.-]{1,96})?")
_MAX_PATH_BYTES = 4095  # PATH_MAX of Linux, less its final NUL
_MAX_NAME_BYTES = 255


def path_problems(spec: TaskSpec, source: Source, folder: Path) -> Iterator[Problem]:
    """Yield what is wrong with the checkpoints and data paths of a task; relative ones start from `folder`."""
    parts: list[tuple[KeyPath, ModelSpec | JudgeSpec | None]] = [(("judge",), spec.judge)]
    parts += [(("simulator",), spec.simulator), *((("models", name), part) for name, part in spec.models.items())]
    for path, part in parts:
        if part is not None and part.checkpoint is not None:
            yield from _checkpoint_problems(part, path, source, folder)
    for index, evaluation in enumerate(spec.evaluations):
        for position, dataset in enumerate(evaluation.datasets):
            if dataset.path is not None and (wrong := path_complaint(dataset.path, folder)):
                where: KeyPath = ("evaluations", index, "datasets", position, "path")
                yield source.problem(where, wrong)


def _checkpoint_problems(
    part: ModelSpec | JudgeSpec, path: KeyPath, source: Source, folder: Path
) -> Iterator[Problem]:
    if wrong := _checkpoint_complaint(part, folder):
        yield source.problem((*path, "checkpoint"), wrong)
    for index, adapter in enumerate(part.serve.adapters if part.serve else ()):
        if wrong := path_complaint(adapter, folder):
            yield source.problem((*path, "serve", "adapters", index), wrong)


def path_complaint(text: str, folder: Path) -> str:
    """Return why `text` can be no path, or an empty string; whether it exists is the check's business."""
    if not text:
        return "is empty"
    if "\0" in text:
        return "a path cannot hold a NUL character"
    try:
        path = Path(folder, Path(text).expanduser())
    except RuntimeError:
        return f"no home folder is known for {text.split('/', 1)[0]!r}; give the whole path"
    if len(os.fsencode(path)) > _MAX_PATH_BYTES or any(
        len(os.fsencode(part)) > _MAX_NAME_BYTES for part in path.parts
    ):
        return f"too long for a path ({len(text)} characters): {text[:40]!r}..."
    try:
        path.resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        return f"{text!r} cannot be followed: {error}"
    return ""


def _checkpoint_complaint(model: ModelSpec | JudgeSpec, folder: Path) -> str:
    text = str(model.checkpoint)
    if model.place == "local":
        return path_complaint(text, folder)
    if not _HUB_ID.fullmatch(text):
        shown = repr(text) if len(text) <= 80 else f"{text[:40]!r}..."
        return f"{shown} is no hub id (owner/name); a folder begins with ./, / or ~"
    if model.hub is None and (folder / text).exists():
        what = "folder" if (folder / text).is_dir() else "file"
        return f"{text!r} is a hub id, but a {what} of that name is here: write './{text}', or say which hub you mean"
    return ""
