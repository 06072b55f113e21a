"""VLMEvalKit as a user runs it, on made-up data: every score to the last digit of VLMEvalKit's own files and lines."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import yaml

from adapters.vlmevalkit.catalog import catalog
from tests.adapters.vlmevalkit.tiny_answers import answer, verdict
from tests.adapters.vlmevalkit.tiny_data import TABLES, write_data
from tests.e2e.harness import Ran, evaldock
from tests.fakes.upstream import FakeUpstream

pytestmark = pytest.mark.e2e

ENGINE = "docker"
_ONCE = {"timeout": 2, "retry": {"attempts": 2, "first_wait": 0.01, "longest_wait": 0.01, "within": 3}}
# Columns of VLMEvalKit's tables that say what a row is about; all others are numbers.
_LABELS = ("split", "DATASET", "Category", "Task&Skill", "Subject", "set")
_COUNTS = ("tot", "hit", "prefetch")
# Its last lines: `MMDU  0.00% (0/3)  0.00% (0/3)  set=all|Overall Score  54.44  -  -`.
_LINE = re.compile(r"^(\S+) +\S+% \(\d+/\d+\) +\S+% \(\d+/\d+\) +(\S.*?) {2,}([\d.]+) +- +-$", re.MULTILINE)
Table = dict[str, str]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of TSVs."""
    return write_data(tmp_path_factory.mktemp("vlmevalkit") / "LMUData")


@pytest.fixture
def model() -> Iterator[FakeUpstream]:
    """Return an endpoint that sees, and is right about half the time."""
    with FakeUpstream(answer=answer, models=("seeing",)) as upstream:
        yield upstream


@pytest.fixture
def judge() -> Iterator[FakeUpstream]:
    """Return a judge."""
    with FakeUpstream(answer=verdict, models=("wise",)) as upstream:
        yield upstream


def run(
    folder: Path,
    data: Path,
    datasets: list[Any],
    model: FakeUpstream,
    judge: FakeUpstream | None = None,
    **more: Any,
) -> Ran:
    """Write a task and run it."""
    return evaldock(folder, "run", write_task(folder, data, datasets, model, judge, **more), "--engine", ENGINE)


def write_task(
    folder: Path,
    data: Path,
    datasets: list[Any],
    model: FakeUpstream,
    judge: FakeUpstream | None = None,
    **more: Any,
) -> str:
    task = {
        "version": 1,
        "name": "vlmevalkit",
        "models": {"m": {"endpoint": model.base_url, "model": "seeing", "modality": "vision", **_ONCE}},
        "evaluations": [{"backend": "vlmevalkit", "datasets": datasets, "options": {"data": str(data)}}],
        **({"judge": {"endpoint": judge.base_url, "model": "wise", **_ONCE}} if judge else {}),
        **more,
    }
    path = folder / "task.yaml"
    path.write_text(yaml.safe_dump(task))
    return str(path)


def made_up() -> list[str]:
    """Return every data set of the catalog that there are tables for."""
    known = catalog().values()
    return [entry.name for entry in known if entry.tables and set(entry.tables) <= set(TABLES) and not entry.unavailable]


def results(ran: Ran) -> dict[str, dict[str, Any]]:
    """Return the result for the whole of each data set."""
    (job,) = ran.report["jobs"]
    return {result["dataset"]: result for result in job["results"] if result["key"]["subset"] is None}


def output(ran: Ran) -> Path:
    (folder,) = (ran.folder / "jobs").glob("*/output")
    return folder


def of_status(ran: Ran) -> dict[str, Table]:
    """Return what VLMEvalKit's own status files say, read by ourselves: data set -> key -> literal."""
    found: dict[str, Table] = {}
    for file in (output(ran) / "vlmevalkit").glob("*/model/status.json"):
        content = json.loads(file.read_text(), parse_float=str, parse_int=str)
        for name, entry in content["datasets"].items():
            found[name] = {key: value for key, value in entry.get("metrics", {}).items() if value != "NaN"}
    return found


def of_file(path: Path) -> Table:
    """Return a file of scores as VLMEvalKit's status names its cells: `split=val|Overall` -> literal."""
    if path.suffix == ".json":
        found: Table = {}
        for key, value in json.loads(path.read_text(), parse_float=str, parse_int=str).items():
            cells = enumerate(value) if isinstance(value, list) else ()
            found.update({f"{key}|{place}": cell for place, cell in cells} or {key: value})
        return found
    with path.open(newline="") as file:
        return {
            "|".join([*(f"{label}={row[label]}" for label in _LABELS if label in row), column]): literal
            for row in csv.DictReader(file)
            for column, literal in row.items()
            if column not in _LABELS and literal
        }


def of_report(ran: Ran) -> dict[str, dict[tuple[str, str], str]]:
    """Return the report's literals: data set -> (file, key there) -> literal; a compilation's parts under its own name."""
    found: dict[str, dict[tuple[str, str], str]] = {}
    for result in ran.report["jobs"][0]["results"]:
        for metric in result["metrics"]:
            place = (metric["source"]["file"], metric["source"]["key"])
            key = place[1]
            if result["key"]["subset"]:  # split=none|Overall of one of its data sets
                head, _, tail = key.partition("|")
                key = f"{head}|DATASET={result['key']['subset']}|{tail}"
            found.setdefault(result["dataset"], {})[place[0], key] = metric["raw"]["literal"]
    return found


def assert_equal(ran: Ran) -> None:
    """Compare the report with VLMEvalKit's files, with its status, and with the lines that it prints."""
    files, statuses = of_report(ran), of_status(ran)
    for name, cells in files.items():
        for (file, key), literal in cells.items():
            if key.startswith("mean of "):  # over the data sets of a compilation, for which VLMEvalKit prints none
                parts = [float(cell) for (_, part), cell in cells.items() if part.endswith("|Overall")]
                assert float(literal) == pytest.approx(fmean(parts), abs=1e-15)
                continue
            assert of_file(output(ran) / file).get(key) == literal, (name, file, key)
        told = {key: literal for (_, key), literal in cells.items()}
        status = {key: value for key, value in statuses[name].items() if key.rpartition("|")[2] not in _COUNTS}
        assert {key: told.get(key) for key in status} == status, name
    printed = {name: (key, value) for name, key, value in _LINE.findall(log(ran))}
    assert printed.keys() == files.keys()
    for name, (key, value) in printed.items():
        assert value == f"{shown(key, statuses[name]):.4g}", name


def shown(key: str, status: Table) -> float:
    """Return the number that VLMEvalKit prints under a key; `Overall Acc` is the accuracy in percent."""
    if key in status:
        return float(status[key])
    assert key == "Overall Acc"
    share = status.get("split=none|Overall")
    return 100 * float(share) if share else float(status["Subject=Overall|acc"])


def log(ran: Ran) -> str:
    (file,) = (ran.folder / "jobs").glob("*/log.txt")
    return file.read_text()


def test_every_data_set_is_reported_as_vlmevalkit_scored_it(
    tmp_path: Path, data: Path, model: FakeUpstream, judge: FakeUpstream
) -> None:
    names = made_up()
    ran = run(tmp_path, data, names, model, judge)

    assert ran.code == 1, ran.err  # DocVQA_TEST has answers and no score
    found = results(ran)
    assert [name for name in names if not found[name]["metrics"]] == ["DocVQA_TEST"]
    assert len(names) >= 50
    assert_equal(ran)
