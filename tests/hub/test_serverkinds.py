"""What is run for each kind of server."""

from __future__ import annotations

import pytest

from hub.images import all_names
from hub.serverkinds import KINDS, Served

LISTENS = "--host 127.0.0.1 --port {port}"


def command(engine: str, **more: object) -> str:
    served = Served(**{"name": "q", "weights": "/models/q", "dtype": "auto", **more})  # type: ignore[arg-type]
    return " ".join(KINDS[engine].command(served))


def test_our_own_server() -> None:
    found = command("transformers", dtype="float32", adapters=("/adapters/0",))

    assert found == (
        "python -m adapters.native.server --weights /models/q --name q --dtype float32 --adapter /adapters/0"
    )


def test_swift_decides_on_the_dtype_where_the_task_does_not() -> None:
    assert command("swift") == (
        "python -m adapters.swift --infer_backend transformers --verbose false --log_interval -1 --log_level warning"
        f" {LISTENS} --model /models/q --served_model_name q"
    )


def test_swift_with_a_lora_adapter_of_a_training_run() -> None:
    assert command("swift", dtype="float32", adapters=("/adapters/0",)).endswith(
        "--served_model_name q --torch_dtype float32 --adapters /adapters/0"
    )


def test_vllm_on_several_gpus() -> None:
    assert command("vllm", gpus=2) == (
        f"vllm serve /models/q --served-model-name q {LISTENS} --dtype auto --tensor-parallel-size 2"
    )


def test_vllm_serves_the_adapter_under_the_models_name() -> None:
    assert command("vllm", gpus=1, adapters=("/adapters/0",)) == (
        f"vllm serve /models/q --served-model-name q-base {LISTENS} --dtype auto"
        " --enable-lora --lora-modules q=/adapters/0"
    )


def test_sglang_on_several_gpus() -> None:
    assert command("sglang", dtype="bfloat16", gpus=4) == (
        "python -m sglang.launch_server --model-path /models/q --served-model-name q"
        f" {LISTENS} --dtype bfloat16 --tp-size 4"
    )


@pytest.mark.parametrize(("gpus", "more"), [(0, ""), (1, " --n-gpu-layers 999")])
def test_llamacpp_has_the_whole_model_on_its_gpus(gpus: int, more: str) -> None:
    assert command("llamacpp", gpus=gpus) == (
        f"python -m adapters.llamacpp /models/q --alias q --jinja {LISTENS}{more}"
    )


@pytest.mark.parametrize("engine", KINDS)
def test_every_kind_has_an_image(engine: str) -> None:
    assert KINDS[engine].image in all_names()
