"""Calls in a model's answer, in the forms that open models write; all else stays text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.native.server.toolcalls import Call, Said, beginning, parse

NAMES = {"add", "get_weather"}
ADD = Call("add", '{"a": 1}')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>', Said("", (ADD,))),
        ('Sure.\n<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>', Said("Sure.", (ADD,))),
        ('<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>' * 2, Said("", (ADD, ADD))),
        ('<tool_call>{"name": "add", "arguments": {"a": 1}}', Said("", (ADD,))),  # the end token closed it
        ('<tool_call>{"name": "add", "arguments": "{\\"a\\": 1}"}</tool_call>', Said("", (ADD,))),
        (
            "<tool_call>\n<function=add>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>",
            Said("", (ADD,)),
        ),
        (
            "<tool_call><function=get_weather><parameter=city>\nNew York\n</parameter></function></tool_call>",
            Said("", (Call("get_weather", '{"city": "New York"}'),)),
        ),
        ('[TOOL_CALLS] [{"name": "add", "arguments": {"a": 1}}]', Said("", (ADD,))),
        ('{"name": "add", "parameters": {"a": 1}}', Said("", (ADD,))),
        ('<|python_tag|>{"name": "add", "parameters": {"a": 1}}', Said("", (ADD,))),
        ('<tool_call>{"name": "add"}</tool_call>', Said("", (Call("add", "{}"),))),
    ],
)
def test_a_call_is_found(text: str, said: Said) -> None:
    assert parse(text, NAMES) == said


@pytest.mark.parametrize(
    "text",
    [
        "No call.",
        '<tool_call>{"name": "add", "arguments": {</tool_call>',
        '<tool_call>{"name": "add", "arguments": [1]}</tool_call>',
        '<tool_call>{"name": "unknown", "arguments": {}}</tool_call>',
        '{"a": 1}',
        "[TOOL_CALLS] add",
        '[TOOL_CALLS] [{"name": "add", "arguments": {"a": 1}}, 3]',
        "<tool_call></tool_call>",
    ],
)
def test_what_is_no_well_formed_call_of_an_offered_function_stays_text(text: str) -> None:
    assert parse(text, NAMES) == Said(text)


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    said = parse(f"<tool_call>{text}</tool_call>", NAMES)

    assert all(isinstance(json.loads(call.arguments), dict) for call in said.calls)


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text()))
def test_arguments_come_back_as_they_were_written(arguments: dict[str, int | str | None]) -> None:
    written = json.dumps({"name": "add", "arguments": arguments})
    if "tool_call>" in written:
        return

    (call,) = parse(f"<tool_call>{written}</tool_call>", NAMES).calls

    assert json.loads(call.arguments) == arguments


@pytest.mark.parametrize(
    ("template", "rest"),
    [
        ("... <tool_call> ...", '{"a": 1}}\n</tool_call>'),
        ("... <tool_call>\n<function=name> ...", "<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>"),
        ("... [TOOL_CALLS] ...", '{"a": 1}}]'),
        ("... says nothing of tools ...", '{"a": 1}}'),
    ],
)
def test_a_call_that_is_begun_in_the_templates_form_is_found_again(template: str, rest: str) -> None:
    assert parse(beginning(template, "add") + rest, NAMES) == Said("", (ADD,))


@pytest.mark.parametrize("template", ["<tool_call>", "<tool_call> <function=", "[TOOL_CALLS]", ""])
def test_where_any_function_will_do_the_call_begins_as_one_by_name(template: str) -> None:
    assert beginning(template, "add").startswith(beginning(template, ""))
