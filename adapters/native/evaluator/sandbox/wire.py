"""Plain values between two processes of which one is not trusted: frames of JSON, decoded into built-in types only.

What is no plain value (an instance, a function) stays where it is and travels as a number. So whatever comes back
compares as the value that it is: an object that equals everything cannot be sent.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

LONGEST = 16 << 20  # bytes of a frame
_HEAD = 4
_JSON_INTEGER = 1 << 63  # larger ones travel as hexadecimal: decimal conversion is slow, and refused at last

Keep = Callable[[object], int]
Find = Callable[[int], object]


class WireError(Exception):
    """The other side is gone, or says what nobody says."""


def send(descriptor: int, data: object) -> None:
    """Write one frame.

    Raises:
        WireError: it is too long; nothing was written.
    """
    payload = json.dumps(data).encode()
    if len(payload) > LONGEST:
        raise WireError("a value is too large")
    left = memoryview(len(payload).to_bytes(_HEAD, "big") + payload)
    while left:
        left = left[os.write(descriptor, left) :]


def receive(descriptor: int) -> Any:
    """Read one frame.

    Raises:
        WireError: it does not come whole, is too long, or is not JSON.
    """
    size = int.from_bytes(_read(descriptor, _HEAD), "big")
    if size > LONGEST:
        raise WireError("a value is too large")
    try:
        return json.loads(_read(descriptor, size))
    except (ValueError, RecursionError) as error:
        raise WireError("what came is not JSON") from error


def _read(descriptor: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.read(descriptor, min(size, 1 << 20))
        if not part:
            raise WireError("the other side ended")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def encode(value: object, keep: Keep) -> Any:
    """Return a value as JSON: a subclass of a plain type as that type, what is not plain as `keep` numbers it."""
    plain = _scalar(value)
    for kinds, encoder in _ENCODERS:
        if isinstance(plain, kinds):
            return encoder(plain, lambda entry: encode(entry, keep))
    return {"object": keep(plain)}


def decode(data: Any, find: Find) -> Any:
    """Return what `encode` was given; `find` has what stands for an object by its number.

    Raises:
        WireError: `encode` never says this.
    """
    if isinstance(data, list):
        return [decode(entry, find) for entry in data]
    if not isinstance(data, dict):
        return data
    try:
        ((kind, content),) = data.items()
        return find(content) if kind == "object" else _DECODERS[kind](content, lambda entry: decode(entry, find))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise WireError("what came is not a value") from error


def _scalar(value: Any) -> Any:
    """Return the number in a scalar of numpy, and all else as it is."""
    if hasattr(type(value), "dtype") and getattr(value, "shape", None) == ():
        return value.item()
    return value


def _integer(value: int, _: Callable[[Any], Any]) -> Any:
    return int(value) if abs(value) < _JSON_INTEGER else {"int": hex(value)}


_ENCODERS: tuple[tuple[tuple[type, ...], Callable[[Any, Callable[[Any], Any]], Any]], ...] = (
    ((type(None), bool, float, str), lambda value, _: value),
    ((int,), _integer),
    ((complex,), lambda value, _: {"complex": [value.real, value.imag]}),
    ((bytes,), lambda value, _: {"bytes": value.hex()}),
    ((bytearray,), lambda value, _: {"bytearray": value.hex()}),
    ((Fraction,), lambda value, _: {"Fraction": str(value)}),
    ((Decimal,), lambda value, _: {"Decimal": str(value)}),
    ((list,), lambda value, inner: [inner(entry) for entry in value]),
    ((tuple,), lambda value, inner: {"tuple": [inner(entry) for entry in value]}),
    ((set,), lambda value, inner: {"set": [inner(entry) for entry in value]}),
    ((frozenset,), lambda value, inner: {"frozenset": [inner(entry) for entry in value]}),
    ((dict,), lambda value, inner: {"dict": [[inner(key), inner(entry)] for key, entry in value.items()]}),
)
_DECODERS: dict[str, Callable[[Any, Callable[[Any], Any]], Any]] = {
    "int": lambda content, _: int(content, 16),
    "complex": lambda content, _: complex(*content),
    "bytes": lambda content, _: bytes.fromhex(content),
    "bytearray": lambda content, _: bytearray.fromhex(content),
    "Fraction": lambda content, _: Fraction(content),
    "Decimal": lambda content, _: Decimal(content),
    "tuple": lambda content, inner: tuple(map(inner, content)),
    "set": lambda content, inner: set(map(inner, content)),
    "frozenset": lambda content, inner: frozenset(map(inner, content)),
    "dict": lambda content, inner: {inner(key): inner(entry) for key, entry in content},
}
