"""Files at a border: written so that a reader never sees half of one, read without trusting who wrote them."""

from __future__ import annotations

import json
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from hub.errors import NormalizeError
from hub.removal import entries_below

# Returns what a file below a job's output holds; None where there is none.
Read = Callable[[str], bytes | None]


class OutputError(Exception):
    """A file of a job's output is not what its backend, or its runner, writes."""


_UNTRUSTED = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def write_atomic(path: Path, text: str) -> None:
    """Replace `path` with `text` (UTF-8) in one step, durable before it is visible."""
    # Not tempfile's: its files are 0600, and the umask that they should have cannot be read without setting it.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def open_untrusted(path: Path) -> BinaryIO:
    """Open a file that a job wrote: neither a link (it may lead anywhere) nor a pipe (it may block for ever).

    Raises:
        OSError: it is absent, or no plain file.
    """
    return _plain(os.open(path, _UNTRUSTED), path)


def open_inside(folder: Path, relative: str) -> BinaryIO:
    """Open a plain file below a folder that a job wrote, by its path there; no link is followed, not of a folder.

    Raises:
        OSError: it is absent, no plain file, or a link is on the way.
        ValueError: it is no path below the folder.
    """
    *above, name = relative.split("/")
    if not all((*above, name)) or {".", ".."} & {*above, name} or "\0" in relative:
        msg = "it is no path inside the job's output"
        raise ValueError(msg)
    place = os.open(folder, _FOLDER)
    try:
        for part in above:
            below = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=place)
            os.close(place)
            place = below
        handle = os.open(name, _UNTRUSTED, dir_fd=place)
    finally:
        os.close(place)
    return _plain(handle, relative)


def _plain(handle: int, name: object) -> BinaryIO:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(f"{name} is no plain file")
    return os.fdopen(handle, "rb")


def odd_file(folder: Path) -> Path | None:
    """Return the first thing below `folder` that is neither file nor folder nor a link that stays inside."""
    top = folder.resolve()
    for entry in entries_below(folder):
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            if not Path(entry.path).resolve().is_relative_to(top):
                return Path(entry.path)
        elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            return Path(entry.path)
    return None


def output_reader(output: Path) -> Read:
    """Return what reads the files below a job's output, whatever the job says that they are called.

    It raises OutputError where one is there and cannot be read.
    """

    def read(place: str) -> bytes | None:
        try:
            with open_inside(output, place) as file:
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OutputError(f"{place} cannot be read: {error.strerror or error}") from error
        except ValueError as error:
            raise OutputError(f"{place} cannot be read: {error}") from error

    return read


def read_json(read: Read, place: str, *, literal: bool = False) -> Any:
    """Return what a JSON file holds, None where there is none; `literal`: numbers as the texts they are.

    Raises:
        OutputError: it is no JSON.
    """
    keep: dict[str, Any] = {"parse_float": str, "parse_int": str, "parse_constant": str} if literal else {}
    content = read(place)
    if content is None:
        return None
    try:
        return json.loads(content.decode(errors="replace"), **keep)
    except (ValueError, RecursionError) as error:
        raise OutputError(f"{place} is not JSON: {error}") from error


def read_lines(read: Read, place: str) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a jsonl file; a line that a killed job left half written is left out."""
    for line in (read(place) or b"").splitlines():
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(entry, dict):
            yield entry


@contextmanager
def blaming(backend: str) -> Iterator[None]:
    """Turn whatever is wrong with the files that `backend` and its runner wrote into the hub's error."""
    try:
        yield
    except OutputError as error:
        raise NormalizeError(str(error), hint="The job's log says why.") from error
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        msg = f"its files are not what {backend} and the runner write: {type(error).__name__}: {error}"
        raise NormalizeError(msg) from error
