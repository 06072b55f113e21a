"""Say what an image in a request is, from its data URL; an address is named and never fetched."""

from __future__ import annotations

import base64
import binascii
import struct

from hub.mock.request import BadRequestError
from hub.text import show_size

_SHOWN_URL = 80


def describe(url: str) -> str:
    """Return e.g. `[image/png 640x480, 12 kB]`.

    Raises:
        BadRequestError: it is neither an address nor a readable data URL.
    """
    if url.startswith(("http://", "https://")):
        return f"[image at {url[:_SHOWN_URL]}, not fetched]"
    head, comma, data = url.partition(",")
    if not head.startswith("data:") or not comma or not head.endswith(";base64"):
        raise BadRequestError("image_url must be http(s)://... or data:<type>;base64,<data>", "messages")
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequestError(f"image_url: the data are not base64: {error}", "messages") from error
    kind = head.removeprefix("data:").split(";")[0] or "image"
    size = _size(raw)
    shape = f" {size[0]}x{size[1]}" if size else ""
    return f"[{kind[:_SHOWN_URL]}{shape}, {show_size(len(raw))}]"


def _size(raw: bytes) -> tuple[int, int] | None:
    """Return width and height of a PNG, GIF or JPEG."""
    if raw.startswith(b"\x89PNG\r\n\x1a\n") and len(raw) >= 24:
        width, height = struct.unpack(">II", raw[16:24])
    elif raw.startswith((b"GIF87a", b"GIF89a")) and len(raw) >= 10:
        width, height = struct.unpack("<HH", raw[6:10])
    elif raw.startswith(b"\xff\xd8"):
        return _jpeg_size(raw)
    else:
        return None
    return width, height


def _jpeg_size(raw: bytes) -> tuple[int, int] | None:
    """Walk the segments to the frame header (ITU T.81, B.2.2): FFC0-FFCF but C4, C8 and CC."""
    place = 2
    while place + 9 <= len(raw) and raw[place] == 0xFF:
        marker, length = raw[place + 1], int.from_bytes(raw[place + 2 : place + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", raw[place + 5 : place + 9])
            return width, height
        place += 2 + max(length, 2)
    return None
