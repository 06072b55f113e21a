"""Which models are known, by their configuration, not to share what they keep of a prompt."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from adapters.native.evaluator.models.proof import hindrance


class Config(SimpleNamespace):
    """A configuration as transformers has it: a text model's is its own."""

    def get_text_config(self) -> Config:
        return self


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"layer_types": ["full_attention", "linear_attention"]}, "the model has layers of type linear_attention"),
        ({"sliding_window": 99}, "the model looks back 99 tokens, the longest prompt has 100"),
        (
            {"rope_parameters": {"rope_type": "longrope"}},
            "the model's positions depend on the prompt's length (longrope)",
        ),
        ({"rope_scaling": {"type": "dynamic"}}, "the model's positions depend on the prompt's length (dynamic)"),
    ],
)
def test_a_state_that_holds_for_one_prompt_only_is_not_shared(config: dict[str, Any], reason: str) -> None:
    assert hindrance(Config(**config), 100) == reason


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"layer_types": ["full_attention", "sliding_attention"], "sliding_window": 100},
        {"sliding_window": 10, "use_sliding_window": False},
        {"sliding_window": None, "rope_parameters": {"rope_type": "llama3"}},
    ],
)
def test_nothing_is_known_against_other_models(config: dict[str, Any]) -> None:
    assert hindrance(Config(**config), 100) == ""
