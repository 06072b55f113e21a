"""VLMEvalKit as a user runs it, on made-up data: each score to the last digit of its own files and printed lines."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import yaml

from adapters.vlmevalkit.catalog import catalog
from hub.pictures import read_picture
from tests.adapters.vlmevalkit.tiny_answers import answer, luck, text_of, verdict
from tests.adapters.vlmevalkit.tiny_data import TABLES, rows_of, write_data, write_table
from tests.e2e.harness import EVALDOCK, HANGS_S, ROOT, Held, Ran, evaldock, mock_server
from tests.fakes.file_server import FileServer
from tests.fakes.upstream import FakeUpstream

pytestmark = pytest.mark.e2e

ENGINE = "docker"
CONFIGS = ROOT / "configs" / "vlmevalkit"
CONCURRENCY = 4
# A server that is slow because the machine is busy is waited for; one that never answers is soon given up.
_RETRY = {"attempts": 2, "first_wait": 0.01, "longest_wait": 0.01}
_PATIENT = {"timeout": HANGS_S, "retry": _RETRY}
_ONCE = {"timeout": 2, "retry": {**_RETRY, "within": 3}}
# Columns of VLMEvalKit's tables that say what a row is about; all others are numbers.
_LABELS = ("split", "DATASET", "Category", "category", "Task&Skill", "Subject", "set")
_COUNTS = ("tot", "hit", "prefetch", "num")
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
    *,
    engine: str = ENGINE,
) -> Ran:
    """Write a task and run it."""
    return evaldock(folder, "run", write_task(folder, data, datasets, model, judge), "--engine", engine)


def write_task(
    folder: Path,
    data: Path,
    datasets: list[Any],
    model: FakeUpstream,
    judge: FakeUpstream | None = None,
) -> str:
    task = {
        "version": 1,
        "name": "vlmevalkit",
        "models": {
            "m": {
                "endpoint": model.base_url,
                "model": "seeing",
                "modality": "vision",
                **patience(model),
                "concurrency": CONCURRENCY,
            }
        },
        "evaluations": [{"backend": "vlmevalkit", "datasets": datasets, "options": {"data": str(data)}}],
        **({"judge": {"endpoint": judge.base_url, "model": "wise", **patience(judge)}} if judge else {}),
    }
    path = folder / "task.yaml"
    path.write_text(yaml.safe_dump(task))
    return str(path)


def patience(server: FakeUpstream) -> dict[str, Any]:
    """Return how long its answers are waited for."""
    return _ONCE if server.fault and server.fault_when is bool else _PATIENT


def made_up() -> list[str]:
    """Return every data set of the catalog that there are tables for, by its own name."""
    runnable = [entry for entry in catalog().values() if entry.tables and not entry.unavailable]
    return list(dict.fromkeys(entry.name for entry in runnable if set(entry.tables) <= set(TABLES)))


def results(ran: Ran) -> dict[str, dict[str, Any]]:
    """Return the result for the whole of each data set."""
    (job,) = ran.report["jobs"]
    return {result["dataset"]: result for result in job["results"] if result["key"]["subset"] is None}


def output(ran: Ran) -> Path:
    (folder,) = (ran.folder / "jobs").glob("*/output")
    return folder


def of_runner(ran: Ran) -> dict[str, dict[str, Any]]:
    """Return what the runner wrote of each data set, by the name of its folder."""
    found: dict[str, dict[str, Any]] = json.loads((output(ran) / "status.json").read_text(), parse_int=str)[
        "datasets"
    ]
    return found


def of_status(ran: Ran) -> dict[str, tuple[str, Table]]:
    """Return what VLMEvalKit's own status files say, read by ourselves: label -> its own name, key -> literal."""
    found = {}
    for folder, entry in of_runner(ran).items():
        file = output(ran) / "vlmevalkit" / folder / "model" / "status.json"
        content = json.loads(file.read_text(), parse_float=str, parse_int=str)
        ((name, told),) = content["datasets"].items()
        metrics = {key: value for key, value in told.get("metrics", {}).items() if value != "NaN"}
        found[str(entry["dataset"])] = (str(name), metrics)
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
    """Return the report's literals: data set -> (file, key in it) -> literal."""
    found: dict[str, dict[tuple[str, str], str]] = {}
    for result in ran.report["jobs"][0]["results"]:
        for metric in result["metrics"]:
            place = (metric["source"]["file"], metric["source"]["key"])
            found.setdefault(result["dataset"], {})[place] = metric["raw"]["literal"]
    return found


def assert_equal(ran: Ran) -> None:
    """Compare the report with VLMEvalKit's files, with its status, and with the lines that it prints."""
    files, statuses, printed = of_report(ran), of_status(ran), {}
    for label, cells in files.items():
        name, metrics = statuses[label]
        for (file, key), literal in cells.items():
            assert literal == cell(ran, file, key, cells), (label, file, key)
        told = {key: literal for (_, key), literal in cells.items()}
        status = {key: value for key, value in metrics.items() if is_score(key, metrics)}
        assert {key: told.get(key) for key in status} == status, label
        printed[name] = metrics
    lines = {name: (key, value) for name, key, value in _LINE.findall(log(ran))}
    assert lines.keys() == printed.keys()
    for name, (key, value) in lines.items():
        assert value == f"{shown(key, printed[name]):.4g}", name


def is_score(key: str, metrics: Table) -> bool:
    """Return whether a number is a score, and not a count, nor the 0.0 of no rows at all."""
    row, _, column = key.rpartition("|")
    return column not in _COUNTS and metrics.get(f"{row}|num") != "0"


def cell(ran: Ran, file: str, key: str, cells: dict[tuple[str, str], str]) -> str | None:
    """Return what stands in a file under a key."""
    if file == "status.json":  # of the runner: how answers were read
        _, folder, count = key.split(".")
        return str(of_runner(ran)[folder][count])
    if file.endswith("/status.json"):  # VLMEvalKit's own
        content = json.loads((output(ran) / file).read_text(), parse_float=str, parse_int=str)
        ((_, told),) = content["datasets"].items()
        return str(told["metrics"][key])
    if key.startswith("mean of "):  # over the data sets of a compilation, for which VLMEvalKit prints none
        return str(fmean(float(literal) for (_, part), literal in cells.items() if part.endswith("|Overall")))
    return of_file(output(ran) / file).get(key)


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


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Ran:
    """Return a run of every data set that there are tables for, with a judge."""
    with (
        FakeUpstream(answer=answer, models=("seeing",)) as model,
        FakeUpstream(answer=verdict, models=("wise",)) as judge,
    ):
        ran = run(tmp_path_factory.mktemp("whole"), data, made_up(), model, judge)
    assert ran.runs.exists(), ran.err
    return ran


def test_every_data_set_is_reported_as_vlmevalkit_scored_it(whole: Ran) -> None:
    found = results(whole)

    assert whole.code == 1, whole.err  # DocVQA_TEST has answers and no score
    assert [name for name in made_up() if not found[name]["metrics"]] == ["DocVQA_TEST"]
    assert len(found) >= 50
    assert_equal(whole)


def test_the_scores_are_neither_all_nor_nothing(whole: Ran) -> None:
    values = {name: result["metrics"][0]["value"] for name, result in results(whole).items() if result["metrics"]}

    assert len({value for value in values.values() if value}) > 15
    assert sum(value in {0.0, 1.0} for value in values.values()) < 5


def test_each_sample_has_the_pictures_that_its_model_was_given(whole: Ran) -> None:
    (job,) = (whole.folder / "jobs").iterdir()
    samples = [json.loads(line) for line in (job / "samples.jsonl").read_text().splitlines()]
    paths = [(sample["dataset"], part["path"]) for sample in samples for part in pictures(sample)]

    assert {dataset for dataset, _ in paths} == set(made_up())
    assert all(read_picture(job / "output", path).kind == "jpeg" for _, path in paths)
    page = (whole.folder / "report.html").read_text()
    assert page.count("\njpeg;base64,") == len({(job / "output" / path).read_bytes() for _, path in paths})
    assert "pictures not embedded" not in page


def pictures(sample: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for message in sample["prompt"]:
        yield from (part for part in message["content"] if isinstance(part, dict) and part["type"] == "image")


def test_what_was_asked_of_model_and_judge_is_told_apart(whole: Ran) -> None:
    (job,) = whole.report["jobs"]
    candidate, judge = job["usage"]
    keys = {name: result["key"] for name, result in results(whole).items()}

    assert (candidate["role"], judge["role"]) == ("candidate", "judge")
    assert (
        candidate["calls"] == sum(len(rows_of(table)) for name in made_up() for table in catalog()[name].tables) + 6
    )
    assert 0 < judge["calls"] < candidate["calls"]
    assert keys["MMVet"]["judge"].endswith("/v1 wise")
    assert keys["ChartQA_TEST"]["judge"] == ""


def test_other_data_are_another_score(tmp_path: Path, whole: Ran, model: FakeUpstream, judge: FakeUpstream) -> None:
    names = ["MMStar", "MME", "ChartQA_TEST", "MMVet"]
    other = tmp_path / "LMUData"
    other.mkdir()
    for name in names:
        rows = rows_of(name)
        changed = [{**row, "answer": rows[number - 1]["answer"]} for number, row in enumerate(rows)]
        write_table(other / f"{name}.tsv", changed)

    ran = run(tmp_path, other, names, model, judge)

    assert ran.code == 0, ran.err
    assert_equal(ran)
    before, after = whole.scores(), ran.scores()
    assert [name for name in names if after[name] == before[name]] == []


def test_an_environment_scores_as_the_container_does(
    tmp_path: Path, data: Path, whole: Ran, model: FakeUpstream, judge: FakeUpstream
) -> None:
    names = ["MMStar", "MMBench_DEV_EN", "MME", "DocVQA_VAL", "COCO_VAL", "MMVet", "MathVista_MINI", "MMDU"]

    ran = run(tmp_path, data, names, model, judge, engine="venv")

    assert ran.code == 0, ran.err
    assert_equal(ran)
    assert ran.scores() == {name: whole.scores()[name] for name in names}


def test_without_a_judge_answers_are_matched_and_what_needs_one_is_refused(
    tmp_path: Path, data: Path, model: FakeUpstream
) -> None:
    refused = run(tmp_path, data, ["MMStar", "MMVet"], model)
    ran = run(tmp_path, data, ["MMStar", "POPE", "MMBench_DEV_EN"], model)

    assert refused.code == 2
    assert "MMVet" in refused.err
    assert "judge" in refused.err
    assert ran.code == 0, ran.err
    assert_equal(ran)
    assert (output(ran) / "vlmevalkit/mmstar/model/model_MMStar_exact_matching_result.tsv").is_file()
    assert {result["key"]["judge"] for result in results(ran).values()} == {""}


def test_an_endpoint_that_fails_leaves_no_score_not_even_nothing(tmp_path: Path, data: Path) -> None:
    with FakeUpstream(answer=answer, models=("seeing",), fault="500", fault_when=bool) as model:
        ran = run(tmp_path, data, ["MMStar", "HallusionBench", "MTVQA_TEST"], model)

    (job,) = ran.report["jobs"]
    assert (ran.code, job["state"]) == (1, "failed")
    assert [result for result in job["results"] if result["metrics"] or not result["absent"]] == []
    assert "0.0" not in [result["backend_value"] for result in job["results"]]
    assert all("500" in result["absent"] for result in job["results"])


def test_where_half_of_the_items_fail_the_score_is_withheld_and_says_of_how_many(tmp_path: Path, data: Path) -> None:
    def every_other(body: dict[str, Any]) -> bool:
        return bool(body) and luck(text_of(body)) % 2 == 0

    names = ["MMStar", "ChartQA_TEST", "OCRBench"]
    with FakeUpstream(answer=answer, models=("seeing",), fault="500", fault_when=every_other) as model:
        ran = run(tmp_path, data, names, model)
        failed = {text_of(request.json) for request in model.requests if every_other(request.json)}

    assert ran.code == 1
    for name, result in results(ran).items():
        lost = sum(f"[{name}#" in text for text in failed)
        counts = result["counts"]
        assert 0 < lost < counts["planned"] == len(rows_of(name))
        assert (counts["scored"], counts["infra_error"]) == (counts["planned"] - lost, lost)
        assert (result["metrics"], bool(result["backend_value"])) == ([], True)
        assert f"{lost} of its {counts['planned']} requests failed" in result["absent"]


def test_a_judge_that_fails_leaves_no_score_where_it_was_asked(
    tmp_path: Path, data: Path, model: FakeUpstream
) -> None:
    with FakeUpstream(answer=verdict, models=("wise",), fault="500", fault_when=bool) as judge:
        ran = run(tmp_path, data, ["MMVet", "RealWorldQA", "ChartQA_TEST"], model, judge)

    found = results(ran)
    assert ran.code == 1
    assert [name for name, result in found.items() if result["metrics"]] == ["ChartQA_TEST"]
    assert "judge" in found["MMVet"]["absent"]
    assert "judge" in found["RealWorldQA"]["absent"]


def test_a_run_killed_at_half_goes_on_asks_nothing_twice_and_scores_the_same(
    tmp_path: Path, data: Path, whole: Ran, model: FakeUpstream, judge: FakeUpstream
) -> None:
    names = ["OCRBench", "MME", "MTVQA_TEST"]
    model.answer = held = Held(answer, 30)
    task = write_task(tmp_path, data, names, model, judge)
    hub = subprocess.Popen(
        [EVALDOCK, "run", task, "--engine", ENGINE],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with held.midst():
        os.killpg(hub.pid, signal.SIGKILL)
        hub.wait()

    ran = evaldock(tmp_path, "resume")

    prompts = asked(model)
    assert ran.code == 0, ran.err
    assert_equal(ran)
    assert {name: ran.scores()[name] for name in names} == {name: whole.scores()[name] for name in names}
    assert len(set(prompts)) == 20 + 28 + 7
    assert len(prompts) <= len(set(prompts)) + CONCURRENCY  # those on their way when it was killed


def asked(upstream: FakeUpstream) -> list[str]:
    """Return the questions that reached the server."""
    return [json.dumps(request.json["messages"]) for request in upstream.requests if request.method == "POST"]


LONG = "striped " * 5000  # 40 kB
# What a spreadsheet would make something else of: formulas, quotes, line breaks, tabs, control characters, numbers.
ODD = (
    *("=5", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", 'a "quoted" word', "'single'", '"', "two\nlines", "a\ttab"),
    *("\x07 bell", "00123", "1e5", "3.0", "TRUE", "市場 ✓ é", "back\\slash", f"{LONG}end", "None of them", "N/A?"),
)


def test_odd_texts_in_tables_and_answers_stay_as_they_are(tmp_path: Path) -> None:
    rows = [
        {
            **rows_of("OCRBench")[number],
            "index": number,
            "question": f"[odd#{number}] {text if len(text) < 99 else 'long'}",
            "answer": str([text]),
        }
        for number, text in enumerate(ODD)
    ]
    table = write_table(tmp_path / "odd.tsv", rows)
    before = table.read_bytes()

    def parrot(body: dict[str, Any]) -> str:
        found = re.search(r"\[odd#(\d+)\]", text_of(body))
        return f"{ODD[int(found[1])]}" if found else ""

    with FakeUpstream(answer=parrot, models=("seeing",)) as model:
        ran = run(tmp_path, tmp_path, [{"name": "OCRBench", "path": str(table)}], model)

    (job,) = (ran.folder / "jobs").iterdir()
    samples = [json.loads(line) for line in (job / "samples.jsonl").read_text().splitlines()]
    assert ran.code == 0, ran.err
    assert_equal(ran)
    assert ran.scores()["OCRBench"]["final_score"] == 1.0
    assert {int(sample["id"]): sample["prediction"] for sample in samples} == dict(enumerate(ODD))
    assert table.read_bytes() == before


@pytest.mark.parametrize("engine", ["docker", "venv"])
def test_texts_that_would_run_when_evaluated_stay_texts(tmp_path: Path, judge: FakeUpstream, engine: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        mark = f"pwned-{port}"
        evil = (
            f"__import__('os').system('touch {mark} /job/output/{mark} /tmp/{mark} /data/{mark}') or "
            f"__import__('socket').create_connection(('127.0.0.1', {port}))"
        )
        tables = tmp_path / "LMUData"
        tables.mkdir()
        for name in ("MMStar", "OCRBench", "MMDU", "BLINK", "COCO_VAL", "MathVision", "MathVista_MINI"):
            rows = rows_of(name)
            spoiled = {"BLINK": "image", "MMDU": "question", "MathVista_MINI": "skills"}.get(name, "answer")
            if name not in {"MMStar", "MathVision"}:
                rows[0] = {**rows[0], spoiled: f"[{evil}]"}
            write_table(tables / f"{name}.tsv", rows)
        before = {path.name: path.read_bytes() for path in tables.iterdir()}
        judge.answer = lambda body: f"{{'Creativity': {evil}}}" if "Overall Score" in text_of(body) else evil

        def spoken(body: dict[str, Any]) -> str:
            return evil if "[MathVision#" in text_of(body) else answer(body)

        with FakeUpstream(answer=spoken, models=("seeing",)) as model:
            ran = run(tmp_path, tables, [path.stem for path in sorted(tables.iterdir())], model, judge, engine=engine)
        called, _, _ = select.select([listener], [], [], 0)

    assert called == []
    assert [path for path in (*tmp_path.rglob(f"*{mark}*"), Path("/tmp", mark)) if path.exists()] == []
    assert {path.name: path.read_bytes() for path in tables.iterdir()} == before
    assert ran.code == 1
    assert results(ran)["MMStar"]["metrics"]
    assert all(result["metrics"] or result["absent"] for result in results(ran).values())


def test_a_download_that_is_not_what_its_publisher_says_is_refused_and_never_used(
    tmp_path: Path, data: Path, model: FakeUpstream
) -> None:
    table = (data / "MMStar.tsv").read_bytes()
    digest = hashlib.md5(table, usedforsecurity=False).hexdigest()
    task = yaml.safe_load(Path(write_task(tmp_path, data, ["MMStar"], model)).read_text())
    del task["evaluations"][0]["options"]
    (tmp_path / "task.yaml").write_text(yaml.safe_dump(task))
    with FileServer(table) as server:
        wrong = published(tmp_path, "fetch", server, "0" * 32)
        right = published(tmp_path, "fetch", server, digest)
    ran = published(tmp_path, "run", server, digest, "--offline")

    assert wrong.code == 3, wrong.err
    assert "0" * 32 in wrong.err
    assert (right.code, ran.code) == (0, 0), right.err + ran.err
    assert_equal(ran)


def published(folder: Path, command: str, server: FileServer, md5: str, *flags: str) -> Ran:
    """Run a command on task.yaml, with MMStar's table at a server."""
    tables = {"MMStar": {"url": server.url("MMStar.tsv"), "md5": md5}}
    answered = subprocess.run(
        [sys.executable, "-m", "tests.fakes.published_tables", command, "task.yaml", "--engine", ENGINE, *flags],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "EVALDOCK_CACHE": str(folder / "cache"),
            "EVALDOCK_TEST_TABLES": json.dumps(tables),
        },
    )
    return Ran(answered.returncode, answered.stdout, answered.stderr, folder / "runs")


def test_the_example_of_an_endpoint_runs_where_its_data_are(tmp_path: Path, data: Path, model: FakeUpstream) -> None:
    ran = evaldock(tmp_path, "run", example(tmp_path, "endpoint", data, model.base_url), "--engine", ENGINE)

    assert ran.code == 0, ran.err
    assert_equal(ran)


def test_the_example_of_a_judge_is_rehearsed_without_any_model(tmp_path: Path, data: Path) -> None:
    gold = example(tmp_path, "judge", data, "http://127.0.0.1:9/v1")
    with mock_server(tmp_path, "--gold", gold) as model, mock_server(tmp_path, "--answer", "judge") as judge:
        ran = evaldock(tmp_path, "run", example(tmp_path, "judge", data, model, judge), "--engine", ENGINE)

    assert ran.code == 0, ran.err
    assert_equal(ran)
    scores = ran.scores()
    assert (scores["MMStar"]["accuracy"], scores["MMBench_DEV_EN"]["accuracy"]) == (1.0, 1.0)
    assert 0 < scores["MMVet"]["score"] < 1


def example(folder: Path, name: str, data: Path, model: str, judge: str = "http://127.0.0.1:9/v1") -> str:
    """Write an example with other data and servers."""
    task = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())
    (given,) = task["models"]
    task["models"][given]["endpoint"] = model
    if "judge" in task:
        task["judge"]["endpoint"] = judge
    task["evaluations"][0].setdefault("options", {})["data"] = str(data)
    (folder / "task.yaml").write_text(yaml.safe_dump(task))
    return "task.yaml"


def test_the_example_of_own_data_runs_as_it_is(tmp_path: Path, model: FakeUpstream) -> None:
    flags = ("--set", f"models.served.endpoint={model.base_url}", "--engine", ENGINE)

    ran = evaldock(tmp_path, "run", str(CONFIGS / "own-data.yaml"), *flags)

    assert ran.code == 0, ran.err
    assert [result["counts"]["scored"] for result in results(ran).values()] == [4, 2, 2]
    assert_equal(ran)
