from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub import hardware
from hub.adapter import Asset
from hub.demand import Workload, workload_of
from hub.job import Job
from hub.plan import Machine
from hub.scheduler import PROCESSORS, why_never
from hub.server import PlannedServer
from hub.settings import Settings
from hub.spec import ServeSpec
from tests.hub.test_plan import plan

GIB = 1 << 30


def checkpoint(folder: Path, size: int, stored: str = "bfloat16") -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(f'{{"torch_dtype": "{stored}"}}')
    with (folder / "model.safetensors").open("wb") as file:
        file.truncate(size)  # a hole: it takes no disk
    return folder


def work(settings: Settings, weights: Path | str = "./model", **task: Any) -> Workload:
    resources = task.pop("resources", {})
    dtype = task.pop("dtype", "auto")
    models = task.pop("models", {"m": {"checkpoint": str(weights), "dtype": dtype}})
    gpus = tuple(name for name, _ in settings.gpus or ())
    return workload_of(plan(Machine(gpus, settings.cache_dir), models=models, resources=resources, **task), settings)


@pytest.fixture
def two_gpus(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(hardware, "cpus", lambda: 8)
    return replace(settings, gpus=(("0", 16 * GIB), ("1", 16 * GIB)))


@pytest.mark.parametrize(("size", "gpus"), [(1 * GIB, 1), (13 * GIB, 1), (14 * GIB, 2), (200 * GIB, 2)])
def test_a_checkpoint_gets_as_few_gpus_as_hold_it(two_gpus: Settings, tmp_path: Path, size: int, gpus: int) -> None:
    (item,) = work(two_gpus, checkpoint(tmp_path / "model", size)).items

    assert item.need.count == gpus


def test_weights_that_are_loaded_wider_take_more(two_gpus: Settings, tmp_path: Path) -> None:
    (item,) = work(two_gpus, checkpoint(tmp_path / "model", 10 * GIB), dtype="float32").items

    assert (item.need.count, item.need.device_bytes) == (2, 10 * GIB)


def test_all_gpus_go_to_a_checkpoint_that_is_not_here_yet(two_gpus: Settings) -> None:
    (item,) = work(two_gpus).items

    assert item.need.count == 2


JUDGE = {"checkpoint": "./judge", "serve": {"engine": "transformers"}}


@pytest.mark.parametrize("memory", [16 * GIB, 0])
def test_a_job_whose_judge_is_served_leaves_it_its_gpu(settings: Settings, memory: int) -> None:
    gpus = replace(settings, gpus=tuple((name, memory) for name in "012"))

    found = work(gpus, judge=JUDGE)

    ((bar,), (stint,)) = (found.schedule().bars, found.schedule().stints)
    assert (len(bar.devices), len(stint.devices)) == (2, 1)
    assert {*bar.devices, *stint.devices} == {"0", "1", "2"}


def test_a_job_and_its_judge_do_not_share_the_only_gpu(settings: Settings) -> None:
    found = work(replace(settings, gpus=(("0", 16 * GIB),)), judge=JUDGE)

    why = why_never(found.items[0], found.servers, found.capacity)

    assert why == "it and its servers need 2 GPUs of their own at once; there is 1"


def test_a_number_and_device_ids_are_kept(two_gpus: Settings, tmp_path: Path) -> None:
    weights = checkpoint(tmp_path / "model", GIB)

    (two,) = work(two_gpus, weights, resources={"gpus": 2}).items
    (named,) = work(two_gpus, weights, resources={"gpus": ["1"]}).items

    assert (two.need.gpus, named.need.devices) == (2, ("1",))


@pytest.mark.parametrize("gpus", ["auto", 1, ["1"]])
def test_weights_that_options_make_smaller_are_not_refused_a_gpu(
    two_gpus: Settings, tmp_path: Path, gpus: Any
) -> None:
    shrunk = {"backend": "echo", "datasets": ["pairs"], "options": {"quantization": "4bit"}}
    resources = {"gpus": gpus}

    found = work(two_gpus, checkpoint(tmp_path / "model", 60 * GIB), resources=resources, evaluations=[shrunk])

    assert why_never(found.items[0], {}, found.capacity) == ""


@pytest.mark.parametrize(("gpus", "each"), [(1, 24 * GIB), (2, 16 * GIB)])
def test_weights_that_arguments_may_make_smaller_get_the_largest_gpus(
    settings: Settings, tmp_path: Path, gpus: int, each: int
) -> None:
    machine = replace(settings, gpus=(("0", 16 * GIB), ("1", 24 * GIB)))
    serve = {"engine": "transformers", "args": ["--quantized"], "gpus": gpus}
    model = {"checkpoint": str(checkpoint(tmp_path / "model", 60 * GIB)), "serve": serve}

    found = work(machine, models={"m": model})

    assert why_never(found.items[0], found.servers, found.capacity) == ""
    assert found.servers["m"].need.device_bytes == each


def test_a_job_that_asks_a_server_gets_no_gpu(two_gpus: Settings) -> None:
    (item,) = work(two_gpus, models={"m": {"endpoint": "http://h:1/v1", "model": "q"}}).items

    assert item.need.count == 0


def test_jobs_of_one_server_take_turns_and_others_do_not(settings: Settings) -> None:
    models = {
        "a": {"endpoint": "http://h:1/v1", "model": "q"},
        "b": {"endpoint": "http://h:1", "model": "q"},
        "c": {"endpoint": "http://h:2/v1", "model": "q"},
    }

    first, second, third = sorted(work(settings, models=models).items, key=lambda item: item.id)

    assert first.lane == second.lane != third.lane


def test_jobs_that_compute_on_the_processors_take_turns(settings: Settings, two_gpus: Settings) -> None:
    models = {"a": {"checkpoint": "./a"}, "b": {"checkpoint": "./b"}}
    none = replace(settings, gpus=())

    assert {item.lane for item in work(none, models=models).items} == {PROCESSORS}
    assert {item.lane for item in work(two_gpus, models=models, resources={"gpus": 0}).items} == {PROCESSORS}
    assert {item.lane for item in work(two_gpus, models=models, resources={"gpus": 1}).items} == {""}


def test_a_stated_number_of_jobs_runs_at_once_whomever_they_ask(two_gpus: Settings) -> None:
    models = {"a": {"endpoint": "http://h:1/v1", "model": "q"}, "b": {"endpoint": "http://h:1/v1", "model": "q"}}

    found = work(two_gpus, models=models, resources={"jobs": 7})

    assert (found.capacity.slots, {item.lane for item in found.items}) == (7, {""})


@pytest.mark.parametrize(
    ("asked", "machine", "cpus", "slots"),
    [("auto", None, 8, 4), ("auto", None, 2, 2), ("auto", 6, 2, 6), (9, None, 2, 9), (9, 3, 8, 3), (1, None, 8, 1)],
)
def test_how_many_jobs_run_at_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, asked: Any, machine: int | None, cpus: int, slots: int
) -> None:
    monkeypatch.setattr(hardware, "cpus", lambda: cpus)

    found = work(replace(settings, gpus=(), jobs=machine), resources={"jobs": asked})

    assert found.capacity.slots == slots


def test_a_servers_jobs_run_beside_it_and_what_both_need_must_be_there(two_gpus: Settings, tmp_path: Path) -> None:
    made = plan(models={"m": {"endpoint": "http://h:1/v1", "model": "q"}})
    weights = Asset("model", "q", "/models/q", "local", str(checkpoint(tmp_path / "model", 10 * GIB)))
    job = Job("q", "native", ("serve",), {}, serves=True)
    server = PlannedServer("q", ServeSpec(engine="vllm"), "q", job, (weights,), gpus=2)
    planned = replace(made.jobs[0], servers=("q",))

    found = workload_of(replace(made, jobs=(planned,), servers=(server,)), two_gpus)

    assert found.servers["q"].need.device_bytes == 5 * GIB
    assert found.servers["q"].start_s > 30
    assert [stint.devices for stint in found.schedule().stints] == [("0", "1")]
    assert why_never(
        found.items[0],
        {"q": replace(found.servers["q"], need=replace(found.servers["q"].need, gpus=3))},
        found.capacity,
    ).startswith("it and its servers need 3 GPUs")
