"""What makes two requests the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.gateway.canonical import asked
from tests.hub.gateway.played import call, upstream

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.text(), JSON, max_size=5)


def key(cache="run", **changes):
    return asked(call(**{"fields": {"prompt": "2 + 2"}, **changes}), cache).key


@given(FIELDS, st.text(min_size=1))
def test_what_is_sent_is_what_was_asked_of_the_upstream_s_model(fields, model):
    made = call(fields=fields, upstream=upstream(model=model))

    assert json.loads(asked(made, "run").body) == {**fields, "model": model}


@given(FIELDS, st.randoms(use_true_random=False), st.text())
def test_neither_the_order_of_fields_nor_the_client_s_model_matters(fields, random, model):
    shuffled = list(fields.items())
    random.shuffle(shuffled)

    other = {**dict(shuffled), "model": model}

    assert key(fields=fields | {"model": "a"}) == key(fields=other)


@given(FIELDS, FIELDS)
def test_other_fields_are_another_request(one, other):
    encoded = [json.dumps({**fields, "model": ""}, sort_keys=True) for fields in (one, other)]

    assert (key(fields=one) == key(fields=other)) == (encoded[0] == encoded[1]) or inner_order_differs(one, other)


def inner_order_differs(one, other):
    return {**one, "model": 0} == {**other, "model": 0}


def test_the_order_inside_of_fields_matters_since_it_reaches_the_model():
    one, other = {"a": 1, "b": 2}, {"b": 2, "a": 1}

    assert key(fields={"tools": one}) != key(fields={"tools": other})
    assert json.dumps(other) in asked(call(fields={"tools": other}), "run").body.decode()


@pytest.mark.parametrize(
    "change",
    [
        {"upstream": upstream(identity="other weights")},
        {"upstream": upstream(base_url="http://other/v1")},
        {"upstream": upstream(model="other")},
        {"operation": "completions"},
        {"query": "a=b"},
        {"role": "judge"},
        {"dataset": "gsm8k"},
        {"sample": "17"},
        {"job_id": "other"},
    ],
)
def test_whatever_else_decides_an_answer_is_part_of_the_key(change):
    assert key(**change) != key()


def test_an_identity_stands_for_address_and_name():
    one, other = (upstream(identity="weights 1", base_url=f"http://{host}/v1") for host in "ab")

    assert key(upstream=one) == key(upstream=other)


def test_parts_of_the_scope_are_not_mistaken_for_one_another():
    assert key(dataset="a", sample="b") != key(dataset="a b") != key(dataset="", sample="a b")


def test_shared_answers_know_no_job_but_who_asks():
    assert key("shared", job_id="other") == key("shared")
    assert key("shared", dataset="gsm8k") != key("shared")


@pytest.mark.parametrize("fields", [{"temperature": 0}, {"temperature": 0.0, "n": 1}, {"temperature": 0, "n": None}])
def test_what_a_model_is_certain_of_is_shared_by_all_who_ask(fields):
    request = asked(call(fields=fields), "shared")

    assert not request.numbered
    assert key("shared", fields=fields, role="judge", dataset="gsm8k", sample="1", job_id="x") == request.key
    assert asked(call(fields=fields), "run").numbered


@pytest.mark.parametrize(
    "fields",
    [{}, {"temperature": 1}, {"temperature": 0, "n": 2}, {"temperature": None}, {"temperature": 0, "n": [1]}],
)
def test_other_answers_are_numbered(fields):
    assert asked(call(fields=fields), "shared").numbered
