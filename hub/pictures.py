"""Pictures: kind and size by a file's first bytes, and those that a job left read without trusting it."""

from __future__ import annotations

import errno
import struct
from pathlib import Path
from typing import NamedTuple

from hub.files import open_inside
from hub.text import show_size

MAX_BYTES = 1 << 20
MAX_EDGE = 4096  # a few bytes of a file can ask a browser for gigabytes
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_LED_ASTRAY = {errno.ELOOP, errno.ENOTDIR}


class Picture(NamedTuple):
    """A JPEG or PNG file; `kind` is the second half of its media type."""

    kind: str
    data: bytes


def read_picture(output: Path, path: str) -> Picture:
    """Return a picture that a job left at `path` in its output.

    Raises:
        ValueError: there is none that can be shown; says why.
    """
    data = _read(output, path)
    kind = "png" if data.startswith(_PNG) else "jpeg" if data.startswith(_JPEG) else ""
    if not kind:
        raise ValueError("it is neither JPEG nor PNG")
    size = size_of(data)
    if size is None:
        raise ValueError(f"it is no whole {kind.upper()}")
    if not all(0 < edge <= MAX_EDGE for edge in size):
        raise ValueError(f"it is {size[0]} x {size[1]} pixels, and at most {MAX_EDGE} a side are shown")
    return Picture(kind, data)


def _read(output: Path, path: str) -> bytes:
    try:
        with open_inside(output, path) as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ValueError("there is no such file") from error
    except OSError as error:
        astray = error.errno in _LED_ASTRAY
        raise ValueError("a link leads to it" if astray else error.strerror or "it is no plain file") from error
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {show_size(MAX_BYTES)}")
    return data


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a PNG, GIF or JPEG; None where the bytes are none, or end too early."""
    if data.startswith(_PNG) and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
    elif data.startswith((b"GIF87a", b"GIF89a")) and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
    elif data.startswith(_JPEG[:2]):
        return _jpeg_size(data)
    else:
        return None
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Walk the segments to the frame header (ITU T.81, B.2.2): FFC0-FFCF but C4, C8 and CC."""
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        place += 2 + max(length, 2)
    return None
