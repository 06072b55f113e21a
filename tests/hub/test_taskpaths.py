"""A hub id that is also the name of something here."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.source import parse_source
from hub.spec import TaskSpec
from hub.taskpaths import path_problems

TASK = "version: 1\nmodels: {m: {checkpoint: %s}}\nevaluations: [{backend: echo, datasets: [echo]}]\n"


def said(folder: Path, checkpoint: str) -> list[str]:
    source = parse_source(TASK % checkpoint, "t.yaml")
    return [problem.message for problem in path_problems(TaskSpec.model_validate(source.data), source, folder)]


@pytest.mark.parametrize(("name", "what"), [("mine", "folder"), ("mine.gguf", "file")])
def test_what_could_be_meant_as_a_path_is_asked_about(tmp_path: Path, name: str, what: str) -> None:
    if what == "folder":
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).touch()

    (message,) = said(tmp_path, name)

    assert f"a {what} of that name is here: write './{name}'" in message


def test_a_hub_id_is_none_of_that(tmp_path: Path) -> None:
    assert said(tmp_path, "Qwen/Q") == []
