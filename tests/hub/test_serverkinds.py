"""What is run for each kind of server."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.images import all_names, load_image
from hub.serverkinds import KINDS, Served
from hub.serving.place import last_line
from hub.settings import Settings

LISTENS = "--host 127.0.0.1 --port {port}"


def command(engine: str, **more: object) -> str:
    served = Served(**{"name": "q", "weights": "/models/q", "dtype": "auto", **more})  # type: ignore[arg-type]
    return " ".join(KINDS[engine].command(served))


@pytest.mark.parametrize("engine", KINDS)
def test_what_no_user_may_say_is_what_the_command_says_itself(engine: str) -> None:
    said = {word.replace("_", "-") for word in command(engine).split()}
    unsaid = {"--socket", "--port", "--host", "--uds", "--model", "-m", "-a"}  # other ways, and other spellings

    assert set(KINDS[engine].ours) <= said | unsaid
    assert {word for word in said if word in {"--host", "--port", "--weights", "--model", "--alias"}} <= set(
        KINDS[engine].ours
    )


def test_our_own_server() -> None:
    found = command("transformers", dtype="float32", adapters=("/adapters/0",))

    assert found == (
        "python -m adapters.native.server --weights /models/q --name q --dtype float32 --adapter /adapters/0"
    )


def test_swift_decides_on_the_dtype_where_the_task_does_not() -> None:
    assert command("swift") == (
        "python -m adapters.swift --infer_backend transformers"
        " --temperature 1 --top_k 1000000 --top_p 1 --repetition_penalty 1"
        " --verbose false --log_interval -1 --log_level warning"
        f" {LISTENS} --model /models/q --served_model_name q"
    )


def test_swift_with_a_lora_adapter_of_a_training_run() -> None:
    assert command("swift", dtype="float32", adapters=("/adapters/0",)).endswith(
        "--served_model_name q --torch_dtype float32 --adapters /adapters/0"
    )


def test_vllm_on_several_gpus() -> None:
    assert command("vllm", gpus=2) == (
        f"python -m adapters.vllm /models/q --served-model-name q {LISTENS} --dtype auto"
        " --generation-config vllm --disable-uvicorn-access-log --tensor-parallel-size 2"
    )


def test_vllm_serves_the_adapter_under_the_models_name() -> None:
    found = command("vllm", gpus=1, adapters=("/adapters/0",))

    assert "--served-model-name q-base" in found
    assert found.endswith("--enable-lora --lora-modules q=/adapters/0")


def test_sglang_on_several_gpus() -> None:
    assert command("sglang", dtype="bfloat16", gpus=4) == (
        "python -m sglang.launch_server --model-path /models/q --served-model-name q"
        f" {LISTENS} --dtype bfloat16 --sampling-defaults openai --log-level-http warning --tp-size 4"
    )


@pytest.mark.parametrize(("gpus", "more"), [(0, ""), (1, " --n-gpu-layers 999")])
def test_llamacpp_has_the_whole_model_on_its_gpus(gpus: int, more: str) -> None:
    assert command("llamacpp", gpus=gpus) == (
        f"python -m adapters.llamacpp /models/q --alias q --jinja {LISTENS}"
        " --parallel 1 --no-kv-unified --no-context-shift --cache-ram 0 --threads-http 256"
        f" --temp 1 --top-k 0 --top-p 1 --min-p 0 --repeat-penalty 1{more}"
    )


@pytest.mark.parametrize("engine", KINDS)
def test_every_kind_has_an_image(engine: str) -> None:
    assert KINDS[engine].image in all_names()


@pytest.mark.parametrize("engine", KINDS)
def test_checkpoints_are_downloaded_where_the_hubs_clients_are(engine: str, settings: Settings) -> None:
    kind = KINDS[engine]

    fetching = load_image(kind.fetcher or kind.image, settings)

    assert "\nmodelscope" in fetching.lock.read_text()
    assert "\nhuggingface-hub" in fetching.lock.read_text()


CUT_FILE = """
0.00.005.825 E llama_model_load: error loading model: tensor 'blk.1' data is not within the file bounds
0.00.005.843 E llama_model_load_from_file_impl: failed to load model
0.00.006.147 E srv  llama_server: exiting due to model loading error
"""
HIGH_RANK = """
(EngineCore_DP0 pid=86) ERROR 11-19 12:54:26 [core.py:708]   File "vllm/lora/worker_manager.py", line 155
(EngineCore_DP0 pid=86) ERROR 11-19 12:54:26 [core.py:710] ValueError: LoRA rank 32 is greater than max_lora_rank 16.
(EngineCore_DP0 pid=86) ERROR 11-19 12:54:26 [core.py:711] Exception: WorkerProc failed. See stack trace for cause.
(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
"""


@pytest.mark.parametrize(
    ("engine", "log", "told"),
    [
        ("llamacpp", CUT_FILE, "data is not within the file bounds"),
        ("llamacpp", "error: invalid argument: --nonsense", "error: invalid argument: --nonsense"),
        ("vllm", HIGH_RANK, "LoRA rank 32 is greater than max_lora_rank 16."),
        ("transformers", "a\nb\n", "b"),
    ],
)
def test_the_line_of_a_log_that_says_why_is_found(tmp_path: Path, engine: str, log: str, told: str) -> None:
    (tmp_path / "log.txt").write_text(log)

    assert last_line(tmp_path, KINDS[engine].telling).endswith(told)
