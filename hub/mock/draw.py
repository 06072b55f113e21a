"""Chance that is none: numbers drawn from a seed and what was asked, the same in every process."""

from __future__ import annotations

import hashlib


def digest(*parts: object) -> bytes:
    """Return 16 bytes that depend on all parts."""
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        raw = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        made.update(b"%d:" % len(raw))
        made.update(raw)
    return made.digest()


def number(*parts: object) -> int:
    """Return a whole number from 0 to 2**64 - 1."""
    return int.from_bytes(digest(*parts)[:8], "big")


def fraction(*parts: object) -> float:
    """Return a number from 0 to below 1."""
    return (number(*parts) >> 11) / (1 << 53)
