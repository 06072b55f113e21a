"""The published schema of a task refuses in an editor what load_task refuses."""

import json

import pytest
from jsonschema import Draft7Validator

from hub.schema import schema_text

TASK = {
    "version": 1,
    "models": {"m": {"endpoint": "http://127.0.0.1:8000/v1", "model": "x"}},
    "evaluations": [{"backend": "native", "datasets": ["arc"]}],
}


@pytest.mark.parametrize(
    "change",
    [{"limit": -5}, {"seed": -1}, {"generation": {"temperature": -1}}, {"generation": {"top_p": 2}}, {"limt": 5}],
    ids=str,
)
def test_an_editor_refuses_what_is_out_of_bounds(change: dict[str, object]) -> None:
    validator = Draft7Validator(json.loads(schema_text("task")))

    assert validator.is_valid(TASK)
    assert not validator.is_valid({**TASK, **change})
