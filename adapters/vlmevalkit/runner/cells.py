"""What a cell of data, or an answer, says: VLMEvalKit hands such texts to `eval`, and this stands in its place.

Literals and arithmetic mean what they mean to Python; nothing that a text names is looked up, called or run.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

_LONGEST = 20_000  # bits of a power: a longer one would stop the job for hours
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}


def read_cell(text: object, *_scopes: object) -> Any:
    """Return the value of `text`, as `eval` would.

    Raises:
        SyntaxError, NameError, TypeError, ValueError, ArithmeticError: as `eval` does, or because the text would have
            run something.
    """
    if not isinstance(text, str):
        raise TypeError(f"a text was expected, not {type(text).__name__}")
    return _value(ast.parse(text.lstrip(" \t"), mode="eval").body)


def _value(node: ast.expr | None) -> Any:  # noqa: PLR0911 - a table in the form of a match
    match node:
        case ast.Constant(value=value):
            return value
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item) for item in items)
        case ast.Set(elts=items):
            return {_value(item) for item in items}
        case ast.Dict(keys=keys, values=values):
            return {_value(key): _value(value) for key, value in zip(keys, values, strict=True)}
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _UNARY:
            return _UNARY[type(sign)](_number(operand))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _BINARY:
            return _combined(type(sign), _number(left), _number(right))
        case ast.Name(id=name):
            raise NameError(f"name {name!r} is not defined")
        case _:
            raise ValueError("a text of data may hold values and arithmetic, nothing that runs")


def _number(node: ast.expr) -> Any:
    value = _value(node)
    if not isinstance(value, int | float | complex):
        raise TypeError(f"arithmetic with {type(value).__name__}")
    return value


def _combined(sign: type[ast.operator], left: Any, right: Any) -> Any:
    if sign is ast.Pow and isinstance(left, int) and isinstance(right, int) and right * left.bit_length() > _LONGEST:
        raise OverflowError("a power of too many digits")
    return _BINARY[sign](left, right)
