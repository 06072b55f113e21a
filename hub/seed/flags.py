"""The flags of `python -m llmuses.run` as texts -> the task_cfg that says the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hub.errors import Problem, TaskError
from hub.seed.values import assignments

_ASSIGNMENTS = ("model_args", "generation_config")


def task_cfg_of(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the task_cfg of the flags that were given (those that are None were not), texts parsed.

    Raises:
        TaskError: a text that is not what its flag takes.
    """
    cfg = {name: value for name, value in flags.items() if value is not None and value != ()}
    problems = []
    for name in _ASSIGNMENTS:
        if name in cfg:
            try:
                cfg[name] = assignments(cfg[name])
            except ValueError as error:
                problems.append(Problem(f"--{name.replace('_', '-')}", 0, "", str(error)))
    if "dataset_args" in cfg:
        try:
            cfg["dataset_args"] = json.loads(cfg["dataset_args"])
        except (ValueError, RecursionError) as error:
            message = (
                f'not JSON: {error}; write it in single quotes for the shell: \'{{"arc": {{"few_shot_num": 0}}}}\''
            )
            problems.append(Problem("--dataset-args", 0, "", message))
    if problems:
        raise TaskError(problems)
    return cfg
