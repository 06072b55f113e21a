from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mock.example import example
from tests.hub.mock.test_request import JSON

NODE = {
    "type": "object",
    "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}},
    "required": ["left", "right"],
}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "string", "minLength": 5, "maxLength": 9},
        {"type": "string", "maxLength": 1},
        {"type": "integer", "minimum": 5},
        {"type": "integer", "maximum": -5},
        {"type": "number", "exclusiveMinimum": 3, "maximum": 10},
        {"type": ["null", "boolean"]},
        {"type": "array", "items": {"type": "integer"}, "minItems": 3},
        {"enum": ["a", "b"]},
        {"const": 4},
        {"anyOf": [{"type": "null"}, {"type": "integer"}]},
        {
            "$ref": "#/$defs/a",
            "$defs": {"a": {"type": "object", "required": ["x"], "properties": {"x": {"const": 1}}}},
        },
        {
            "allOf": [
                {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
                {"properties": {"b": {"type": "boolean"}}, "required": ["b"]},
            ]
        },
        {"properties": {"x": {"type": "string"}}},
    ],
    ids=str,
)
def test_the_value_is_what_the_schema_asks_for(schema: Any) -> None:
    jsonschema.validate(example(schema, "word"), schema)


@given(schema=JSON)
def test_any_schema_comes_to_an_end(schema: Any) -> None:
    example(schema, "word")


def test_a_schema_that_refers_to_itself_twice_comes_to_an_end() -> None:
    assert isinstance(example(NODE, "word"), dict)


@given(text=st.text(max_size=20))
def test_texts_are_the_users_words(text: str) -> None:
    assert example({"type": "string"}, text) == text
