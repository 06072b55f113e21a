"""A download that is begun: the bytes so far, and what the server said of the file they are from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

from hub.files import write_atomic

BYTES, FACTS = "download", "download.json"


@dataclass(frozen=True)
class Facts:
    """What tells one state of a file from another; `total` is its length, None where it is not known (yet)."""

    total: int | None = None
    etag: str = ""
    modified: str = ""

    @property
    def validator(self) -> str:
        """Return what a server can compare to know whether the file is still the same; empty where nothing is."""
        return self.modified if self.etag.startswith("W/") else self.etag or self.modified


class Draft:
    """The two files of a download in `folder`; what a killed process leaves of them is a beginning to go on from."""

    def __init__(self, folder: Path) -> None:
        """Read what there is."""
        self.path = folder / BYTES
        self._facts_path = folder / FACTS
        self.facts = _read(self._facts_path)

    @property
    def size(self) -> int:
        """Return how many bytes are here."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    @property
    def whole(self) -> bool:
        """Return whether all bytes are here."""
        return self.facts.total is not None and self.path.exists() and self.size == self.facts.total

    def begin(self, facts: Facts) -> None:
        """Forget what is here; what comes now is a file of which the server says `facts`."""
        self.path.write_bytes(b"")  # first: bytes never lie beside the facts of another file
        self.learn(facts)

    def learn(self, facts: Facts) -> None:
        """Keep what the server says."""
        self.facts = facts
        write_atomic(self._facts_path, json.dumps(asdict(facts)) + "\n")

    def end(self) -> None:
        """Take what is here for all: the server has said that nothing follows."""
        self.learn(replace(self.facts, total=self.size))

    def append(self) -> BinaryIO:
        """Open the file for what comes next."""
        return self.path.open("ab")

    def drop(self) -> None:
        """Remove it."""
        self.path.unlink(missing_ok=True)
        self._facts_path.unlink(missing_ok=True)
        self.facts = Facts()


def _read(path: Path) -> Facts:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Facts(found["total"], str(found["etag"]), str(found["modified"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Facts()
