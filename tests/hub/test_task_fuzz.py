"""Whatever becomes of a task file, reading and planning it ends in a plan or in an error that the user can act on."""

import copy
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import EvaldockError, TaskError
from hub.orchestrator import plan_task
from hub.resources import shared_folder
from hub.settings import Settings
from hub.taskfile import load_task

FULL = """\
version: 1
name: full
models:
  local: {checkpoint: ./model, hub: local, dtype: auto, chat: true, revision: main}
  served: {endpoint: http://127.0.0.1:8000/v1, model: q, api_key_env: MY_KEY, concurrency: 4}
judge: {endpoint: http://127.0.0.1:8001/v1, model: j}
evaluations:
  - backend: native
    datasets:
      - arc
      - {name: gsm8k, few_shot: 4, limit: 50, scoring: generate, generation: {temperature: 0.5, stop: [x]}}
      - {name: general_mcq, alias: mine, path: ./rows.csv, options: {columns: {question: q}, prompt: "{{ row }}"}}
    models: [local, served]
    options: {batch_tokens: 4096}
limit: 100
seed: 42
generation: {top_p: 0.9, max_tokens: 64}
resources: {gpus: 0, memory: 4g, timeout: 2h}
engine: auto
network: none
"""
TEXTS = (FULL, *(path.read_text() for path in sorted((shared_folder("configs") / "native").glob("*.yaml"))))
ODD_NUMBERS = st.sampled_from([0, -1, 1.5, 1e300, float("nan"), float("inf"), 1 << 64, -(1 << 53), True])
ODD_WORDS = st.sampled_from(
    [
        "",
        " ",
        "no",
        "~nosuchuser/x",
        "../..",
        "/dev/null",
        "${ABSENT_HERE}",
        "${A:-",
        "a\0b",
        "x" * 5000,
        "模 型",
        "-1g",
    ]
)
SCALARS = (
    st.none() | ODD_NUMBERS | ODD_WORDS | st.integers() | st.text(max_size=12) | st.sampled_from(["native", "arc"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_WORDS | st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
SPLINTERS = st.sampled_from(
    [
        "\t",
        "\n",
        ": ",
        "- ",
        "[",
        "}",
        "&a ",
        "*a",
        "!!int ",
        "<<: *a\n",
        "---\n",
        "'",
        '"',
        "#",
        "|\n",
        "? ",
        "${",
        "\0",
        "\ufeff",
    ]
)
BOUND_S = 5.0  # a slow machine's; what is bounded at all ends in milliseconds


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value below the top."""
    for key, item in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield (*above, key)
        yield from places(item, (*above, key))


def mutate(draw: st.DrawFn, data: Any) -> Any:
    """Replace, remove, double, wrap or retype one value."""
    (*above, key) = draw(st.sampled_from(sorted(places(data), key=repr)))
    holder = data
    for part in above:
        holder = holder[part]
    value = holder[key]
    ways: dict[str, Callable[[], Any]] = {
        "replace": lambda: draw(VALUES),
        "retype": lambda: draw(st.sampled_from([str(value), [value], {"name": value}, {str(value): value}, None])),
        "nest": lambda: {"a": [value, {"b": value}]},
        "swap": lambda: copy.deepcopy(data),
    }
    way = draw(st.sampled_from([*ways, "delete", "double"]))
    if way == "delete":
        del holder[key]
    elif way == "double" and isinstance(holder, list):
        holder.append(copy.deepcopy(value))
    elif way == "double":
        holder[f"{key}{draw(st.sampled_from(['', '2', 's', '_env']))}"] = copy.deepcopy(value)
    else:
        holder[key] = ways[way]()
    return data


@st.composite
def mutated_data(draw: st.DrawFn) -> str:
    data = yaml.safe_load(draw(st.sampled_from(TEXTS)))
    for _ in range(draw(st.integers(1, 3))):
        if data:
            data = mutate(draw, data)
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


@st.composite
def mutated_text(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from([0, 0, 1, 2, 5, 30])))
        text = text[:start] + draw(SPLINTERS | st.text(max_size=4) | st.just(text[start:end] * 2)) + text[end:]
    return text


def outcome(raw: bytes) -> None:
    """Read and plan a task file; anything but a plan or an error with its place fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "t.yaml"
        path.write_bytes(raw)
        started = time.process_time()
        try:
            plan = plan_task(load_task(path), Settings(folder, folder / "cache", folder, folder))
        except TaskError as error:
            assert error.exit_code == 2
            assert error.problems
            assert all(part.file == str(path) and part.line > 0 and part.message for part in error.problems)
            assert all(part.line <= raw.count(b"\n") + raw.count(b"\r") + 8 for part in error.problems)
        except EvaldockError as error:
            assert error.exit_code == 3
            assert error.hint
        else:
            assert plan.jobs
        assert time.process_time() - started < BOUND_S
        assert [entry.name for entry in folder.iterdir()] == ["t.yaml"]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_the_tasks_that_are_mutated_are_good_ones(text: str, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(text)

    assert load_task(tmp_path / "t.yaml").spec.evaluations


@given(mutated_data())
@settings(max_examples=250)
def test_no_value_of_a_task_ends_in_a_surprise(text: str) -> None:
    outcome(text.encode("utf-8", "surrogatepass"))


@given(mutated_text())
@settings(max_examples=250)
def test_no_slip_of_the_keyboard_ends_in_a_surprise(text: str) -> None:
    outcome(text.encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-16")))
@settings(max_examples=250)
def test_no_bytes_end_in_a_surprise(raw: bytes) -> None:
    outcome(raw)
