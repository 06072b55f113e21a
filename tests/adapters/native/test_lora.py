"""An adapter that is more than B A is refused by its configuration; the sums are tested where torch is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.native.evaluator.errors import ModelError
from adapters.native.evaluator.models.lora import merge

LORA = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "bias": "none"}


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (LORA | {"use_dora": True}, "the adapter uses use_dora, which this version does not"),
        (LORA | {"modules_to_save": ["lm_head"]}, "the adapter uses modules_to_save"),
        (LORA | {"alora_invocation_tokens": [1, 2]}, "the adapter uses alora_invocation_tokens"),
        (LORA | {"layer_replication": [[0, 2]]}, "the adapter uses layer_replication"),
        (LORA | {"init_lora_weights": "pissa_niter_4"}, "the adapter goes with weights that training changed"),
        (LORA | {"bias": "all"}, "the adapter changes biases, too"),
        (LORA | {"lora_alpha": None}, "the adapter has no number lora_alpha"),
        ({"peft_type": "IA3"}, "the adapter is no LoRA adapter"),
        ([1], "the adapter is no LoRA adapter"),
    ],
)
def test_an_adapter_of_another_kind_is_refused_with_what_to_do(tmp_path: Path, config: Any, reason: str) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")

    with pytest.raises(ModelError, match=reason) as caught:
        merge(object(), tmp_path)

    assert "merge_and_unload" in caught.value.hint


@pytest.mark.parametrize("content", [None, "{"])
def test_a_folder_without_a_configuration_is_no_adapter(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "adapter_config.json").write_text(content, encoding="utf-8")

    with pytest.raises(ModelError, match=r"has no readable adapter_config\.json") as caught:
        merge(object(), tmp_path)

    assert "adapter_model.safetensors" in caught.value.hint
