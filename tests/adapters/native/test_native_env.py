"""What needs torch, run inside the Native environment: exact likelihoods, batched generation, whole evaluations."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.native.native_task import WEIGHTS, evaluation, request, write_jsonl
from tests.adapters.native.test_run import Job

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = Path(__file__).parent / "torch_scripts"
BUNDLED = ROOT / "configs" / "bundled"

pytestmark = pytest.mark.native_env


def execute(python: str, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", **env}
    return subprocess.run([python, *argv], env=variables, capture_output=True, text=True, check=False)


def script(python: str, name: str, *argv: str) -> Any:
    done = execute(python, str(SCRIPTS / name), *argv)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout else None


@pytest.fixture(scope="module")
def tiny(native_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    script(native_python, "tiny_model.py", str(folder), "float16")
    return folder


def copied(checkpoint: Path, folder: Path) -> Path:
    folder.mkdir()
    for file in checkpoint.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def evaluate(python: str, root: Path, model: Path, *datasets: Any, **options: Any) -> tuple[int, Job, str]:
    job = Job(root, evaluation(*datasets, model=WEIGHTS, options=options))
    (root / "models").mkdir()
    (root / "models" / "m").symlink_to(model)
    done = execute(python, "-m", "adapters.native.runner", EVALDOCK_ROOT=str(root))
    return done.returncode, job, done.stderr


def test_texts_tokenised_at_once_have_the_tokens_of_each_by_itself(native_python: str, tiny: Path) -> None:
    answer = script(native_python, "encoded.py", str(tiny))

    assert answer["found"] == answer["expected"]


@pytest.mark.parametrize("batch_tokens", ["64", "4096"])
def test_batched_likelihoods_are_those_of_a_plain_computation(
    native_python: str, tiny: Path, batch_tokens: str
) -> None:
    answer = script(native_python, "likelihoods.py", str(tiny), batch_tokens)

    assert answer["facts"]["dtype"] == "float32"  # on disk it is float16
    for found, expected in zip(answer["found"], answer["expected"], strict=True):
        assert found == pytest.approx(expected, abs=1e-4)


def test_a_tokenizer_that_puts_a_token_in_front_is_obeyed(native_python: str, tmp_path: Path) -> None:
    script(native_python, "tiny_model.py", str(tmp_path), "float32", "bos")
    answer = script(native_python, "likelihoods.py", str(tmp_path), "512")

    for found, expected in zip(answer["found"], answer["expected"], strict=True):
        assert found == pytest.approx(expected, abs=1e-4)


@pytest.fixture(scope="module")
def sharing(native_python: str) -> Any:
    return script(native_python, "sharing.py")


@pytest.mark.parametrize("kind", ["qwen2", "llama", "gemma2", "gpt2", "gpt_neox"])
def test_shared_beginnings_change_no_likelihood(sharing: Any, kind: str) -> None:
    found = sharing[kind]

    assert found["way"] == "Shared"
    assert found["stems"] >= 2
    assert found["far"] < 1e-3
    assert found["tokens"] < 0.25 * sharing["bloom"]["tokens"]


@pytest.mark.parametrize("kind", ["gemma2 with a short window", "llama with dynamic positions", "bloom"])
def test_a_model_whose_state_cannot_be_shared_is_computed_plainly(sharing: Any, kind: str) -> None:
    assert (sharing[kind]["way"], sharing[kind]["far"]) == ("Plain", 0)


@pytest.mark.parametrize("argument", ["attention_mask", "position_ids", "past_key_values"])
def test_a_model_that_does_not_obey_is_found_out(sharing: Any, argument: str) -> None:
    assert (sharing[f"deaf to {argument}"]["way"], sharing[f"deaf to {argument}"]["far"]) == ("Plain", 0)


@pytest.mark.parametrize(
    ("kind", "ways", "way"),
    [("texts", "echo logprobs", "echo"), ("labels", "echo logprobs", "top_logprobs 20, echo")],
)
def test_an_endpoint_s_likelihoods_are_those_of_its_checkpoint(
    native_python: str, kind: str, ways: str, way: str
) -> None:
    answer = script(native_python, "served_likelihoods.py", str(BUNDLED / "model"), kind, *ways.split())

    assert answer["way"] == way
    for found, expected in zip(answer["found"], answer["expected"], strict=True):
        assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("config", [{}, {"use_rslora": True, "alpha_pattern": {"v_proj": 20}}], ids=str)
def test_an_adapter_is_added_to_the_weights(
    native_python: str, tiny: Path, tmp_path: Path, config: dict[str, Any]
) -> None:
    answer = script(native_python, "adapter.py", str(tiny), str(tmp_path / "lora"), json.dumps(config))

    for found, expected, bare in zip(answer["found"], answer["expected"], answer["bare"], strict=True):
        assert found == pytest.approx(expected, abs=1e-3)
        assert found != pytest.approx(bare, abs=1e-1)
    assert answer["facts"]["adapter"].startswith("sha256:")


def test_an_adapter_of_other_shapes_is_refused(native_python: str, tiny: Path, tmp_path: Path) -> None:
    answer = script(native_python, "adapter.py", str(tiny), str(tmp_path / "lora"), '{"fan_in_fan_out": true}')

    assert "adapter and model have other shapes at 'model.layers.0.mlp.down_proj'" in answer["refused"]
    assert answer["refused"].endswith("Is it an adapter of this checkpoint?")


def test_an_adapter_on_weights_that_are_not_in_memory_is_refused(native_python: str, tmp_path: Path) -> None:
    said = script(native_python, "offloaded_adapter.py", str(tmp_path))

    assert said == (
        "the weights of 'proj' do not fit into memory beside the others, and an adapter cannot be added to them. "
        "Use more or larger GPUs, fewer workers, or a smaller dtype."
    )


def test_a_later_start_computes_the_very_numbers_of_an_uninterrupted_one(native_python: str, tiny: Path) -> None:
    answer = script(native_python, "resumed.py", str(tiny))

    assert answer["count"] == 60
    for late in answer["late"]:
        assert (late["missing"], late["same"]) == ([], True)
        assert late["count"] < 60  # batches of which all is known are left out


def test_batched_answers_are_those_of_one_prompt_at_a_time(native_python: str, tiny: Path) -> None:
    answer = script(native_python, "generations.py", str(tiny))

    assert answer["found"] == answer["expected"]
    assert any(answer["found"])


def test_an_answer_ends_at_a_stop_text(native_python: str, tiny: Path) -> None:
    whole = script(native_python, "generations.py", str(tiny))["found"]
    stop = whole[0][3:5]

    stopped = script(native_python, "generations.py", str(tiny), stop)["found"]

    assert stopped == [text.split(stop)[0] for text in whole]


def test_a_sampled_answer_depends_on_its_seed_and_name_and_not_on_its_batch(native_python: str, tiny: Path) -> None:
    said = script(native_python, "sampling.py", str(tiny))

    assert said["together"] == said["apart"] == said["backwards"]
    assert all(a != b for a, b in zip(said["together"], said["other names"], strict=True))
    assert all(a != b for a, b in zip(said["together"], said["other seed"], strict=True))
    assert said["chances"].keys() == said["frequencies"].keys()
    for text, chance in said["chances"].items():
        assert said["frequencies"][text] == pytest.approx(chance, abs=0.04)  # 4 standard errors of 3,000 draws


@pytest.fixture(scope="module")
def engines(native_python: str, tiny: Path) -> Any:
    return script(native_python, "continuous.py", str(tiny))


@pytest.mark.parametrize(
    "circumstances",
    ["all at once", "three rows", "few tokens", "one row", "room for two", "little room", "arriving", "lockstep"],
)
def test_answers_are_to_the_token_those_of_one_prompt_at_a_time(engines: Any, circumstances: str) -> None:
    assert engines[circumstances] == engines["plain"]
    assert len({len(tokens) for tokens in engines["plain"]}) > 3  # they end at different times


def test_no_more_answers_are_under_way_than_there_is_room_for(engines: Any) -> None:
    assert engines["most at once"] == 2


@pytest.fixture(scope="module")
def on_a_gpu(native_python: str, tiny: Path) -> Any:
    return script(native_python, "on_a_gpu.py", str(tiny))


def test_on_a_gpu_a_checkpoint_has_its_own_type_and_attention_goes_without_cudnn(on_a_gpu: Any) -> None:
    assert (on_a_gpu["facts"]["device"], on_a_gpu["facts"]["dtype"]) == ("made up", "float16")
    assert on_a_gpu["cudnn"] is False


def test_on_a_gpu_its_memory_decides_how_many_answers_are_under_way(on_a_gpu: Any) -> None:
    assert on_a_gpu["None"] == [512, on_a_gpu["free"] // 2 // on_a_gpu["token"]]


def test_batch_tokens_of_the_task_decide_on_a_gpu_too(on_a_gpu: Any) -> None:
    assert on_a_gpu["512"] is None  # four batches


def test_a_repetition_penalty_is_that_of_transformers(engines: Any) -> None:
    assert engines["penalty"] == engines["penalty plain"] != engines["plain"]


def test_requests_of_several_parameters_do_not_touch_each_other(engines: Any) -> None:
    assert engines["mixed"] == engines["mixed in lockstep"] == engines["mixed, each alone"]
    assert {reason for _, _, reason in engines["mixed"]} == {"stop", "length"}


def test_a_cancelled_request_is_heard_of_no_more_and_others_are(engines: Any) -> None:
    found = {int(number): tokens for number, tokens in engines["cancelled"].items()}

    assert {number for number in range(len(engines["plain"])) if number % 3} <= found.keys()
    assert found.keys() != set(range(len(engines["plain"])))
    assert all(tokens == engines["plain"][number] for number, tokens in found.items())


def test_an_answer_is_told_token_by_token_and_then_whole(engines: Any) -> None:
    tokens = engines["plain"][0]

    assert engines["told"] == ["start", *tokens, tokens]


@pytest.mark.parametrize("engine", ["continuous", "lockstep"])
def test_where_memory_is_short_the_batch_is_halved_and_no_answer_changes(engines: Any, engine: str) -> None:
    assert engines[f"failed, {engine}"] > 0
    assert engines[f"small memory, {engine}"] == engines["plain"]


def test_where_memory_is_too_short_to_choose_tokens_no_answer_changes(engines: Any) -> None:
    assert engines["failed to choose"] > 1
    assert engines["small memory to choose in"] == engines["plain"]


@pytest.fixture(scope="module")
def generating(native_python: str) -> Any:
    return script(native_python, "generating.py")


@pytest.mark.parametrize("kind", ["qwen2", "llama", "gemma2", "gpt2", "gpt_neox"])
def test_a_shared_beginning_of_prompts_is_computed_once_and_changes_no_answer(generating: Any, kind: str) -> None:
    found = generating[kind]

    assert found["right"]
    assert found["way"] == "continuous, 2800 tokens"
    assert found["tokens"] < 1.6 * generating["least"] < 0.2 * generating["all"]


def test_the_beginning_of_a_prompt_that_comes_later_is_not_computed_again(generating: Any) -> None:
    assert generating["qwen2"]["later"] == 3 * (90 + 9)  # behind the 150 tokens that all have
    assert generating["mamba"]["later"] == 3 * (240 + 9)


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        ("gemma2 with a short window", "continuous, 2800 tokens; in lockstep what reaches over the model's window"),
        ("bloom", "lockstep: ValueError"),
        ("mamba", "lockstep: the model has layers of type linear_attention"),
        ("deaf to attention_mask", "lockstep: in a continuous batch the log-probability of a token is"),
        ("deaf to position_ids", "lockstep: in a continuous batch the log-probability of a token is"),
    ],
)
def test_a_model_that_a_batch_cannot_serve_answers_in_lockstep(generating: Any, kind: str, way: str) -> None:
    assert generating[kind]["way"].startswith(way)
    assert generating[kind]["right"]


def test_every_way_of_scoring_runs(native_python: str, tiny: Path, tmp_path: Path) -> None:
    rows = [{"question": "An animal?", "choices": ["melon", "horse"], "answer": "B"}] * 5
    data = write_jsonl(tmp_path / "own.jsonl", rows)
    ways = ("choice", "continuation", "generate")
    datasets = [
        request("general_mcq", label=way, path=data, scoring=way, generation={"max_tokens": 4}) for way in ways
    ]

    code, job, log = evaluate(native_python, tmp_path / "job", tiny, *datasets)

    assert code == 0, log
    results = {result.dataset: result for result in job.normalized().results}
    assert [[metric.name for metric in results[way].metrics] for way in ways] == [
        ["accuracy"],
        ["accuracy", "acc_norm"],
        ["accuracy"],
    ]
    assert all(result.counts.complete for result in results.values())


def test_a_prompt_that_does_not_fit_is_the_model_s_error(native_python: str, tiny: Path, tmp_path: Path) -> None:
    rows = [{"question": "word " * 600, "answer": "x"}, {"question": "word", "answer": "x"}]
    data = write_jsonl(tmp_path / "qa.jsonl", rows)

    code, job, log = evaluate(native_python, tmp_path / "job", tiny, request("general_qa", path=data))

    assert code == 0, log
    (result,) = job.normalized().results
    assert (result.counts.model_error, result.counts.scored) == (1, 1)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("no config.json", "the checkpoint has no config.json (folder 'm')"),
        ("no model.safetensors", "the checkpoint in 'm' has no weights that transformers can load"),
        ("no tokenizer.json", "the checkpoint in 'm' has no usable tokenizer"),
        ("tensor", "the checkpoint in 'm' lacks 1 tensors"),
    ],
)
def test_a_broken_checkpoint_is_named_without_a_traceback(
    native_python: str, tiny: Path, tmp_path: Path, broken: str, reason: str
) -> None:
    model = copied(tiny, tmp_path / "model")
    if broken == "tensor":
        script(native_python, "drop_tensor.py", str(model / "model.safetensors"))
    else:
        (model / broken.removeprefix("no ")).unlink()
    data = write_jsonl(tmp_path / "qa.jsonl", [{"question": "q", "answer": "a"}])

    code, job, log = evaluate(native_python, tmp_path / "job", model, request("general_qa", path=data))

    assert code == 1
    assert reason in job.events()[-1]["reason"]
    assert reason in log.strip().splitlines()[-1]
    assert reason in job.normalized().results[0].absent


def test_an_attention_that_would_end_the_process_on_a_cpu_is_refused(
    native_python: str, tiny: Path, tmp_path: Path
) -> None:
    data = write_jsonl(tmp_path / "qa.jsonl", [{"question": "q", "answer": "a"}])

    code, job, _ = evaluate(
        native_python, tmp_path / "job", tiny, request("general_qa", path=data), attention="flex_attention"
    )

    assert code == 1
    assert job.normalized().results[0].absent == "attention: flex_attention needs a GPU. Use attention: sdpa."


# What is written over which file of a good checkpoint, and how the sentence begins.
BROKEN = [
    ("config.json", '{"a": ', "has a config.json that is not valid JSON"),
    ("config.json", "[1]", "has a config.json that is no JSON object"),
    ("config.json", '{"model_type": "foobar"}', "is of model type foobar"),
    ("config.json", '{"model_type": "t5"}', "holds a T5, which is no causal language model"),
    ("config.json", '{"a": 1}', "has a config.json without a model_type"),
    ("config.json", '{"model_type": "x", "auto_map": {"AutoConfig": "code.Config"}}', "needs code of its own"),
    ("tokenizer.json", '{"a"', "has a file of its tokenizer that is not valid JSON"),
    ("tokenizer.json", '{"a": 1}', "has a tokenizer that cannot be loaded (KeyError"),
    ("model.safetensors", "", "has a safetensors file that is damaged or incomplete"),
    ("model.safetensors", "version https://git-lfs.github.com/spec/v1\n", "has a Git LFS pointer in place of"),
    (
        "pytorch_model.bin",
        "cos\nsystem\n(S'touch PWNED'\ntR.",
        "has a weights file (pickle) that is damaged, or holds",
    ),
]


def test_what_transformers_says_becomes_one_sentence(native_python: str, tiny: Path, tmp_path: Path) -> None:
    folders = []
    for number, (file, content, _) in enumerate(BROKEN):
        folders.append(copied(tiny, tmp_path / str(number)))
        if file == "pytorch_model.bin":
            (folders[-1] / "model.safetensors").unlink()
        (folders[-1] / file).write_text(content.replace("PWNED", str(tmp_path / "PWNED")), encoding="utf-8")

    failed = script(native_python, "load.py", *map(str, folders))

    for number, (said, (_, _, reason)) in enumerate(zip(failed, BROKEN, strict=True)):
        assert said["reason"].startswith(f"the checkpoint in '{number}' {reason}")
        assert "\n" not in said["reason"]
        assert said["hint"]
    assert not (tmp_path / "PWNED").exists()


def test_parquet_is_read(native_python: str, tmp_path: Path) -> None:
    answer = script(native_python, "parquet.py", str(tmp_path))

    assert answer["first"] == {
        "question": "q0",
        "choices": {"text": ["x", "y"], "label": ["1", "2"]},
        "answerKey": "2",
    }
    assert (answer["count"], answer["place"], answer["gold"]) == (3, "test-0.parquet: row 3", "B")
    assert answer["error"].startswith("broken.parquet: not a readable parquet file")


@pytest.mark.skipif(not (BUNDLED / "model" / "config.json").is_file(), reason="the bundled model is not there")
def test_the_bundled_model_answers_the_bundled_data(native_python: str, tmp_path: Path) -> None:
    data = BUNDLED / "data"
    datasets = (
        request("general_mcq", label="mcq", path=data / "mcq.jsonl"),
        request("general_qa", label="qa", path=data / "qa.jsonl"),
        request("gsm8k", path=data / "word_problems", few_shot=0),
    )

    code, job, log = evaluate(native_python, tmp_path / "job", BUNDLED / "model", *datasets)

    assert code == 0, log
    values = {result.dataset: result.metrics[0].value for result in job.normalized().results}
    assert values["mcq"] is not None
    assert values["mcq"] > 0.3  # chance is 0.25
    assert all(result.counts.complete for result in job.normalized().results)
