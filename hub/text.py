"""Words for people: "did you mean", sizes, durations, and their parsing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

_SIZE = re.compile(r"(\d{1,15}(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_SIZE_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SHORTEST_SECRET = 12
_NUMBER = r"(\d{1,9}(?:\.\d+)?)"
_DURATION = re.compile(rf"(?:{_NUMBER}d)?(?:{_NUMBER}h)?(?:{_NUMBER}m)?(?:{_NUMBER}s?)?")
_DURATION_UNITS_S = (86400, 3600, 60, 1)


def did_you_mean(word: str, known: Iterable[str], *, in_order: bool = False) -> str:
    """Return `; did you mean 'x'?`, or the short list of what exists, or nothing when nothing exists.

    The list is sorted, or (`in_order`) as it is known.
    """
    names = list(dict.fromkeys(known if in_order else sorted(known)))
    by_fold = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(word.casefold(), list(by_fold), n=1, cutoff=0.6)
    if close:
        return f"; did you mean {by_fold[close[0]]!r}?"
    if 0 < len(names) <= 12:
        return f"; known: {', '.join(names)}"
    return ""


def parse_size(text: str) -> int:
    """Return bytes for `32g`, `512m`, `1.5 GiB`, `1024` (binary units).

    Raises:
        ValueError: not a size.
    """
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a size such as 512m or 32g")
    return int(float(match[1]) * _SIZE_UNITS[match[2].lower()])


def parse_duration(text: str) -> float:
    """Return seconds for `2h`, `90m`, `1h30m`, `45s`, `30`.

    Raises:
        ValueError: not a duration.
    """
    squeezed = text.strip().replace(" ", "").lower()
    match = _DURATION.fullmatch(squeezed)
    if not squeezed or not match:
        raise ValueError(f"{text!r} is not a duration such as 30s, 10m or 1h30m")
    return sum(float(part) * unit for part, unit in zip(match.groups(), _DURATION_UNITS_S, strict=True) if part)


def show_duration(seconds: float) -> str:
    """Return `850 ms`, `12.3 s`, `4 min 05 s`, `2 h 07 min`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def show_size(count: float) -> str:
    """Return bytes as `12 kB`, `3.4 MB`, `1.2 GB` (decimal units, as disks and downloads state them)."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def show_memory(count: float) -> str:
    """Return bytes as `512 KiB`, `64 MiB`, `1.5 GiB` (binary units, as memory and its limits are stated)."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.{0 if unit == 'B' else 1}f}".removesuffix(".0") + f" {unit}"
        count /= 1024
    return f"{count:.1f}".removesuffix(".0") + " TiB"


def count_of(count: int, noun: str) -> str:
    """Return `1 sample`, `2 samples`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def show_rate(count: int, seconds: float) -> str:
    """Return `997/s`, `3.4/s`, `12/min`; nothing where too little happened to tell."""
    if seconds < 1 or count < 1:
        return ""
    rate, unit = (count / seconds, "s") if count >= seconds else (count / seconds * 60, "min")
    return f"{rate:.0f}/{unit}" if rate >= 10 else f"{rate:.1f}/{unit}"


def is_secret(key: str) -> bool:
    """Return whether a key is one whose every occurrence may be taken out of a text.

    Servers that want none are given `EMPTY`, `none` or `x`: those are words, and letters, of any model's answer.
    """
    return len(key) >= _SHORTEST_SECRET


def slug(text: str) -> str:
    """Return `text` with everything but ASCII letters, digits, `.`, `_` and `-` replaced; never empty."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.") or "x"


def clean(text: str) -> str:
    """Return `text` with lone surrogates, which no file can hold, replaced by `?`."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def clean_all(value: Any) -> Any:
    """Return JSON-like data with every text cleaned."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean_all(key): clean_all(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_all(item) for item in value]
    return value
