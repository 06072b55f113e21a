"""What SWIFT is told: where weights lie, and what they are where that is sure and nobody said it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.swift.arguments import with_defaults

KNOWN = {
    "qwen2": (["Qwen2ForCausalLM"], False),
    "qwen2_gte": (["Qwen2ForCausalLM"], False),
    "llama": (["LlamaForCausalLM"], False),
    "yi": (["LlamaForCausalLM"], False),
    "internlm2": (["InternLM2ForCausalLM"], False),
    "qwen2_5_vl": (["Qwen2_5_VLForConditionalGeneration"], True),
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVALDOCK_ROOT", str(tmp_path))
    (tmp_path / "models" / "q").mkdir(parents=True)
    (tmp_path / "adapters" / "0").mkdir(parents=True)
    return tmp_path


def given(root: Path, *more: str, **config: Any) -> list[str]:
    (root / "models" / "q" / "config.json").write_text(json.dumps(config))
    return with_defaults(["--port", "1", "--model", "/models/q", *more], KNOWN)


def test_weights_and_adapters_are_taken_where_they_lie_here(root: Path) -> None:
    found = given(root, "--adapters", "/adapters/0", "--log_file", "/models/q")

    assert found == [
        *("--port", "1", "--model", f"{root}/models/q"),
        *("--adapters", f"{root}/adapters/0", "--log_file", "/models/q"),
    ]


@pytest.mark.parametrize(
    ("architecture", "own", "kind"),
    [
        ("Qwen2ForCausalLM", "qwen2", "qwen2"),
        ("LlamaForCausalLM", "llama", "llama"),
        ("InternLM2ForCausalLM", "internlm", "internlm2"),
    ],
)
def test_a_model_type_that_is_sure_is_given_with_the_checkpoints_own_template(
    root: Path, architecture: str, own: str, kind: str
) -> None:
    found = given(root, architectures=[architecture], model_type=own)

    assert found[:4] == ["--model_type", kind, "--template", "dummy"]


@pytest.mark.parametrize("config", [{}, {"architectures": ["New"], "model_type": "qwen2"}, {"architectures": []}])
def test_one_that_is_not_sure_is_left_to_swift(root: Path, config: dict[str, Any]) -> None:
    assert given(root, **config) == ["--port", "1", "--model", f"{root}/models/q"]


def test_of_several_types_none_is_taken_where_none_has_the_name_in_the_configuration(root: Path) -> None:
    assert "--model_type" not in given(root, architectures=["LlamaForCausalLM"], model_type="mistral")


@pytest.mark.parametrize("said", [("--model_type", "yi"), ("--model-type", "yi"), ("--model_type=yi",)])
def test_what_the_user_says_of_the_type_is_kept(root: Path, said: tuple[str, ...]) -> None:
    found = given(root, *said, architectures=["LlamaForCausalLM"], model_type="llama")

    assert "llama" not in found
    assert found[:2] == ["--template", "dummy"]


def test_what_the_user_says_of_the_template_is_kept(root: Path) -> None:
    found = given(root, "--template", "qwen", architectures=["Qwen2ForCausalLM"], model_type="qwen2")

    assert found[:2] == ["--model_type", "qwen2"]
    assert "dummy" not in found


def test_a_model_that_sees_keeps_the_template_that_swift_has_for_it(root: Path) -> None:
    found = given(root, architectures=["Qwen2_5_VLForConditionalGeneration"], model_type="qwen2_5_vl")

    assert found[:2] == ["--model_type", "qwen2_5_vl"]
    assert "--template" not in found


@pytest.mark.parametrize("place", ["models/q", "adapters/0"])
def test_what_a_training_run_of_swift_says_is_left_to_swift(root: Path, place: str) -> None:
    (root / place / "args.json").write_text("{}")

    found = given(root, "--adapters", "/adapters/0", architectures=["Qwen2ForCausalLM"], model_type="qwen2")

    assert found[0] == "--port"
