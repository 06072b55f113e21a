from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub import hardware
from hub.finding import Finding
from hub.plan import Machine
from hub.room import room_for
from hub.settings import Settings
from hub.text import show_memory
from tests.hub.test_demand import GIB, checkpoint
from tests.hub.test_plan import plan


def room(settings: Settings, folder: Path, size: int, **resources: Any) -> tuple[Finding, ...]:
    gpus = replace(settings, gpus=(("0", 16 * GIB), ("1", 16 * GIB)))
    models = {"m": {"checkpoint": str(checkpoint(folder / "model", size))}}
    return room_for(plan(Machine(("0", "1"), settings.cache_dir), models=models, resources=resources), gpus)


def test_a_model_that_fits_is_said_with_its_size(settings: Settings, tmp_path: Path) -> None:
    (found,) = room(settings, tmp_path, 4 * GIB)

    assert (found.level, found.subject) == ("ok", "job 1-m-echo")
    assert found.message == "its weights take 4 GiB, there is 1 x 16 GiB of GPU memory"


@pytest.mark.parametrize("serve", [None, {"engine": "transformers", "memory": "3g"}])
def test_weights_larger_than_the_memory_of_who_computes_on_processors_are_a_caution(
    settings: Settings, tmp_path: Path, serve: dict[str, Any] | None
) -> None:
    model: dict[str, Any] = {"checkpoint": str(checkpoint(tmp_path / "model", 4 * GIB))}
    model |= {"serve": serve} if serve else {}
    made = plan(Machine((), settings.cache_dir), models={"m": model}, resources={} if serve else {"memory": "3g"})

    (found,) = room_for(made, settings)

    assert (found.level, found.subject) == ("warning", "server 'm'" if serve else "job 1-m-echo")
    assert found.message == "the model is too big: its weights take 4 GiB, it may use 3 GiB of memory"


@pytest.mark.parametrize("resources", [{}, {"memory": "900t"}])
def test_weights_larger_than_the_memory_of_this_machine_are_a_caution_whatever_the_task_allows(
    settings: Settings, tmp_path: Path, resources: dict[str, Any]
) -> None:
    models = {"m": {"checkpoint": str(checkpoint(tmp_path / "model", hardware.memory_bytes() + GIB))}}

    (found,) = room_for(plan(Machine((), settings.cache_dir), models=models, resources=resources), settings)

    assert found.level == "warning"
    assert f"this machine has {show_memory(hardware.memory_bytes())} of memory" in found.message


def test_of_weights_that_memory_holds_nothing_is_said(settings: Settings, tmp_path: Path) -> None:
    models = {"m": {"checkpoint": str(checkpoint(tmp_path / "model", 1 << 20))}}

    assert room_for(plan(Machine((), settings.cache_dir), models=models), settings) == ()


def test_a_served_judge_that_is_too_big_is_named(settings: Settings, tmp_path: Path) -> None:
    judge = {"checkpoint": str(checkpoint(tmp_path / "model", 20 * GIB)), "serve": {"engine": "transformers"}}
    models = {"m": {"endpoint": "http://h:1/v1", "model": "q"}}
    made = plan(Machine(("0",), settings.cache_dir), models=models, judge=judge)

    (found,) = room_for(made, replace(settings, gpus=(("0", 16 * GIB),)))

    assert (found.level, found.subject) == ("missing", "server 'judge'")


@pytest.mark.parametrize(
    ("engine", "dtype", "level"),
    [("transformers", "auto", "missing"), ("swift", "auto", "warning"), ("swift", "bfloat16", "missing")],
)
def test_a_server_that_chooses_the_dtype_itself_may_make_weights_smaller(
    settings: Settings, tmp_path: Path, engine: str, dtype: str, level: str
) -> None:
    weights = str(checkpoint(tmp_path / "model", 20 * GIB))
    models = {"m": {"checkpoint": weights, "dtype": dtype, "serve": {"engine": engine}}}
    made = plan(Machine(("0",), settings.cache_dir), models=models)

    (found,) = room_for(made, replace(settings, gpus=(("0", 16 * GIB),)))

    assert found.level == level


def test_a_model_larger_than_the_stated_gpu_is_missing_room(settings: Settings, tmp_path: Path) -> None:
    (found,) = room(settings, tmp_path, 20 * GIB, gpus=1)

    assert (found.level, found.subject) == ("missing", "job 1-m-echo")
    assert found.message == "the model is too big: its weights take 20 GiB, there is 1 x 16 GiB of GPU memory"
    assert "gpus: 0" in found.mend


def test_a_model_that_leaves_no_room_to_compute_is_a_caution(settings: Settings, tmp_path: Path) -> None:
    (found,) = room(settings, tmp_path, 15 * GIB, gpus=1)

    assert (found.level, found.message[:24]) == ("warning", "the model may be too big")


def test_automatic_gpus_are_enough_where_the_machine_has_them(settings: Settings, tmp_path: Path) -> None:
    (found,) = room(settings, tmp_path, 20 * GIB)

    assert (found.level, "2 x 16 GiB" in found.message) == ("ok", True)


def test_a_model_larger_than_all_gpus_is_missing_room(settings: Settings, tmp_path: Path) -> None:
    (found,) = room(settings, tmp_path, 40 * GIB)

    assert (found.level, "2 x 16 GiB" in found.message) == ("missing", True)


def test_weights_that_options_make_smaller_are_no_certain_failure(settings: Settings, tmp_path: Path) -> None:
    made = plan(
        Machine(("0",), settings.cache_dir),
        models={"m": {"checkpoint": str(checkpoint(tmp_path / "model", 20 * GIB))}},
        evaluations=[{"backend": "echo", "datasets": ["pairs"], "options": {"quantization": "4bit"}}],
    )

    (found,) = room_for(made, replace(settings, gpus=(("0", 16 * GIB),)))

    assert found.level == "warning"


@pytest.mark.parametrize("gpus", [(("0", 0),), (("0", 16 * GIB), ("1", 0))])
def test_of_gpus_whose_memory_nobody_knows_nothing_is_said(
    settings: Settings, tmp_path: Path, gpus: tuple[tuple[str, int], ...]
) -> None:
    models = {"m": {"checkpoint": str(checkpoint(tmp_path / "model", 20 * GIB))}}
    made = plan(Machine(("0",), settings.cache_dir), models=models, resources={"gpus": 1})

    assert room_for(made, replace(settings, gpus=gpus)) == ()
