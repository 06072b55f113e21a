"""Options of loading: what reaches the job, what is mounted, what makes no sense."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.native.adapter import ADAPTER
from adapters.native.contract import NativeLoading, dumps, loads
from adapters.native.translate import native_task
from hub.adapter import Evaluation, ModelTarget
from tests.adapters.native.native_task import ENDPOINT, WEIGHTS, evaluation, request

OWN = Path("/home/u/own.csv")


def with_options(model: ModelTarget = WEIGHTS, **options: Any) -> Evaluation:
    return evaluation(request("general_mcq", path=OWN), model=model, options=options)


def complaint(model: ModelTarget = WEIGHTS, **options: Any) -> tuple[Any, str]:
    (found,) = ADAPTER.complain(with_options(model, **options))
    return found.path, found.message


def test_what_the_options_say_reaches_the_job() -> None:
    asked = with_options(adapter="/home/u/lora", attention="eager", device_map="balanced", trust_remote_code=True)

    task = loads(dumps(native_task(asked)))

    assert task.model.loading == NativeLoading(
        adapter="/models/m.adapter", attention="eager", device_map="balanced", trust_remote_code=True
    )


def test_code_from_the_checkpoint_is_not_trusted_by_default() -> None:
    assert native_task(with_options()).model.loading == NativeLoading()


def test_folders_are_mounted_beside_the_weights() -> None:
    asked = with_options(code="/home/u/code", model_class="mine:Model")

    asset = ADAPTER.assets(asked)[0]

    assert (asset.hub, asset.location, asset.target) == ("local", "/home/u/code", "/models/m.code")


def test_both_folders_are_paths_that_the_plan_makes_absolute() -> None:
    assert ADAPTER.path_options == ("adapter", "code")


def test_a_class_of_the_user_s_own_generates_unless_asked_otherwise() -> None:
    own = with_options(code="/c", model_class="mine:Model")
    asked = replace(own, datasets=(replace(own.datasets[0], scoring="choice"),))

    assert native_task(own).datasets[0].scoring == "generate"
    assert native_task(asked).datasets[0].scoring == "choice"


@pytest.mark.parametrize(
    ("options", "key", "words"),
    [
        ({"code": "/c"}, "code", "needs model_class, too: module:Class"),
        ({"model_class": "m:C"}, "model_class", "needs code, too: the folder that holds the class"),
        ({"code": "/c", "model_class": "m.C"}, "model_class", "give module:Class, not 'm.C'"),
        ({"code": "/c", "model_class": "m:C", "attention": "sdpa"}, "attention", "a class of yours loads its own"),
        ({"adapter": "/a", "quantization": {"quant_method": "x"}}, "adapter", "must not be quantized"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_place(options: dict[str, Any], key: str, words: str) -> None:
    path, message = complaint(**options)

    assert path == ("options", key)
    assert words in message


def test_an_unknown_attention_is_refused() -> None:
    path, message = complaint(attention="flash")

    assert path[:2] == ("options", "attention")
    assert "'eager', 'sdpa'" in message


@pytest.mark.parametrize("options", [{"adapter": "/a"}, {"trust_remote_code": True}, {"device_map": "auto"}])
def test_an_endpoint_loads_nothing(options: dict[str, Any]) -> None:
    _, message = complaint(ENDPOINT, **options)

    assert message.endswith("is for checkpoints; 'm' is an endpoint")


def test_the_number_of_workers_reaches_the_job() -> None:
    assert native_task(with_options()).workers == "auto"
    assert loads(dumps(native_task(with_options(workers=2)))).workers == 2


@pytest.mark.parametrize(("workers", "gpus"), [("auto", 8), (1, 8), (4, 8), (8, 8), (3, 0), ("auto", 0)])
def test_workers_that_have_their_gpus_are_no_complaint(workers: Any, gpus: int) -> None:
    assert ADAPTER.complain(replace(with_options(workers=workers), gpus=gpus)) == ()


@pytest.mark.parametrize(
    ("workers", "gpus", "message"),
    [
        (3, 2, "options.workers: 3 workers need a GPU each; the job has 2"),
        (3, 8, "options.workers: 3 workers cannot share 8 GPUs evenly; these can: 1, 2, 4, 8"),
    ],
)
def test_workers_without_gpus_of_their_own_are_refused(workers: int, gpus: int, message: str) -> None:
    (found,) = ADAPTER.complain(replace(with_options(workers=workers), gpus=gpus))

    assert (found.path, found.message, found.refuses) == (("options", "workers"), message, True)


def test_an_endpoint_has_no_workers() -> None:
    assert complaint(ENDPOINT, workers=2)[1] == "options.workers: workers is for checkpoints; 'm' is an endpoint"
