from typing import Any

import pytest
from pydantic import ValidationError

from hub.adapter import Asset
from hub.server import planned_server, serve_problems, served_identity, with_servers
from hub.spec import TaskSpec

SERVED = {"checkpoint": "Qwen/Q", "serve": {"engine": "transformers"}}


def task(models: dict[str, Any], **more: Any) -> TaskSpec:
    evaluations = [{"backend": "echo", "datasets": ["pairs"]}]
    return TaskSpec.model_validate({"version": 1, "models": models, "evaluations": evaluations, **more})


def test_a_served_checkpoint_is_behind_the_address_of_the_runs_own_server() -> None:
    found = with_servers(task({"q": SERVED, "w": {"checkpoint": "./w"}})).models

    assert (found["q"].endpoint, found["q"].model) == ("server:q", "q")
    assert found["w"].endpoint is None


def test_parts_with_the_same_weights_and_settings_share_one_server() -> None:
    other = {**SERVED, "dtype": "float32"}

    found = with_servers(task({"a": SERVED, "b": SERVED, "c": other}, judge=SERVED))

    assert [part.endpoint for part in found.models.values()] == ["server:a", "server:a", "server:c"]
    assert found.judge is not None
    assert found.judge.endpoint == "server:a"


def test_a_judges_server_has_a_name_of_its_own_beside_a_model_called_judge() -> None:
    found = with_servers(task({"judge": {"checkpoint": "./w"}}, judge=SERVED)).judge

    assert found is not None
    assert found.model == "judge-2"


def test_a_checkpoint_that_judges_needs_a_server() -> None:
    with pytest.raises(ValidationError, match="a checkpoint here needs serve"):
        task({"q": SERVED}, judge={"checkpoint": "Qwen/Q"})


def test_the_identity_names_weights_engine_and_what_changes_numbers() -> None:
    serve = {"engine": "swift", "adapters": ["./out"], "args": ["--x", 1], "memory": "8g", "timeout": 60}
    part = task({"q": {"checkpoint": "./w", "dtype": "float32", "serve": serve}}).models["q"]

    assert served_identity(part) == "local:./w served by swift (dtype float32, adapters ./out, args --x 1)"


def test_the_users_arguments_come_last_so_that_they_win() -> None:
    part = with_servers(task({"q": {**SERVED, "serve": {"engine": "vllm", "args": ["--dtype", "half"]}}})).models["q"]
    weights = Asset("model", "q", "/models/q", "local", "/w")

    planned = planned_server(part, (weights,), (), 0)

    assert planned.job.image == "vllm"
    assert planned.job.command[-2:] == ("--dtype", "half")
    assert planned.job.command.index("--dtype") < len(planned.job.command) - 2


@pytest.mark.parametrize(("gpus", "shared"), [(0, 1 << 30), (1, 1 << 30), (2, 32 << 30)])
def test_processes_that_split_a_model_have_shared_memory_to_meet_in(gpus: int, shared: int) -> None:
    part = with_servers(task({"q": {**SERVED, "serve": {"engine": "vllm"}}})).models["q"]

    planned = planned_server(part, (Asset("model", "q", "/models/q", "local", "/w"),), (), gpus)

    assert planned.job.limits.shm_bytes == shared


@pytest.mark.parametrize(
    ("serve", "place", "message"),
    [
        ({"engine": "llamacpp", "adapters": ["./a"]}, "adapters", "llamacpp takes 0 adapters at most"),
        ({"engine": "sglang", "adapters": ["./a"]}, "adapters", "sglang takes 0 adapters at most"),
        ({"engine": "swift", "adapters": ["./a", "./b"]}, "adapters", "swift takes 1 adapter at most"),
        (
            {"engine": "transformers", "args": ["--context", "64", "--socket", "/x"]},
            "args",
            "leave --socket out",
        ),
        ({"engine": "vllm", "args": ["--port=80"]}, "args", "leave --port=80 out"),
        ({"engine": "swift", "args": ["--served-model-name", "x"]}, "args", "leave --served-model-name out"),
        ({"engine": "swift", "args": ["--served_model_name", "x"]}, "args", "leave --served_model_name out"),
        ({"engine": "llamacpp", "args": ["-a", "x"]}, "args", "leave -a out"),
    ],
)
def test_what_a_kind_of_server_cannot_do_is_said_at_its_place(
    serve: dict[str, Any], place: str, message: str
) -> None:
    ((at, said),) = serve_problems(task({"q": {"checkpoint": "Qwen/Q", "serve": serve}}).models["q"])

    assert at == ("serve", place)
    assert message in said


@pytest.mark.parametrize(
    ("more", "args", "refused"),
    [
        ({"chat": False}, [], True),
        ({"chat": False}, ["--use_chat_template", "false"], False),
        ({}, [], False),
    ],
)
def test_swift_answers_plain_prompts_only_where_it_is_told_to(
    more: dict[str, Any], args: list[str], *, refused: bool
) -> None:
    part = task({"q": {**SERVED, **more, "serve": {"engine": "swift", "args": args}}}).models["q"]

    assert bool(list(serve_problems(part))) is refused


def test_llamacpp_loads_weights_as_they_are_stored() -> None:
    part = task({"q": {"checkpoint": "Qwen/Q", "dtype": "float32", "serve": {"engine": "llamacpp"}}}).models["q"]

    ((at, said),) = serve_problems(part)

    assert at == ("dtype",)
    assert "leave dtype out" in said
