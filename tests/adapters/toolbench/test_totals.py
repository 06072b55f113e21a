"""Totals over items: what is the mean of what, and what is said where there is nothing to average."""

from __future__ import annotations

from adapters.toolbench.evaluator.static.agreement import UNANSWERED_GIVE_UP, compare
from adapters.toolbench.evaluator.static.totals import Figure, Totals, sum_up
from tests.adapters.toolbench.cases import GIVE_UP, TOOLS, answer, call

OSLO = call("weather", {"city": "Oslo"})


def totals(*pairs: tuple[str, str]) -> Totals:
    return sum_up([compare(target, prediction, TOOLS) for target, prediction in pairs])


def figure(of: Totals, name: str) -> Figure:
    (found,) = (figure for figure in of.figures if figure.name == name)
    return found


def test_a_mixed_set_has_every_figure() -> None:
    found = totals(
        (OSLO, OSLO),
        (OSLO, call("weather", {"city": "Rome"})),
        (call("cities"), call("weather")),
        (OSLO, call("storm")),
        (answer("sunny"), answer("sunny")),
        (answer("sunny"), "sunny"),
        (GIVE_UP, OSLO),
        (GIVE_UP, GIVE_UP),
    )

    values = {figure.name: figure.value for figure in found.figures}
    assert values == {
        "action_em": 2 / 4,
        "plan_em": 6 / 7,
        "f1": 1.5 / 4 + 1e-30,
        "easy_f1": 0.0 + 1e-30,
        "hard_f1": 1.5 / 4 + 1e-30,
        "hallu_rate": 1 / 8,
        "rouge_l": 0.999999995 / 2,
        "action_em_strict": 1 / 4,
        "plan_em_strict": 6 / 8,
    }
    assert (found.counted, found.dropped) == (7, {UNANSWERED_GIVE_UP: 1})


def test_an_empty_bucket_has_a_reason_in_the_place_of_a_number() -> None:
    found = totals((OSLO, OSLO))

    assert (figure(found, "easy_f1").value, figure(found, "rouge_l").value) == (None, None)
    assert figure(found, "easy_f1").absent == "no reference that counts calls a tool without arguments"


def test_nothing_at_all_has_only_reasons() -> None:
    assert all(figure.value is None and figure.absent for figure in totals().figures)


def test_a_mean_comes_with_its_uncertainty() -> None:
    found = figure(totals((OSLO, OSLO), (OSLO, call("cities"))), "action_em")

    assert (found.value, found.n) == (0.5, 2)
    assert found.stderr == 0.5
    assert found.ci95 is not None
