from typing import Any

import pytest
from pydantic import ValidationError

from hub.server import served_identity, with_servers
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
