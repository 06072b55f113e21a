"""Make a value that a JSON Schema accepts: arguments of tool calls, answers in a demanded form."""

from __future__ import annotations

from typing import Any

_MAX_DEPTH = 24
_MAX_VALUES = 2_000
_MAX_ITEMS = 64
_MAX_LENGTH = 1 << 16


def example(schema: object, text: str) -> Any:
    """Return a value for `schema`; texts without a stated value become `text`.

    Knows const, enum, default, examples, $ref, anyOf, oneOf, allOf, types, required properties, items and bounds;
    patterns and formats are not met. What it does not understand becomes `text`, what goes on for ever ends in null.
    """
    return _Maker(schema, text).value(schema, _MAX_DEPTH)


class _Maker:
    """Makes the values of one schema; counts them, since a schema that refers to itself twice would never end."""

    def __init__(self, root: object, text: str) -> None:
        self._root = root
        self._text = text
        self._left = _MAX_VALUES

    def value(self, schema: object, depth: int) -> Any:
        self._left -= 1
        if depth == 0 or self._left < 0:
            return None
        if not isinstance(schema, dict):
            return self._text
        stated, value = _stated(schema)
        if stated:
            return value
        branch = self._branch(schema)
        if branch is not None:
            return self.value(branch, depth - 1)
        return self._typed(_kind(schema), schema, depth)

    def _branch(self, schema: dict[str, Any]) -> object | None:
        """Return the schema that stands for this one, where it refers to another or has alternatives."""
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._referred(reference)
        for key in ("anyOf", "oneOf"):
            branches = schema.get(key)
            if isinstance(branches, list) and branches:
                useful = [branch for branch in branches if branch != {"type": "null"}]
                return (useful or branches)[0]  # type: ignore[no-any-return]
        parts = schema.get("allOf")
        if isinstance(parts, list) and parts:
            rest = {key: value for key, value in schema.items() if key != "allOf"}
            return _merged([rest, *(self._resolved(part) for part in parts)])
        return None

    def _referred(self, reference: str) -> object:
        found = self._root
        for part in reference.removeprefix("#").strip("/").split("/"):
            if part:
                found = found.get(part, {}) if isinstance(found, dict) else {}
        return found

    def _resolved(self, part: object) -> object:
        reference = part.get("$ref") if isinstance(part, dict) else None
        return self._referred(reference) if isinstance(reference, str) else part

    def _typed(self, kind: object, schema: dict[str, Any], depth: int) -> Any:
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                length = min(max(_bound(schema, "minItems") or 0, 1), _MAX_ITEMS)
                return [self.value(schema.get("items", {}), depth - 1) for _ in range(length)]
            case "integer" | "number":
                return _number(schema)
            case "boolean":
                return True
            case "null":
                return None
            case _:
                shortest, longest = _bound(schema, "minLength") or 0, _bound(schema, "maxLength")
                text = self._text.ljust(min(shortest, _MAX_LENGTH), ".")
                return text if longest is None else text[: max(longest, 0)]

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        """Return what is required, or every property where nothing is said to be."""
        properties = schema.get("properties")
        known = properties if isinstance(properties, dict) else {}
        required = schema.get("required")
        names = [name for name in required if isinstance(name, str)] if isinstance(required, list) else list(known)
        return {name: self.value(known.get(name, {}), depth - 1) for name in names if self._left > 0}


def _stated(schema: dict[str, Any]) -> tuple[bool, Any]:
    """Return whether the schema itself names a value, and which."""
    if "const" in schema:
        return True, schema["const"]
    for key in ("enum", "examples"):
        values = schema.get(key)
        if isinstance(values, list) and values:
            return True, values[0]
    return "default" in schema, schema.get("default")


def _kind(schema: dict[str, Any]) -> object:
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((name for name in kind if name != "null"), "null")
    return "object" if kind is None and isinstance(schema.get("properties"), dict) else kind


def _merged(parts: list[object]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items() if isinstance(part, dict) else ():
            before = merged.get(key)
            if isinstance(before, dict) and isinstance(value, dict):
                merged[key] = {**before, **value}
            elif isinstance(before, list) and isinstance(value, list):
                merged[key] = [*before, *value]
            else:
                merged[key] = value
    return merged


def _number(schema: dict[str, Any]) -> int:
    """Return 1, or what is nearest to it within the bounds."""
    above, below = _bound(schema, "exclusiveMinimum"), _bound(schema, "exclusiveMaximum")
    lowest = (_bound(schema, "minimum"), None if above is None else above + 1)
    highest = (_bound(schema, "maximum"), None if below is None else below - 1, 1)
    most = min(bound for bound in highest if bound is not None)
    return max(most, *(bound for bound in lowest if bound is not None), most)


def _bound(schema: dict[str, Any], key: str) -> int | None:
    value = schema.get(key)
    return int(value) if isinstance(value, int | float) and abs(value) < 1 << 53 else None
