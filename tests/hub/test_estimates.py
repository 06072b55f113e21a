from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.adapter import DatasetInfo, DatasetRequest, Estimate, Evaluation, ModelTarget, expected_rows
from hub.estimates import Bill, bills, estimates_of
from hub.registry import load_adapter
from hub.spec import PricesSpec

PRICES = PricesSpec(input=2.0, output=10.0)


def estimates(
    name: str, *, via: Any = "endpoint", backend: str = "native", judge: bool = False, **fields: Any
) -> tuple[Estimate, ...]:
    asked = Evaluation(
        backend=backend,
        model=ModelTarget("m", via),
        datasets=(replace(DatasetRequest(name, name), **fields),),
        seed=42,
        judge=judge,
    )
    return estimates_of(load_adapter(backend), asked)


def calls(name: str, **fields: Any) -> list[int | None]:
    return [estimate.calls for estimate in estimates(name, **fields)]


def test_a_row_of_the_published_data_is_a_call() -> None:
    assert calls("gsm8k") == [1319]


def test_a_limit_is_of_every_subset() -> None:
    assert calls("mmlu", limit=5) == [57 * 5]
    assert calls("mmlu", limit=5, subsets=("anatomy", "virology")) == [10]


def test_no_more_rows_are_asked_than_there_are() -> None:
    assert calls("gsm8k", limit=10_000) == [1319]


def test_each_repeat_is_a_call() -> None:
    assert calls("gsm8k", limit=10, options={"repeats": 4}) == [40]


def test_nobody_has_counted_the_users_own_rows(tmp_path: Any) -> None:
    assert calls("gsm8k", path=tmp_path) == [None]


@pytest.mark.parametrize(
    ("fields", "rows", "basis"),
    [
        ({}, 90, "of the published data"),
        ({"limit": 5}, 10, "of the published data"),
        ({"path": Path("/rows.jsonl"), "limit": 5}, None, "of your data, which nobody has counted"),
        ({"subsets": ("a",)}, None, "of the subsets, each of which nobody has counted"),
    ],
)
def test_it_is_said_which_rows_are_meant(fields: Any, rows: int | None, basis: str) -> None:
    info = DatasetInfo("d", "", ("generate",), "accuracy", 0, "x", subsets=("a", "b"), rows=90)

    assert expected_rows(replace(DatasetRequest("d", "d"), **fields), info) == (rows, basis)


def test_a_backend_that_knows_no_better_expects_a_call_a_row() -> None:
    asked = Evaluation("opencompass", ModelTarget("m", "endpoint"), (DatasetRequest("gsm8k", "mine"),), seed=42)

    (found,) = estimates_of(load_adapter("opencompass"), asked)

    assert found == Estimate("mine", "candidate", 1319, None, None, "one call a row of the published data")


def test_its_judge_is_asked_about_the_answers_of_those_data_sets_that_need_one() -> None:
    both = (DatasetRequest("DocVQA_VAL", "words"), DatasetRequest("MMVet", "open"))
    asked = Evaluation("vlmevalkit", ModelTarget("m", "endpoint"), both, seed=42, judge=True)

    found = estimates_of(load_adapter("vlmevalkit"), asked)

    assert [(part.role, part.dataset) for part in found] == [
        ("candidate", "words"),
        ("candidate", "open"),
        ("judge", "open"),
    ]
    assert found[2].calls == found[1].calls is not None


def test_nothing_is_asked_of_a_gateway_by_weights_in_the_job() -> None:
    assert calls("gsm8k", via="in_job") == []


@pytest.mark.parametrize(("via", "roles"), [("endpoint", ["candidate", "judge"]), ("in_job", ["judge"])])
def test_a_judge_is_asked_about_every_answer(via: str, roles: list[str]) -> None:
    found = estimates("simple_qa", via=via, judge=True, limit=50)

    assert [(part.role, part.calls) for part in found] == [(role, 50) for role in roles]


def test_a_judge_is_asked_nothing_by_a_data_set_that_needs_none() -> None:
    assert [part.role for part in estimates("gsm8k", judge=True)] == ["candidate"]


def test_an_adapter_that_knows_better_is_believed() -> None:
    assert calls("static/in_domain", backend="toolbench") != [None]


def test_a_bill_adds_up_what_is_known_of_a_role() -> None:
    first = Estimate("a", "candidate", 10, 1_000, None, "")
    second = Estimate("b", "candidate", 5, 500, 20, "")
    judged = Estimate("b", "judge", 5, None, None, "")

    found = list(bills([(first, 100), (second, 100), (judged, None)]))

    assert found == [
        Bill("candidate", 15, 1_500, 3_000, ()),
        Bill("judge", 5, None, None, ()),
    ]


def test_what_nobody_knows_makes_no_cost() -> None:
    (bill,) = bills(
        [(Estimate("a", "candidate", 10, 100, None, ""), 10), (Estimate("b", "candidate", None, None, None, ""), 10)]
    )

    assert (bill.unknown, bill.cost(PRICES), bill.answer_cost(PRICES)) == (("b",), None, None)


@pytest.mark.parametrize(
    ("bill", "cost", "answers"),
    [
        (Bill("candidate", 10, 1_000_000, None, ()), (2.0, 10.0), None),
        (Bill("candidate", 10, None, 500_000, ()), None, 5.0),
    ],
)
def test_costs_are_prices_of_a_million_tokens(
    bill: Bill, cost: tuple[float, float] | None, answers: float | None
) -> None:
    assert (bill.cost(PRICES), bill.answer_cost(PRICES)) == (cost, answers)
