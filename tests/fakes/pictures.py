"""Pictures drawn by hand: PNG files of one colour, striped or of noise, with the standard library alone."""

from __future__ import annotations

import random
import struct
import zlib

Colour = tuple[int, int, int]


def png(width: int = 8, height: int = 8, colour: Colour = (200, 30, 30), *, stripe: Colour | None = None) -> bytes:
    """Return a PNG of one colour, every other row of another where `stripe` is given (PNG specification, 2nd ed.)."""
    rows = (stripe if stripe and number % 2 else colour for number in range(height))
    pixels = b"".join(b"\0" + bytes(row) * width for row in rows)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(pixels, 9)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def noise(size: int, seed: int = 0) -> bytes:
    """Return a PNG of about `size` bytes that does not compress; each seed is another picture."""
    edge = max(1, int((size / 3) ** 0.5))
    draw = random.Random(seed)
    pixels = b"".join(b"\0" + draw.randbytes(edge * 3) for _ in range(edge))
    head = struct.pack(">IIBBBBB", edge, edge, 8, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(pixels, 0)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def jpeg_head(width: int, height: int) -> bytes:
    """Return the beginning of a JPEG: enough to tell its size (ITU T.81, B.2.2), and no picture."""
    application = b"\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    frame = struct.pack(">BBHBHHB", 0xFF, 0xC0, 17, 8, height, width, 3) + bytes(9)
    return b"\xff\xd8" + application + frame


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
