"""What is missing is found before a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import pytest

from hub.adapter import Asset
from hub.check import _asset, check_code, check_inputs
from hub.finding import Finding
from hub.settings import load_settings
from tests.fakes.engine import FakeEngine
from tests.hub.test_plan import plan


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_data_that_are_neither_file_nor_folder_are_missing(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "data.jsonl" if kind == "pipe" else Path(os.devnull)
    if kind == "pipe":
        os.mkfifo(path)

    (found,) = _asset(Asset("dataset", "own", "/data/own", "local", str(path)), tmp_path)

    assert (found.level, found.message) == ("missing", f"{path}: neither a file nor a folder")


def test_files_that_own_data_lack_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    asset = Asset("dataset", "own", "/data/own", "local", str(tmp_path), patterns=("a.csv", "*/b.csv", "c", "d", "e"))

    (found,) = _asset(asset, tmp_path)

    assert (found.level, found.message) == (
        "missing",
        f"4 files of 5 are missing in {tmp_path}: */b.csv, c, d, e",
    )


@pytest.mark.parametrize(
    ("isolation", "allowed", "refused"),
    [("container", False, False), ("namespace", False, True), ("none", False, True), ("none", True, False)],
)
def test_programs_of_a_model_are_refused_outside_containers(
    isolation: Literal["container", "namespace", "none"], *, allowed: bool, refused: bool
) -> None:
    made = plan(allow_unsafe_code=allowed, evaluations=[{"backend": "echo", "datasets": ["pairs", "programs"]}])
    engine = FakeEngine(lambda _job, _output: None)
    engine.isolation = isolation

    found = check_code(made, engine)

    assert [part.subject for part in found] == (["dataset 'programs'"] if refused else [])
    assert all("allow_unsafe_code: true" in part.mend for part in found)


@pytest.mark.parametrize(("dataset", "asked"), [("pairs", ["served", "judge"]), ("programs", ["served"])])
def test_a_judge_is_asked_before_a_run_only_where_a_job_will_ask_it(dataset: str, asked: list[str]) -> None:
    def look(subject: str, _endpoint: str, _model: str, _key: str | None) -> list[Finding]:
        return [Finding("missing", subject, "no answer")]

    made = plan(
        models={"served": {"endpoint": "http://h:1/v1", "model": "q"}},
        judge={"endpoint": "http://h:3/v1", "model": "j"},
        evaluations=[{"backend": "echo", "datasets": [dataset]}],
    )

    found = check_inputs(made, load_settings({}), look)

    assert [part.subject for part in found] == [f"endpoint {name!r}" for name in asked]


@pytest.mark.parametrize(
    ("engine", "checkpoint", "said"),
    [
        ("llamacpp", "q.gguf", ""),
        ("llamacpp", ".", ""),
        ("llamacpp", "absent", "absent no such folder"),
        ("transformers", "q.gguf", "q.gguf is not a folder; llama.cpp alone loads it"),
        ("transformers", ".", "has no config.json, but a .gguf; llama.cpp alone loads it"),
    ],
)
def test_weights_are_in_the_format_of_the_server_that_loads_them(
    tmp_path: Path, engine: str, checkpoint: str, said: str
) -> None:
    (tmp_path / "q.gguf").touch()
    made = plan(models={"q": {"checkpoint": str(tmp_path / checkpoint), "serve": {"engine": engine}}})

    (found,) = (part for part in check_inputs(made, load_settings({})) if part.subject == "model 'q'")

    assert found.level == ("missing" if said else "ok")
    assert said in found.message
