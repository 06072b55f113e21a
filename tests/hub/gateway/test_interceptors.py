import json

import pytest

from hub.gateway.call import Failure
from hub.gateway.config import Interceptor
from hub.gateway.interceptors import changed, with_interceptors
from tests.fakes.clock import run
from tests.hub.gateway.played import Server, call, said, upstream

ASKED = {"messages": [{"role": "user", "content": "2+2"}], "temperature": 0, "max_tokens": 100}
USER = ASKED["messages"]


def change(fields, *asked, operation="chat/completions"):
    return changed(fields, operation, tuple(Interceptor(kind, value) for kind, value in asked))


def test_parameters_are_dropped():
    assert change(ASKED, ("drop", ["temperature", "not_there"])) == {"messages": USER, "max_tokens": 100}


def test_parameters_are_added_in_place_of_others():
    assert change(ASKED, ("add", {"temperature": 1, "top_k": 5})) == {**ASKED, "temperature": 1, "top_k": 5}


def test_parameters_are_renamed():
    renamed = change(ASKED, ("rename", {"max_tokens": "max_completion_tokens", "not_there": "x"}))

    assert renamed == {"messages": USER, "temperature": 0, "max_completion_tokens": 100}


def test_names_may_be_swapped():
    assert change({"a": 1, "b": 2}, ("rename", {"a": "b", "b": "a"})) == {"b": 1, "a": 2}


def test_a_system_prompt_comes_first():
    prompted = change(ASKED, ("system_prompt", "Be brief."))

    assert prompted["messages"] == [{"role": "system", "content": "Be brief."}, *USER]


@pytest.mark.parametrize("role", ["system", "developer"])
def test_it_replaces_the_one_that_is_there(role):
    fields = {"messages": [{"role": role, "content": "Be long."}, *USER]}

    assert change(fields, ("system_prompt", "Be brief."))["messages"] == [
        {"role": "system", "content": "Be brief."},
        *USER,
    ]


@pytest.mark.parametrize("messages", [None, "text", {}])
def test_what_is_no_list_of_messages_is_left_to_the_upstream(messages):
    assert change({"messages": messages}, ("system_prompt", "x")) == {"messages": messages}


def test_a_text_completion_has_no_place_for_a_system_prompt():
    refused = change({"prompt": "2+2"}, ("system_prompt", "x"), operation="completions")

    assert isinstance(refused, Failure)
    assert (refused.status, refused.type, refused.code) == (400, "invalid_request_error", "no_system_prompt")


def test_embeddings_have_neither_system_prompt_nor_length():
    fields = {"input": "x"}

    assert change(fields, ("system_prompt", "x"), ("max_tokens", 5), operation="embeddings") == fields


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({"max_tokens": 100}, {"max_tokens": 50}),
        ({"max_tokens": 10}, {"max_tokens": 10}),
        ({"max_tokens": 0}, {"max_tokens": 0}),
        ({"max_tokens": -1}, {"max_tokens": 50}),
        ({"max_tokens": None}, {"max_tokens": 50}),
        ({"max_tokens": "many"}, {"max_tokens": 50}),
        ({"max_completion_tokens": 100}, {"max_completion_tokens": 50}),
        ({"max_completion_tokens": 100, "max_tokens": 10}, {"max_completion_tokens": 50, "max_tokens": 10}),
        ({}, {"max_tokens": 50}),
    ],
)
def test_no_request_asks_for_longer_answers(asked, sent):
    assert change(asked, ("max_tokens", 50)) == sent


def test_they_act_in_the_order_of_the_task_file():
    first = change({}, ("max_tokens", 50), ("rename", {"max_tokens": "max_completion_tokens"}))
    other = change({}, ("rename", {"max_tokens": "max_completion_tokens"}), ("max_tokens", 50))

    assert first == {"max_completion_tokens": 50}
    assert other == {"max_tokens": 50}


def test_the_client_s_own_fields_are_not_touched():
    before = json.dumps(ASKED)

    change(ASKED, ("system_prompt", "x"), ("drop", ["temperature"]), ("max_tokens", 1))

    assert json.dumps(ASKED) == before


def ask(*asked, **changes):
    server = Server(said("<think>a</think>4"))
    interceptors = tuple(Interceptor(kind, value) for kind, value in asked)

    async def steps():
        made = call(upstream(interceptors=interceptors), **changes)
        return made, await with_interceptors(server)(made)

    made, answer = run(steps())
    return made, answer, server.calls


def test_the_following_steps_see_the_changed_request_of_the_same_account():
    made, _, (sent,) = ask(("add", {"top_k": 5}))

    assert sent.fields["top_k"] == 5
    assert sent.account is made.account
    assert sent.closing is made.closing


@pytest.mark.parametrize(("value", "content"), [("strip", "4"), ("keep", "<think>a</think>4")])
def test_reasoning_is_stripped_or_kept(value, content):
    _, answer, _ = ask(("reasoning", value))

    assert json.loads(answer.body)["choices"][0]["message"]["content"] == content


def test_an_echoed_prompt_is_not_stripped():
    _, answer, _ = ask(("reasoning", "strip"), fields={"prompt": "x", "echo": True}, operation="completions")

    assert b"<think>" in answer.body


def test_a_refused_change_asks_nobody():
    _, answer, sent = ask(("system_prompt", "x"), operation="completions")

    assert answer.status == 400
    assert not sent
