from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import TaskError
from hub.overrides import Changes, changed
from hub.source import Source, parse_source
from hub.taskfile import validate

TASK = """\
version: 1
models:
  m: {endpoint: http://h/v1, model: q}
  qwen2.5: {checkpoint: ./x}
evaluations:
  - backend: native
    datasets: [arc, {name: gsm8k, limit: 50}]
    limit: 5
"""


def source() -> Source:
    return parse_source(TASK, "t.yaml")


def data(*settings: str, limit: int | None = None) -> Any:
    return changed(source(), Changes(settings, limit)).data


def problem(*settings: str) -> str:
    with pytest.raises(TaskError) as caught:
        validate(changed(source(), Changes(settings)), Path("/"))
    return str(caught.value.problems[0])


def test_nothing_to_change_leaves_the_users_own_text() -> None:
    task = source()

    assert changed(task, Changes()) is task


@pytest.mark.parametrize(
    ("setting", "where", "value"),
    [
        ("models.m.concurrency=3", ("models", "m", "concurrency"), 3),
        ("models.qwen2.5.dtype=float16", ("models", "qwen2.5", "dtype"), "float16"),
        ("generation.temperature=0.5", ("generation", "temperature"), 0.5),
        ("evaluations[0].datasets[1].limit=7", ("evaluations", 0, "datasets", 1, "limit"), 7),
        ("evaluations.0.datasets.0.few_shot=2", ("evaluations", 0, "datasets", 0), {"name": "arc", "few_shot": 2}),
        ("evaluations[0].datasets=[gsm8k]", ("evaluations", 0, "datasets"), ["gsm8k"]),
        ("resources={gpus: 0}", ("resources",), {"gpus": 0}),
        ("models.m.revision=2024-07-01", ("models", "m", "revision"), "2024-07-01"),
        ("evaluations[0].limit=", ("evaluations", 0, "limit"), None),
    ],
)
def test_a_setting_changes_its_key(setting: str, where: tuple[Any, ...], value: Any) -> None:
    node = data(setting)
    for part in where:
        node = node[part]

    assert node == value


def test_the_text_of_a_changed_task_is_the_changed_task_and_says_what_changed_it() -> None:
    text = changed(source(), Changes(("models.m.concurrency=3",), 4)).text

    assert text.startswith("# t.yaml\n# with --set models.m.concurrency=3\n# with --limit 4\n")
    assert yaml.safe_load(text)["models"]["m"]["concurrency"] == 3


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("models.m.concurency=3", "models.m.concurency: unknown key; did you mean 'concurrency'?"),
        ("generaton.temperature=1", "generaton: unknown key; did you mean 'generation'?"),
        ("models.m.concurrency=many", "models.m.concurrency: "),
        ("models.n.dtype=auto", "no model 'n'"),
        ("evaluations[3].limit=1", "evaluations is a list; give a position (0 to 0), not '3'"),
        ("evaluations.native.limit=1", "evaluations is a list; give a position (0 to 0), not 'native'"),
        ("version.x=1", "version is no mapping"),
        ("models.m.dtype", "write path=value"),
        ("=1", "write path=value"),
        ("limit=[", "not YAML"),
        ("evaluations[0].datasets[0]=gsm", "native has no data set 'gsm'; did you mean 'gsm8k'?"),
    ],
)
def test_what_is_wrong_names_the_flag_as_its_place(setting: str, words: str) -> None:
    found = problem(setting)

    assert found.startswith(f"--set {setting}: ")
    assert words in found


def test_what_the_file_says_wrong_keeps_its_line() -> None:
    task = parse_source(TASK.replace("    limit: 5\n", "    limit: five\n"), "t.yaml")

    with pytest.raises(TaskError) as caught:
        validate(changed(task, Changes(("seed=1",))), Path("/"))

    assert str(caught.value.problems[0]).startswith("t.yaml:8: evaluations[0].limit")


def test_a_limit_bounds_every_limit_and_raises_none() -> None:
    task = data(limit=10)

    assert task["limit"] == 10
    assert task["evaluations"][0]["limit"] == 5
    assert task["evaluations"][0]["datasets"][1]["limit"] == 10


@given(st.text(max_size=40), st.text(max_size=20))
def test_any_setting_changes_the_task_or_is_a_task_error(path: str, value: str) -> None:
    try:
        data(f"{path}={value}")
    except TaskError as error:
        assert error.problems


@given(st.lists(st.sampled_from(["models", "m", "evaluations", "0", "datasets", "name", "x", ""]), max_size=6))
def test_any_path_into_the_task_is_followed_or_refused(parts: list[str]) -> None:
    try:
        data(f"{'.'.join(parts)}=1")
    except TaskError as error:
        assert error.problems
