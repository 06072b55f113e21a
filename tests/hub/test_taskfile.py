from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import TaskError
from hub.resources import shared_folder
from hub.source import parse_source
from hub.taskfile import LoadedTask, load_task, validate

GOOD = """\
version: 1
models:
  m: {endpoint: http://127.0.0.1:8000/v1, model: qwen}
evaluations:
  - backend: native
    datasets: [gsm8k]
"""


def check(text: str) -> LoadedTask:
    return validate(parse_source(text, "t.yaml"), Path("/tasks"))


def problems(text: str) -> list[str]:
    with pytest.raises(TaskError) as caught:
        check(text)
    return [f"{problem.line} {problem.key}: {problem.message}" for problem in caught.value.problems]


def test_a_good_task_loads() -> None:
    task = check(GOOD)

    assert task.spec.evaluations[0].datasets[0].name == "gsm8k"
    assert task.folder == Path("/tasks")


def test_all_problems_come_at_once_each_with_its_line() -> None:
    text = """\
version: 1
modles: {}
models:
  m: {endpoint: http://h/v1, model: q, concurency: 3}
evaluations:
  - backend: nativ
    datasets: [gsm8k]
  - backend: native
    datasets: [gsm8, {name: arc, limit: ten}]
    models: [n]
"""
    found = problems(text)

    assert [entry.split(" ", 1)[0] for entry in found] == ["2", "4", "6", "9", "9", "10"]
    assert "modles: unknown key; did you mean 'models'?" in found[0]
    assert "did you mean 'concurrency'?" in found[1]
    assert "no backend 'nativ'; did you mean 'native'?" in found[2]
    assert "did you mean 'gsm8k'?" in " ".join(found)
    assert "no model 'n'" in found[5]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"version": 2}, "version: must be 1, not 2"),
        ({"version": None}, "version: must be 1"),
        ({"engine": "podman"}, "must be 'auto', 'docker', 'venv', 'ray' or 'slurm', not 'podman'"),
        ({"limit": 0}, "limit: input should be greater than or equal to 1"),
        ({"limit": True}, "limit: must be a number, not true or false"),
        ({"limit": "ten"}, "limit: input should be a valid integer"),
        ({"name": "a/b"}, "name: use up to 64 letters"),
        ({"evaluations": []}, "evaluations: list should have at least 1 item"),
        ({"evaluations": {}}, "evaluations: input should be a list"),
        ({"models": {}}, "models: mapping should have at least 1 item"),
        ({"models": {"m": {}}}, "models.m: give either checkpoint or endpoint"),
        ({"models": {"m": {"endpoint": "http://h"}}}, "models.m: an endpoint needs model"),
        ({"models": {"a/b": {"checkpoint": "x"}}}, "model name 'a/b'"),
        ({"resources": {"memory": "lots"}}, "resources.memory: 'lots' is not a size"),
        ({"resources": {"timeout": "soon"}}, "resources.timeout: 'soon' is not a duration"),
        ({"resources": {"gpus": -1}}, "resources.gpus"),
        ({"generation": {"max_new_tokens": 5}}, "this is generation.max_tokens"),
        ({"judge": {"model": "j"}}, "judge.endpoint: this key is required"),
    ],
)
def test_wrong_values_are_named(change: dict[str, Any], wanted: str) -> None:
    text = yaml.safe_dump({**yaml.safe_load(GOOD), **change}, sort_keys=False)

    assert wanted in "\n".join(problems(text))


def test_a_key_in_place_of_its_name_is_refused_and_never_repeated() -> None:
    text = GOOD.replace("model: qwen", "model: qwen, api_key_env: sk-123-secret")

    found = "\n".join(problems(text))

    assert "NAME of an environment variable" in found
    assert "secret" not in found


def test_api_key_is_pointed_to_api_key_env() -> None:
    found = "\n".join(problems(GOOD.replace("model: qwen", "model: qwen, api_key: hush-hush")))

    assert "api_key_env" in found
    assert "hush" not in found


def test_one_data_set_twice_needs_an_alias() -> None:
    assert "give one of them an alias" in "\n".join(problems(GOOD.replace("[gsm8k]", "[gsm8k, gsm8k]")))


@pytest.mark.parametrize("text", ["", "[]", "just words", "42"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    assert problems(text)


def test_a_mapping_and_a_spec_are_tasks_too() -> None:
    plain = yaml.safe_load(GOOD)
    spec = load_task(plain).spec

    assert load_task(spec).spec == spec


@pytest.mark.parametrize(
    "path",
    sorted(p for p in shared_folder("configs").rglob("*.yaml") if "bundled" not in p.parts),
    ids=lambda p: p.stem,
)
def test_every_example_is_a_valid_task(path: Path) -> None:
    assert load_task(path).spec.evaluations


_KEYS = st.sampled_from(
    ["version", "models", "evaluations", "judge", "limit", "generation", "resources", "backend", "datasets", "name"]
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["native", "arc"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=6))
@settings(max_examples=200, deadline=None)
def test_no_shape_of_task_gives_a_traceback(data: dict[str, Any]) -> None:
    try:
        load_task(data)
    except TaskError as error:
        assert all(problem.message for problem in error.problems)
