"""What a cell of data, or an answer, says: VLMEvalKit hands such texts to `eval`, and this stands in its place.

Literals and arithmetic mean what they mean to Python, and so do the names of plain values around the call: some of
VLMEvalKit's scores hang on an answer that happens to be one. Nothing is called or run.
"""

from __future__ import annotations

import ast
import operator
import sys
from collections.abc import Callable, Mapping
from typing import Any

Names = Mapping[str, Any]

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
    around = sys._getframe(1).f_locals  # noqa: SLF001 - the only way to the caller's names
    names = {name: value for name, value in around.items() if isinstance(value, int | float | complex | str)}
    return _value(ast.parse(text.lstrip(" \t"), mode="eval").body, names)


def _value(node: ast.expr | None, names: Names) -> Any:  # noqa: PLR0911 - a table in the form of a match
    match node:
        case ast.Constant(value=value):
            return value
        case ast.List(elts=items):
            return [_value(item, names) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item, names) for item in items)
        case ast.Set(elts=items):
            return {_value(item, names) for item in items}
        case ast.Dict(keys=keys, values=values):
            return {_value(key, names): _value(value, names) for key, value in zip(keys, values, strict=True)}
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _UNARY:
            return _UNARY[type(sign)](_number(operand, names))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _BINARY:
            return _combined(type(sign), _number(left, names), _number(right, names))
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.Name(id=name):
            raise NameError(f"name {name!r} is not defined")
        case _:
            raise ValueError("a text of data may hold values and arithmetic, nothing that runs")


def _number(node: ast.expr, names: Names) -> Any:
    value = _value(node, names)
    if not isinstance(value, int | float | complex):
        raise TypeError(f"arithmetic with {type(value).__name__}")
    return value


def _combined(sign: type[ast.operator], left: Any, right: Any) -> Any:
    if sign is ast.Pow and isinstance(left, int) and isinstance(right, int) and right * left.bit_length() > _LONGEST:
        raise OverflowError("a power of too many digits")
    return _BINARY[sign](left, right)
