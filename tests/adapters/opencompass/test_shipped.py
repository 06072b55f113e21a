"""What OpenCompass ships, against the catalog that was chosen from it."""

from __future__ import annotations

import pytest

from adapters.opencompass.catalog import Entry, catalog
from adapters.opencompass.shipped import Config, configs_of, counts_right_answers, groups_of

SHARES = {"accuracy", "humaneval_pass@1"}
POINTS_AND_MEANS = {"GaokaoBench", "lcsts", "Xsum"}


@pytest.mark.parametrize("entry", catalog().values(), ids=lambda entry: entry.name)
class TestEntry:
    def test_its_configurations_are_shipped_whole_and_ask_in_its_way(self, entry: Entry) -> None:
        for way, config in entry.configs.items():
            found = configs_of(entry)[config.rpartition("/")[2]]

            assert (found.way, found.lacks) == (way, ())

    def test_its_examples_are_as_many_as_can_be_counted(self, entry: Entry) -> None:
        for config in entry.configs.values():
            assert configs_of(entry)[config.rpartition("/")[2]].few_shot in {entry.few_shot, None}

    def test_its_headline_is_a_share_unless_it_is_points_or_a_mean(self, entry: Entry) -> None:
        every = [configs_of(entry)[config.rpartition("/")[2]].evaluators for config in entry.configs.values()]

        assert [counts_right_answers(evaluators) for evaluators in every] == [
            entry.name not in POINTS_AND_MEANS for _ in every
        ]


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("mmlu", {"humanities": 13, "stem": 19, "social-science": 12, "other": 13}),
        ("ceval", {"stem": 20, "social-science": 10, "humanities": 11, "other": 11, "hard": 8}),
        ("cmmlu", {"humanities": 13, "stem": 17, "social-science": 22, "other": 15, "china-specific": 15}),
        ("agieval", {"chinese": 12, "english": 9, "gaokao": 9}),
        ("gsm8k", {}),
    ],
)
def test_the_averages_over_subjects_are_those_of_opencompass(name: str, sizes: dict[str, int]) -> None:
    entry = catalog()[name]

    found = groups_of(entry, tuple(entry.parts))

    assert {group: len(parts) for group, parts in found.items()} == sizes
    assert all(set(parts) <= set(entry.parts) for parts in found.values())


def test_an_average_is_one_over_all_of_its_subsets_or_none() -> None:
    entry = catalog()["ceval"]
    stem = groups_of(entry, tuple(entry.parts))["stem"]

    assert set(groups_of(entry, stem)) == {"stem", "hard"}
    assert set(groups_of(entry, stem[1:])) == {"hard"}


def test_a_mixture_and_an_agent_are_neither_way() -> None:
    assert Config("x", 0, ("GenInferencer", "PPLInferencer"), ()).way is None
    assert Config("x", 0, ("AgentInferencer",), ()).way is None
    assert Config("x", 0, ("LLInferencer",), ()).way == "continuation"


def test_who_scores_must_be_known_and_alike() -> None:
    assert not counts_right_answers(())
    assert not counts_right_answers(("AccEvaluator", "RougeEvaluator"))
