import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from hub.errors import TaskError
from hub.overrides import Changes
from hub.spec import TaskSpec
from hub.taskinput import load_any

OWN = {
    "version": 1,
    "models": {"m": {"endpoint": "http://h/v1", "model": "q"}},
    "evaluations": [{"backend": "native", "datasets": ["gsm8k"]}],
}
SEED: dict[str, Any] = {"model": "a/b", "datasets": ["gsm8k"], "use_cache": True, "outputs": "~/runs"}


@dataclasses.dataclass
class TaskConfig:
    """The shape of llmuses.config.TaskConfig: every key is there, most at their defaults."""

    model: Any = "a/b"
    datasets: tuple[str, ...] = ("gsm8k",)
    eval_type: str = "custom"
    eval_backend: str = "Native"
    eval_config: dict[str, Any] = dataclasses.field(default_factory=dict)
    limit: int | None = None


def test_a_mapping_a_spec_and_a_file_are_the_same_task(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(json.dumps(OWN))

    specs = [load_any(form).task.spec for form in (OWN, TaskSpec.model_validate(OWN), path, str(path))]

    assert specs == [specs[0]] * 4


def test_a_task_cfg_says_what_has_no_effect_and_where_results_go() -> None:
    given = load_any(SEED)

    assert given.task.spec.models["b"].checkpoint == "a/b"
    assert given.outputs == Path("~/runs").expanduser()
    assert [remark.split(":")[0] for remark in given.remarks] == ["task_cfg['use_cache'] has no effect"]
    assert given.remarks[0] in given.task.source.text  # the run folder keeps it


def test_an_object_with_the_fields_of_a_task_config_is_one() -> None:
    assert load_any(TaskConfig(limit=3)).task.spec.limit == 3


def test_changes_come_after_the_translation() -> None:
    task = load_any(SEED, Changes(("models.b.dtype=float16",), 3)).task

    assert (task.spec.models["b"].dtype, task.spec.limit) == ("float16", 3)


def test_a_problem_names_the_key_that_the_user_wrote(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text("model: a/b\ndatasets: [gsm8]\n")

    with pytest.raises(TaskError) as mapping:
        load_any({"model": "a/b", "datasets": ["gsm8"]})
    with pytest.raises(TaskError) as file:
        load_any(path)

    assert "task_cfg['datasets'][0]: evaluations[0].datasets[0]: native has no" in str(mapping.value)
    assert f"{path}: datasets[0]: evaluations[0].datasets[0]: native has no data set 'gsm8'" in str(file.value)


def test_an_eval_config_may_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    models = [{"path": "m", "openai_api_base": "http://h/v1"}]
    path.write_text(json.dumps({"datasets": ["gsm8k"], "models": models}))

    given = load_any({"eval_backend": "OpenCompass", "eval_config": str(path)})

    assert given.task.spec.evaluations[0].backend == "opencompass"
    with pytest.raises(TaskError, match=r"task_cfg\['eval_config'\]: .*: no such file"):
        load_any({"eval_backend": "OpenCompass", "eval_config": str(tmp_path / "absent.yaml")})


def test_an_eval_config_may_be_written_out_as_json() -> None:
    config = {"datasets": ["gsm8k"], "models": [{"path": "m", "openai_api_base": "http://h/v1"}]}

    written = load_any({"eval_backend": "OpenCompass", "eval_config": f" {json.dumps(config)}"})

    assert written.task.spec == load_any({"eval_backend": "OpenCompass", "eval_config": config}).task.spec


@pytest.mark.parametrize("text", ["{'key': 'sk-secret'}", '{"key": "sk-secret"', "[sk-secret", "a: 1\nkey: secret"])
def test_an_eval_config_that_is_neither_json_nor_a_file_is_not_repeated(text: str) -> None:
    with pytest.raises(TaskError, match=r"task_cfg\['eval_config'\]: neither the name of a file nor JSON") as refused:
        load_any({"eval_backend": "OpenCompass", "eval_config": text})

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (3, "a task is a path, a mapping or a TaskSpec, not int"),
        (None, "not NoneType"),
        ({}, "is neither a task"),
        ({**OWN, "model": "a/b"}, "mixes a task"),
        ({**OWN, "seed": object()}, "seed: a object is no text, number, list or mapping"),
    ],
)
def test_what_is_no_task_is_refused_in_words(task: object, words: str) -> None:
    with pytest.raises(TaskError, match=words):
        load_any(task)


def test_paths_in_a_mapping_may_be_path_objects(tmp_path: Path) -> None:
    task = load_any({**OWN, "models": {"m": {"checkpoint": tmp_path}}}).task

    assert task.spec.models["m"].checkpoint == str(tmp_path)
