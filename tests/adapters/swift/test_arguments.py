"""What SWIFT is told: where weights lie, and what they are where that is sure and nobody said it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.swift.arguments import ModelType, with_defaults

SEEING = "Qwen2_5_VLForConditionalGeneration"
KNOWN = {
    "qwen2": ModelType(["Qwen2ForCausalLM"]),
    "qwen2_gte": ModelType(["Qwen2ForCausalLM"]),
    "llama": ModelType(["LlamaForCausalLM"]),
    "yi": ModelType(["LlamaForCausalLM"]),
    "internlm2": ModelType(["InternLM2ForCausalLM"]),
    "qwen2_5_vl": ModelType([SEEING], sees=True, templates=["qwen2_5_vl", "mimo_vl"]),
}
TAKES_TEXT = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
TAKES_PARTS = "{% for part in messages[0]['content'] %}{{ part['text'] }}{% endfor %}"


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


def seeing(root: Path, template: str, *more: str) -> list[str]:
    (root / "models" / "q" / "chat_template.jinja").write_text(template)
    return given(root, *more, architectures=[SEEING], model_type="qwen2_5_vl")


def test_a_model_that_sees_is_asked_in_its_own_template_with_swifts_for_its_pictures(root: Path) -> None:
    found = seeing(root, TAKES_TEXT)

    assert found[2:6] == ["--template", "qwen2_5_vl", "--template_backend", "jinja"]


def test_one_whose_own_template_would_leave_text_out_keeps_swifts(root: Path) -> None:
    found = seeing(root, TAKES_PARTS)

    assert found[:2] == ["--model_type", "qwen2_5_vl"]
    assert found[2] == "--port"


@pytest.mark.parametrize(
    "said", [("--template", "x"), ("--template_backend=swift",), ("--use-chat-template", "false")]
)
def test_what_the_user_says_of_the_template_of_one_that_sees_is_kept(root: Path, said: tuple[str, ...]) -> None:
    found = seeing(root, TAKES_TEXT, *said)

    assert found[2] == "--port"


@pytest.mark.parametrize("place", ["models/q", "adapters/0"])
def test_what_a_training_run_of_swift_says_is_left_to_swift(root: Path, place: str) -> None:
    (root / place / "args.json").write_text("{}")

    found = given(root, "--adapters", "/adapters/0", architectures=["Qwen2ForCausalLM"], model_type="qwen2")

    assert found[0] == "--port"
