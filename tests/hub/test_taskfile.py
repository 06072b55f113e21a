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
        ({"limit": 0}, "limit: must be at least 1"),
        ({"limit": True}, "limit: must be a number, not true or false"),
        ({"limit": "ten"}, "limit: must be a whole number"),
        ({"name": "a/b"}, "name: use up to 64 letters"),
        ({"evaluations": []}, "evaluations: must not be empty"),
        ({"evaluations": {}}, "evaluations: must be a list"),
        ({"models": {}}, "models: must not be empty"),
        ({"models": {"m": {}}}, "models.m: give either checkpoint or endpoint"),
        ({"models": {"m": {"endpoint": "http://h"}}}, "models.m: an endpoint needs model"),
        ({"models": {"a/b": {"checkpoint": "x"}}}, "model name 'a/b'"),
        ({"resources": {"memory": "lots"}}, "resources.memory: 'lots' is not a size"),
        ({"resources": {"timeout": "soon"}}, "resources.timeout: 'soon' is not a duration"),
        ({"resources": {"memory": True}}, "resources.memory: must be a number, not true or false"),
        ({"resources": {"memory": "63m"}}, "resources.memory: must be at least 64 MiB"),
        ({"resources": {"memory": "2048t"}}, "resources.memory: must be less than 1024 TiB"),
        ({"resources": {"pids": 15}}, "resources.pids: must be at least 16"),
        ({"resources": {"pids": 1 << 22}}, "resources.pids: must be less than 4194304"),
        ({"seed": -1}, "seed: must be at least 0"),
        ({"seed": 1 << 53}, "seed: must be less than 9007199254740992"),
        (
            {"evaluations": [{"backend": "native", "datasets": [{"name": "gsm8k", "alias": "../x"}]}]},
            "up to 64 letters",
        ),
        ({"generation": {"max_new_tokens": 5}}, "this is generation.max_tokens"),
        (
            {"models": {"m": {"checkpoint": "./w", "serve": {"engine": "vlm"}}}},
            "'transformers' or 'llamacpp', not 'vlm'; did you mean 'vllm'?",
        ),
        ({"models": {"m": {"checkpoint": "./w", "serve": {"gpu": 1}}}}, "did you mean 'gpus'?"),
        ({"judge": {"model": "j"}}, "judge: give either checkpoint or endpoint"),
    ],
)
def test_wrong_values_are_named(change: dict[str, Any], wanted: str) -> None:
    text = yaml.safe_dump({**yaml.safe_load(GOOD), **change}, sort_keys=False)

    assert wanted in "\n".join(problems(text))


@pytest.mark.parametrize("gpus", [-1, 1025, 1.5, True, "many", None, {}, ["0", {}]])
def test_a_union_gives_one_problem_that_names_every_way(gpus: object) -> None:
    text = yaml.safe_dump({**yaml.safe_load(GOOD), "resources": {"gpus": gpus}}, sort_keys=False)

    (found,) = problems(text)

    assert found.endswith("resources.gpus: must be 'auto', a number of GPUs (0 to 1024), or a list of device ids")


def test_a_wrong_item_does_not_make_its_list_too_short() -> None:
    (found,) = problems(GOOD.replace("[gsm8k]", "[{name: gsm8k, limit: 0}]"))

    assert found.endswith("evaluations[0].datasets[0].limit: must be at least 1")


def test_keys_are_text_as_it_was_written() -> None:
    task = check(GOOD.replace("  m:", "  1:") + "    models: [1]\n")
    (found,) = problems(GOOD.replace("model: qwen", "model: qwen, 5: 6"))

    assert (list(task.spec.models), task.spec.evaluations[0].models) == (["1"], ("1",))
    assert found.startswith("3 models.m.5: unknown key")


@pytest.mark.parametrize(
    "word", ["no", "on", "Y", "0755", "0123456", "1:30", "0x1F", "1_000", "2024-07-01", "=", "1e5"]
)
def test_a_word_is_what_it_looks_like(word: str) -> None:
    task = check(GOOD.replace("model: qwen", f"model: qwen, revision: {word}") + "limit: 010\n")

    assert (task.spec.models["m"].revision, task.spec.limit) == (word, 10)


def test_a_merged_mapping_is_still_merged() -> None:
    task = check(
        "version: 1\nmodels:\n  a: &a {endpoint: http://h/v1, model: q}\n  b: {<<: *a, model: r}\n"
        "evaluations: [{backend: native, datasets: [gsm8k]}]\n"
    )

    assert (task.spec.models["b"].endpoint, task.spec.models["b"].model) == ("http://h/v1", "r")


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("[gsm8k]", "[gsm8k]\n    models: [m, m]", "evaluations[0].models[1]: 'm' stands here twice"),
        ("[gsm8k]", "[gsm8k]\n    models: []", "evaluations[0].models: must not be empty"),
        (
            "[gsm8k]",
            "[{name: gsm8k, subsets: [main, main]}]",
            "evaluations[0].datasets[0].subsets: 'main' stands here twice",
        ),
        ("[gsm8k]", "[gsm8k]\nresources: {gpus: [0, '0']}", "resources.gpus: '0' stands here twice"),
        ("[gsm8k]", "[{name: gsm8k, subsets: []}]", "evaluations[0].datasets[0].subsets: must not be empty"),
        ("[gsm8k]", "[gsm8k, {name: arc, alias: gsm8k}]", "evaluations[0].datasets[1]: 'gsm8k' stands here twice"),
        ("[gsm8k]", "[{name: 5}]", "native has no data set '5'"),
    ],
)
def test_what_stands_twice_or_is_empty_is_named_once(old: str, new: str, wanted: str) -> None:
    (found,) = problems(GOOD.replace(old, new))

    assert wanted in found


LONG = "x" * 5000
SERVED = "{endpoint: http://127.0.0.1:8000/v1, model: qwen}"


@pytest.mark.parametrize(
    ("checkpoint", "wanted"),
    [
        ("~nosuchuser/x", "no home folder is known for '~nosuchuser'"),
        ('"./a\\0b"', "cannot hold a NUL character"),
        ('"a\\0b"', "is no hub id"),
        (f"./{LONG}", "too long for a path"),
        ("./" + "y/" * 2500, "too long for a path"),
        (LONG, "is no hub id"),
        ("models/of/mine", "is no hub id (owner/name); a folder begins with ./, / or ~"),
        ('"\\ud800"', "half of a character"),
    ],
)
def test_a_checkpoint_that_can_be_none_is_a_problem_of_the_task(checkpoint: str, wanted: str) -> None:
    (found,) = problems(GOOD.replace(SERVED, f"{{checkpoint: {checkpoint}}}"))

    assert found.startswith("3 models.m.checkpoint: ")
    assert wanted in found
    assert len(found) < 200


@pytest.mark.parametrize("path", ["~nosuchuser/x", '"a\\0b"', LONG, '""'])
def test_a_data_path_that_can_be_none_is_a_problem_of_the_task(path: str) -> None:
    (found,) = problems(GOOD.replace("[gsm8k]", f"[{{name: gsm8k, path: {path}}}]"))

    assert found.startswith("6 evaluations[0].datasets[0].path: ")


def test_links_in_a_circle_are_a_problem_of_the_task(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    text = GOOD.replace(SERVED, "{checkpoint: ./loop}")

    with pytest.raises(TaskError, match="cannot be followed"):
        validate(parse_source(text, "t.yaml"), tmp_path)


def test_a_bare_name_with_a_folder_of_that_name_is_pointed_to_the_folder(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    text = GOOD.replace(SERVED, "{checkpoint: model}")

    with pytest.raises(TaskError, match=r"write '\./model'"):
        validate(parse_source(text, "t.yaml"), tmp_path)
    stated = validate(parse_source(text.replace("model}", "model, hub: huggingface}"), "t.yaml"), tmp_path)

    assert stated.spec.models["m"].place == "huggingface"


@pytest.mark.parametrize("name", ["bad\0name", "x" * 5000])
def test_a_task_file_that_can_be_none_is_a_task_error(name: str) -> None:
    with pytest.raises(TaskError, match="cannot be read"):
        load_task(name)


@pytest.mark.parametrize(
    "key", ["sk-proj-abc", "sk_live_abc", "gsk4hx9q8r7w6t5y4u3i2o1p", "hf_abcdefghijklmnopqrst12"]
)
def test_what_looks_like_a_key_is_refused_and_never_repeated(key: str) -> None:
    text = GOOD.replace("model: qwen", f"model: qwen, api_key_env: {key}")

    with pytest.raises(TaskError) as caught:
        check(text)

    (problem,) = caught.value.problems
    assert problem.key == "models.m.api_key_env"
    assert "the NAME of an environment variable" in problem.message
    assert key not in str(caught.value)
    assert key not in repr(caught.value.problems)


@pytest.mark.parametrize("name", ["K", "OPENAI_API_KEY", "MY_COMPANY_KEY_FOR_EVALUATION_2024", "my_key_2"])
def test_names_of_variables_are_not_taken_for_keys(name: str) -> None:
    assert check(GOOD.replace("model: qwen", f"model: qwen, api_key_env: {name}"))


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
@settings(max_examples=200)
def test_no_shape_of_task_gives_a_traceback(data: dict[str, Any]) -> None:
    try:
        load_task(data)
    except TaskError as error:
        assert all(problem.message for problem in error.problems)


def test_a_variable_that_is_not_set_is_one_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)

    (found,) = problems(GOOD.replace("model: qwen", "model: '${NOT_SET}'"))

    assert found == "3 models.m.model: the environment variable NOT_SET is not set"
