"""Whether a file is the one that its publisher means, or else the one that came the first time."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

from hub.files import write_atomic
from hub.urldata.failure import DamagedError

_PIECE = 8 << 20


@dataclass(frozen=True)
class Sums:
    """A file's checksums, in hex; of a publisher's, those that it does not give are empty."""

    sha256: str = ""
    md5: str = ""

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return bool(self.sha256 or self.md5)


def sums_of(path: Path) -> Sums:
    """Read a file and return its checksums."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            sha256.update(piece)
            md5.update(piece)
    return Sums(sha256.hexdigest(), md5.hexdigest())


def compare(found: Sums, stated: Sums) -> None:
    """Compare a file with what its publisher says of it.

    Raises:
        DamagedError: it is another.
    """
    pairs = (("SHA-256", stated.sha256, found.sha256), ("MD5", stated.md5, found.md5))
    for name, wanted, got in pairs:
        if wanted and wanted.lower() != got:
            reason = f"another file arrived than its publisher means: expected {name} {wanted.lower()}, got {got}"
            raise DamagedError(reason)


def compare_with_first(found: Sums, record: Path) -> None:
    """Compare a file of which its publisher says nothing with the one that came first, where one has.

    Raises:
        DamagedError: it is another.
    """
    try:
        first = json.loads(record.read_text(encoding="utf-8"))
        wanted, at = str(first["sha256"]), float(first["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    if wanted != found.sha256:
        day = time.strftime("%Y-%m-%d", time.gmtime(at))
        reason = f"the file there is not the one of {day} any more: expected SHA-256 {wanted}, got {found.sha256}"
        raise DamagedError(reason, f"it was removed; where the new one is right, `rm {record}` and run again")


def remember_first(found: Sums, record: Path) -> None:
    """Keep what came the first time; outlives the file itself, so that a later download is the same."""
    if not record.exists():
        write_atomic(record, json.dumps({"sha256": found.sha256, "at": time.time()}) + "\n")
