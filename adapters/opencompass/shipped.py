"""What OpenCompass ships beside the catalog's choice, read from shipped.json: other configurations, and its averages.

shipped.json is made in OpenCompass's image: tests/adapters/opencompass/shipping.py says how, and a test compares.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from adapters.opencompass.catalog import Entry, Way

_LIKELIHOODS = frozenset({"PPLInferencer", "LLInferencer"})
# Their headline is 100 times the right answers by all answers, as their source says. Others give points
# (GaokaoBench), means over samples (rouge) or over several answers to one question (pass@k).
_COUNT_RIGHT_ANSWERS = frozenset(
    {
        *("AccEvaluator", "AccwithDetailsEvaluator", "EDAccEvaluator", "EMEvaluator", "LambadaEvaluator"),
        *("AGIEvalEvaluator", "AGIEvalEvaluator_mcq", "BBHEvaluator", "BBHEvaluator_mcq", "Gsm8kEvaluator"),
        *("MATHEvaluator", "MATHInternEvaluator", "PMMEvalMGSMEvaluator", "NQEvaluator", "TriviaQAEvaluator"),
        *("HumanEvalEvaluator", "MBPPEvaluator"),
    }
)

# They take an answer for the option that is nearest to it, an empty one too.
_GUESS = frozenset({"EDAccEvaluator"})
# What they compare with is the name of a task, whose tests they look up elsewhere.
_LOOK_UP = frozenset({"HumanEvalEvaluator"})


@dataclass(frozen=True)
class Config:
    """One of OpenCompass's configurations of a data set.

    Attributes:
        few_shot: worked examples in a prompt; None where they are part of its text, or differ from part to part.
        lacks: subsets of the catalog that it does not have; "" where it is no configuration of the whole.
    """

    name: str
    few_shot: int | None
    inferencers: tuple[str, ...]
    evaluators: tuple[str, ...]
    lacks: tuple[str, ...] = ()

    @property
    def way(self) -> Way | None:
        """Return how it asks; None where it does so in both ways, or by an agent."""
        kinds = {name in _LIKELIHOODS for name in self.inferencers}
        if len(kinds) > 1 or "AgentInferencer" in self.inferencers:
            return None
        return "continuation" if kinds == {True} else "generate"


def configs_of(entry: Entry) -> Mapping[str, Config]:
    """Return every configuration that OpenCompass ships of a data set, by name."""
    (folder,) = {config.partition("/")[0] for config in entry.configs.values()}
    return _configs()[folder]


def groups_of(entry: Entry, subsets: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Return OpenCompass's averages over some subsets of a data set, as far as all of them are among `subsets`."""
    groups = _content()["groups"].get(entry.name, {})
    return {name: tuple(parts) for name, parts in groups.items() if set(parts) <= set(subsets)}


def counts_right_answers(evaluators: tuple[str, ...]) -> bool:
    """Return whether the headline that OpenCompass's evaluators give is the share of right answers."""
    return bool(evaluators) and _COUNT_RIGHT_ANSWERS.issuperset(evaluators)


def may_favour_no_answer(evaluators: tuple[str, ...]) -> bool:
    """Return whether an answer that never came may be scored as a right one."""
    return not _GUESS.isdisjoint(evaluators)


def golds_are_names(evaluators: tuple[str, ...]) -> bool:
    """Return whether what OpenCompass calls the gold of a sample is only the name of its task."""
    return not _LOOK_UP.isdisjoint(evaluators)


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((Path(__file__).parent / "shipped.json").read_text(encoding="utf-8"))
    return content


@cache
def _configs() -> Mapping[str, Mapping[str, Config]]:
    return {
        folder: {name: _config(name, fields) for name, fields in configs.items()}
        for folder, configs in _content()["configs"].items()
    }


def _config(name: str, fields: Mapping[str, Any]) -> Config:
    lists = {key: tuple(fields.get(key, ())) for key in ("inferencers", "evaluators", "lacks")}
    return Config(name, fields["few_shot"], **lists)
