"""Every way of starting an evaluation that Eval-Scope's documents showed: it plans here, or is told the new way."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from hub.cli import main
from hub.errors import TaskError
from hub.orchestrator import plan_task
from hub.settings import Settings
from hub.taskinput import load_any

ROOT_CACHE = "~/.cache/llmuses"
CHATGLM = "--model ZhipuAI/chatglm3-6b --template-type chatglm3"
OLD_ARGS = "--model-args revision=v1.0.2,precision=torch.float16,device_map=auto --use-cache true --limit 10"
GREEDY = "--model qwen/Qwen-1_8B --generation-config do_sample=false,temperature=0.0 --limit 10"
LOCAL = """--dataset-hub Local --dataset-args '{"arc": {"local_path": "/path/to/workdir/data/arc"}}'"""
ZERO_SHOT = """--dataset-args '{"%s": {"few_shot_num": 0, "few_shot_random": false}}'"""
OWN = """--dataset-args '{"general_qa": {"local_path": "/path/to/general_qa"}}'"""
COMMANDS: dict[str, tuple[str, str]] = {
    "simple": (f"{CHATGLM} --datasets arc", "arc"),
    "limit": (f"{CHATGLM} --datasets arc --limit 100", "first 100 rows"),
    "several": ("--model qwen/Qwen-1_8B-Chat --template-type qwen --datasets arc gsm8k --limit 10", "gsm8k"),
    "model args": (f"{CHATGLM} {OLD_ARGS} --datasets arc", "v1.0.2"),
    "other data": (f"{CHATGLM} {OLD_ARGS} --datasets mmlu ceval", "ceval"),
    "generation": (f"{GREEDY} --datasets gsm8k {ZERO_SHOT % 'gsm8k'}", "gsm8k"),
    "few shots": (f"{GREEDY} --datasets ceval {ZERO_SHOT % 'ceval'}", "ceval"),
    "local data": (f"{CHATGLM} --datasets arc {LOCAL}", "/path/to/workdir/data/arc"),
    "local data folder": (f"{CHATGLM} --datasets arc --dataset-hub Local --dataset-dir /data", "/data/arc"),
    "all offline": (
        f"--model /path/to/chatglm3-6b --template-type chatglm3 --datasets arc {LOCAL}",
        "/path/to/chatglm3",
    ),
    "own questions": (
        f"--model qwen/Qwen-1_8B-Chat --template-type qwen --datasets general_qa {OWN}",
        "/path/to/gen",
    ),
    "dry run": (f"{CHATGLM} --datasets arc --dry-run", "arc"),
    "Hugging Face": ("--model a/b --datasets arc --dataset-hub HuggingFace", "huggingface"),
    "one stage": ("--model a/b --datasets arc --stage infer", "runs whole evaluations, not 'infer' alone"),
    "own class": ("--model a/b --datasets arc --eval-type custom", "arc"),
    "service": ("--model a/b --datasets arc --eval-type service", "give the server's address as the model"),
    "third party": ("--model a/b --datasets arc --eval-backend ThirdParty", "backend: toolbench"),
}
NATIVE: dict[str, Any] = {
    "model_args": {"revision": None, "precision": "torch.float16", "device_map": "auto"},
    "generation_config": {"do_sample": False, "repetition_penalty": 1.0, "max_new_tokens": 512},
    "dataset_args": {},
    "dry_run": False,
    "model": "ZhipuAI/chatglm3-6b",
    "template_type": "chatglm3",
    "datasets": ["arc"],
    "work_dir": ROOT_CACHE,
    "outputs": ROOT_CACHE,
    "mem_cache": False,
    "dataset_hub": "ModelScope",
    "dataset_dir": ROOT_CACHE,
    "stage": "all",
    "limit": 10,
    "debug": False,
}
OPENCOMPASS = {
    "eval_backend": "OpenCompass",
    "eval_config": {
        "datasets": ["mmlu", "ceval", "ARC_c", "gsm8k"],
        "models": [
            {
                "path": "llama3-8b-instruct",
                "openai_api_base": "http://127.0.0.1:8000/v1/chat/completions",
                "batch_size": 8,
            }
        ],
        "work_dir": "outputs/llama3_eval_result",
        "limit": 10,
    },
}
VLMEVALKIT = {
    "eval_backend": "VLMEvalKit",
    "eval_config": {
        "data": ["SEEDBench_IMG", "ChartQA_TEST"],
        "limit": 20,
        "mode": "all",
        "model": [
            {
                "api_base": "http://localhost:8000/v1/chat/completions",
                "key": "EMPTY",
                "name": "CustomAPIModel",
                "temperature": 0.0,
                "type": "qwen-vl-chat",
            }
        ],
        "nproc": 1,
        "rerun": True,
        "work_dir": "output",
    },
}
JUDGED = {
    **VLMEVALKIT,
    "eval_config": {
        **VLMEVALKIT["eval_config"],  # type: ignore[dict-item]
        "OPENAI_API_KEY": "EMPTY",
        "OPENAI_API_BASE": "http://127.0.0.1:8866/v1/chat/completions",
        "LOCAL_LLM": "qwen2-7b-instruct",
    },
}
LOCAL_VLM = {
    "eval_backend": "VLMEvalKit",
    "eval_config": {"data": ["MMStar"], "model": [{"name": "qwen_chat", "model_path": "models/Qwen-VL-Chat"}]},
}
DICTS: dict[str, tuple[dict[str, Any], str]] = {
    "native": (NATIVE, "arc"),
    "native, two data sets": (
        {**NATIVE, "datasets": ["arc", "hellaswag"]},
        "arc",
    ),
    "OpenCompass": (OPENCOMPASS, "mmlu"),
    "VLMEvalKit": (VLMEVALKIT, "SEEDBench_IMG"),
    "VLMEvalKit with a judge": (JUDGED, "SEEDBench_IMG"),
    "VLMEvalKit with weights": (LOCAL_VLM, "MMStar"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_plans_or_is_told_the_new_way(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    flags, words = COMMANDS[name]

    with pytest.raises(SystemExit) as ended:
        main(["eval", *shlex.split(flags), "--print-task"])
    printed = capsys.readouterr()
    if ended.value.code == 2:
        assert words in printed.err
        assert "Traceback" not in printed.err
        return
    with pytest.raises(SystemExit):
        main(["eval", *shlex.split(flags), "--dry-run"])
    assert words in capsys.readouterr().out


@pytest.mark.parametrize("name", DICTS)
def test_a_dictionary_plans_or_is_told_the_new_way(name: str, settings: Settings) -> None:
    cfg, words = DICTS[name]

    try:
        plan = plan_task(load_any(cfg).task, settings)
    except TaskError as error:
        assert words in str(error)
    else:
        assert words in plan.jobs[0].evaluation.datasets[0].name


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_a_task_cfg_in_a_file_plans(suffix: str, tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / f"eval.{suffix}"
    path.write_text(json.dumps(NATIVE, indent=2))  # JSON is YAML

    assert len(plan_task(load_any(path).task, settings).jobs) == 1


def test_the_readmes_vision_task_becomes_a_task_with_a_judge() -> None:
    from hub.seed.draft import task_cfg_name
    from hub.seed.task_cfg import translate

    task = translate(JUDGED, name_of=task_cfg_name).task

    assert task["models"] == {
        "qwen-vl-chat": {
            "endpoint": "http://localhost:8000/v1/chat/completions",
            "model": "qwen-vl-chat",
            "modality": "vision",
            "concurrency": 1,
        }
    }
    assert task["judge"] == {
        "endpoint": "http://127.0.0.1:8866/v1/chat/completions",
        "model": "qwen2-7b-instruct",
    }
    assert task["limit"] == 20
