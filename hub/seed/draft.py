"""A task that is written key by key while a task_cfg is read, with one note for every key that was met."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hub.errors import Problem, TaskError
from hub.source import KeyPath, show_path

Kind = Literal["mapped", "ignored", "refused"]
Namer = Callable[[KeyPath], str]


@dataclass(frozen=True)
class Note:
    """What became of one key: `place` is how the user wrote it, `text` says why."""

    kind: Kind
    key: KeyPath
    place: str
    text: str


@dataclass(frozen=True)
class Translation:
    """A task in evaldock's schema, and what is not part of a task.

    Attributes:
        places: path in the task -> the flag or key that it came from.
        outputs: folder that the user named for results; None for evaldock's own.
        dry_run: only show the plan.
    """

    task: Mapping[str, Any]
    notes: tuple[Note, ...]
    places: Mapping[KeyPath, str]
    outputs: str | None = None
    dry_run: bool = False

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what a user should read: every key that has no effect here, and why."""
        return tuple(f"{note.place} has no effect: {note.text}" for note in self.notes if note.kind == "ignored")


def flag_name(key: KeyPath) -> str:
    """Return `--model-args precision` for ("model_args", "precision")."""
    flag, rest = f"--{str(key[0]).replace('_', '-')}", key[1:]
    return flag if not rest or isinstance(rest[0], int) else f"{flag} {show_path(rest)}"


def task_cfg_name(key: KeyPath) -> str:
    """Return `task_cfg['model_args']['precision']`."""
    return "task_cfg" + "".join(f"[{part!r}]" for part in key)


def key_name_in(file: str) -> Namer:
    """Return the namer for the keys of a file: `FILE: model_args.precision`."""
    return lambda key: f"{file}: {show_path(key)}" if key else file


class Draft:
    """The task so far; every key of the original is put, found the same here, ignored or refused, with a reason."""

    def __init__(self, namer: Namer) -> None:
        """Begin an empty task; `namer` says how the user wrote a key."""
        self.name_of = namer
        self.task: dict[str, Any] = {"version": 1, "name": "eval", "models": {}, "evaluations": []}
        self.outputs: str | None = None
        self.dry_run = False
        self._notes: list[Note] = []
        self._places: dict[KeyPath, str] = {}

    def put(self, key: KeyPath, path: KeyPath, value: Any) -> None:
        """Write `value` at `path` of the task; mappings on the way are made, lists must be there."""
        node: Any = self.task
        for part in path[:-1]:
            node = node[part] if isinstance(part, int) else node.setdefault(part, {})
        node[path[-1]] = value
        self._places[path] = self.name_of(key)
        self._note("mapped", key, show_path(path))

    def add(self, key: KeyPath, path: KeyPath, value: Any) -> None:
        """Append `value` to the list at `path`, or to a new one."""
        node: Any = self.task
        for part in path:
            node = node[part] if isinstance(part, int) else node.setdefault(part, [])
        node.append(value)
        here: KeyPath = (*path, len(node) - 1)
        self._places[here] = self.name_of(key)
        self._note("mapped", key, show_path(here))

    def same(self, key: KeyPath, why: str = "it is so here, too") -> None:
        """Note that the key asks for what evaldock does anyway."""
        self._note("mapped", key, why)

    def ignore(self, key: KeyPath, why: str) -> None:
        """Note that the key has no effect."""
        self._note("ignored", key, why)

    def refuse(self, key: KeyPath, why: str) -> None:
        """Note that the key stops the translation."""
        self._note("refused", key, why)

    def finish(self) -> Translation:
        """Return the translation.

        Raises:
            TaskError: everything that was refused.
        """
        refused = [Problem(note.place, 0, "", note.text) for note in self._notes if note.kind == "refused"]
        if refused:
            raise TaskError(refused, hint="docs/migrating.md has every old key and its new form")
        return Translation(self.task, tuple(self._notes), self._places, self.outputs, self.dry_run)

    def _note(self, kind: Kind, key: KeyPath, text: str) -> None:
        self._notes.append(Note(kind, key, self.name_of(key), text))
