"""The GPUs that this process holds against other runs of this user: a lock on a file of each, while it lives."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from hub.text import slug


class DeviceLocks:
    """Locks of devices; the kernel frees those of a process that is gone."""

    def __init__(self, state_dir: Path, who: str, clear: Callable[[], None]) -> None:
        """Hold none yet.

        Args:
            state_dir: the settings'.
            who: what others are told of the holder.
            clear: ends what a process has left that died with a device in its hands; called before it is used.
        """
        self._folder = state_dir / "gpus"
        self._who = who
        self._clear = clear
        self._held: dict[str, IO[str]] = {}

    def withheld(self, devices: Iterable[str]) -> dict[str, str]:
        """Return those of `devices` that another process holds, each with who it is, as far as it has said so."""
        found = {}
        for device in devices:
            if device in self._held:
                continue
            file = self._locked(device, fcntl.LOCK_SH)  # others may look at the same moment
            if file is None:
                found[device] = self._path(device).read_text(encoding="utf-8").strip()
            else:
                file.close()
        return found

    def take(self, devices: tuple[str, ...]) -> bool:
        """Take all of these, or none where another process holds one of them."""
        taken: dict[str, IO[str]] = {}
        for device in devices:
            file = self._locked(device, fcntl.LOCK_EX)
            if file is None:
                for other in taken.values():
                    other.close()
                return False
            taken[device] = file
        left = any(_said(file) for file in taken.values())
        for file in taken.values():
            _say(file, f"{self._who} (process {os.getpid()})\n")
        self._held |= taken
        if left:
            self._clear()
        return True

    def give_back(self, devices: Iterable[str]) -> None:
        """Let go of those of `devices` that are held; the file says no more who holds it: it was an end in order."""
        for device in devices:
            if file := self._held.pop(device, None):
                _say(file, "")
                file.close()

    def leave(self, devices: Iterable[str]) -> None:
        """Let go of those of `devices` that are held; what may be left of ours on them, the next one clears."""
        for device in devices:
            if file := self._held.pop(device, None):
                file.close()

    def give_all_back(self) -> None:
        """Let go of all."""
        self.give_back(tuple(self._held))

    def _path(self, device: str) -> Path:
        return self._folder / f"{slug(device)}.lock"

    def _locked(self, device: str, how: int) -> IO[str] | None:
        """Return the device's file, locked, to be closed; None where another process has it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._path(device).open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file


def _said(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def _say(file: IO[str], text: str) -> None:
    file.truncate(0)
    file.write(text)
    file.flush()
