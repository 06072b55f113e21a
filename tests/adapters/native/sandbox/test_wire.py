"""Values between two processes: what is plain arrives as it was, and nothing else arrives at all."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.native.evaluator.sandbox.wire import LONGEST, WireError, decode, encode, receive, send

SCALARS = some.one_of(
    some.none(), some.booleans(), some.integers(), some.floats(allow_nan=False), some.text(), some.binary(),
    some.complex_numbers(allow_nan=False), some.fractions(), some.decimals(allow_nan=False),
)  # fmt: skip
VALUES = some.recursive(
    SCALARS,
    lambda inner: some.one_of(
        some.lists(inner),
        some.lists(inner).map(tuple),
        some.frozensets(SCALARS),
        some.sets(SCALARS),
        some.dictionaries(SCALARS, inner),
    ),
    max_leaves=10,
)


def through_a_pipe(data: object) -> Any:
    """Send a frame and receive it."""
    reader, writer = os.pipe()
    try:
        send(writer, data)
        return receive(reader)
    finally:
        os.close(reader)
        os.close(writer)


@given(VALUES)
def test_a_plain_value_arrives_with_its_types(value: object) -> None:
    arrived = decode(through_a_pipe(encode(value, lambda _: 0)), lambda _: None)

    assert arrived == value
    assert type(arrived) is type(value)


def test_an_object_stays_and_its_number_travels() -> None:
    kept: list[object] = []

    def keep(value: object) -> int:
        kept.append(value)
        return 7

    data = encode([print], keep)

    assert data == [{"object": 7}]
    assert kept == [print]
    assert decode(data, lambda number: f"number {number}") == ["number 7"]


def test_a_subclass_arrives_as_the_plain_type() -> None:
    class Odd(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    arrived = decode(through_a_pipe(encode(Odd(5), lambda _: 0)), lambda _: None)

    assert type(arrived) is int
    assert arrived == 5


@pytest.mark.parametrize(
    "data",
    [{}, {"a": 1, "b": 2}, {"spell": 1}, {"int": 5}, {"dict": [[1]]}, {"set": [[1]]}, {"Decimal": "x"}, {"tuple": 5}],
)
def test_what_encode_never_says_is_refused(data: object) -> None:
    with pytest.raises(WireError):
        decode(data, lambda _: None)


@pytest.mark.parametrize("raw", [b"", b"\0\0", b"\0\0\0\5ab", b"\0\0\0\2{]", b"\xff\xff\xff\xff"])
def test_half_a_frame_and_noise_are_refused(raw: bytes) -> None:
    reader, writer = os.pipe()
    os.write(writer, raw)
    os.close(writer)

    with pytest.raises(WireError):
        receive(reader)
    os.close(reader)


def test_too_large_a_value_is_not_sent() -> None:
    with pytest.raises(WireError, match="too large"):
        send(-1, "x" * LONGEST)
