"""OpenCompass as a user runs it, on made-up data: every data set, to the last digit of OpenCompass's own files."""

from __future__ import annotations

import ast
import csv
import json
import os
import shutil
import signal
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.opencompass.catalog import catalog
from adapters.opencompass.gold import READERS
from hub.engine.venv.build import environment_folder
from hub.images import load_image
from hub.settings import load_settings
from tests.adapters.opencompass.shipping import FILE, shipped
from tests.adapters.opencompass.tiny_answers import answer
from tests.adapters.opencompass.tiny_data import write_data
from tests.e2e.harness import EVALDOCK, ROOT, Held, Ran, evaldock
from tests.e2e.test_mock_server import mock_server
from tests.fakes.upstream import FakeUpstream

pytestmark = pytest.mark.e2e
WEIGHTS = ROOT / "configs" / "bundled" / "model"
CONFIGS = ROOT / "configs" / "opencompass"
_MOST_PARTS = 3  # of the big families; the recorded output has what their size brings


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return OpenCompass's data folder."""
    return write_data(tmp_path_factory.mktemp("opencompass") / "data")


@pytest.fixture
def model() -> Iterator[dict[str, str]]:
    """Return an endpoint whose answers are right about half the time."""
    with FakeUpstream(answer=answer) as upstream:
        yield {"endpoint": upstream.base_url, "model": "mock"}


def write_task(folder: Path, model: dict[str, Any], datasets: list[Any], **options: object) -> str:
    task = {
        "version": 1,
        "name": "opencompass",
        "models": {"m": model},
        "evaluations": [{"backend": "opencompass", "datasets": datasets, "options": options}],
        "allow_unsafe_code": True,  # humaneval and mbpp, where no container engine answers
    }
    path = folder / "task.yaml"
    path.write_text(yaml.safe_dump(task, allow_unicode=True))
    return str(path)


def every(scoring: str) -> list[dict[str, Any]]:
    """Return every data set that can be scored in a way."""
    return [
        {
            "name": name,
            "scoring": scoring,
            **({"subsets": list(entry.parts)[:_MOST_PARTS]} if len(entry.parts) > _MOST_PARTS else {}),
        }
        for name, entry in catalog().items()
        if scoring in entry.configs
    ]


def of_opencompass(ran: Ran) -> tuple[dict[str, dict[str, str]], dict[tuple[str, str], str]]:
    """Return what OpenCompass wrote, read by ourselves: part -> metric -> literal, and its summary's table."""
    (folder,) = (ran.folder / "jobs").glob("*/output/opencompass")
    results = {}
    for file in (folder / "results" / "m").glob("*.json"):
        content = json.loads(file.read_text(), parse_float=str, parse_int=str)
        results[file.stem] = {name: value for name, value in content.items() if name not in {"details", "type"}}
    with (folder / "summary" / "summary_opencompass.csv").open() as file:
        table = {(row["dataset"], row["metric"]): row["m"] for row in csv.DictReader(file)}
    return results, table


def of_report(ran: Ran) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """Return the report's literals: part -> metric -> literal, and data set -> average -> literal."""
    parts: dict[str, dict[str, str]] = {}
    averages: dict[str, dict[str, str]] = {}
    for result in ran.report["jobs"][0]["results"]:
        for metric in result["metrics"] if not result["averages"] else ():
            source = Path(metric["source"]["file"])
            if source.suffix == ".json":
                parts.setdefault(source.stem, {})[metric["source"]["key"]] = metric["raw"]["literal"]
            else:
                averages.setdefault(result["dataset"], {})[metric["name"]] = metric["raw"]["literal"]
    return parts, averages


def assert_equal(ran: Ran) -> None:
    """Compare the report with OpenCompass's results and with the table that it prints."""
    results, table = of_opencompass(ran)
    parts, averages = of_report(ran)

    assert parts == results
    shown = {(part, name): f"{float(text):.2f}" for part, found in parts.items() for name, text in found.items()}
    assert shown == {place: value for place, value in table.items() if place[0] in results}
    for label, found in averages.items():
        first, *_, last = found.items()
        # With one metric OpenCompass names the row after the kind of average, with several after the metric.
        assert f"{float(first[1]):.2f}" in {
            table.get((label, name)) for name in ("naive_average", "weighted_average", first[0])
        }
        names = ("weighted_average", first[0])
        assert f"{float(last[1]):.2f}" in {table.get((f"{label}-weighted", name)) for name in names}


def test_every_data_set_on_an_endpoint_is_reported_as_opencompass_scored_it(
    tmp_path: Path, data: Path, model: dict[str, str]
) -> None:
    ran = evaldock(
        tmp_path, "run", write_task(tmp_path, model, every("generate"), data=str(data)), "--engine", "venv"
    )

    assert ran.code == 0, ran.err
    assert len({result["dataset"] for result in ran.report["jobs"][0]["results"]}) == len(catalog()) == 51
    assert_equal(ran)
    values = [value for found in of_report(ran)[0].values() for value in found.values()]
    assert len({value for value in values if float(value)}) > 10  # the comparison is not one of zeros


def test_every_data_set_with_options_is_scored_by_likelihood_on_a_checkpoint(tmp_path: Path, data: Path) -> None:
    model = {"checkpoint": str(WEIGHTS), "dtype": "float32"}
    task = write_task(tmp_path, model, every("continuation"), data=str(data))

    ran = evaldock(tmp_path, "run", task, "--engine", "venv")

    assert ran.code == 0, ran.err
    assert len({result["dataset"] for result in ran.report["jobs"][0]["results"]}) >= 30
    assert_equal(ran)


def unrounded(ran: Ran) -> dict[str, dict[str, float]]:
    """Return OpenCompass's averages before it rounds them for its table: the end of its summary as text."""
    (file,) = (ran.folder / "jobs").glob("*/output/opencompass/summary/*.txt")
    lines = file.read_text().partition("raw format")[2].splitlines()
    found = (line.partition(": ") for line in lines if line.partition(": ")[2].startswith("{"))
    return {name: ast.literal_eval(text) for name, _, text in found}


def test_averages_over_subjects_are_those_of_opencompass(tmp_path: Path, data: Path, model: dict[str, str]) -> None:
    families = ["mmlu", "ceval", "cmmlu", "agieval"]
    task = write_task(tmp_path, model, [{"name": name, "limit": 3} for name in families], data=str(data))

    ran = evaldock(tmp_path, "run", task, "--engine", "venv")

    assert ran.code == 0, ran.err
    _, table = of_opencompass(ran)
    theirs = unrounded(ran)
    results = ran.report["jobs"][0]["results"]
    found = {f"{one['dataset']}-{one['key']['subset']}": one for one in results if one["averages"]}
    assert {name.partition("-")[0] for name in found} == set(families)
    assert len(found) == 4 + 5 + 5 + 3
    assert found.keys() <= theirs.keys()
    for name, one in found.items():
        (metric,) = one["metrics"]
        assert float(metric["raw"]["literal"]) == theirs[name]["naive_average"]
        assert f"{float(metric['raw']['literal']):.2f}" == table[name, "naive_average"]
    assert len({one["metrics"][0]["raw"]["literal"] for one in found.values()}) > 8  # not one number everywhere


def test_an_average_that_lacks_a_subset_is_missing_in_both(tmp_path: Path, data: Path, model: dict[str, str]) -> None:
    lacking = Path(shutil.copytree(data, tmp_path / "lacking"))
    (lacking / "mmlu" / "test" / "virology_test.csv").write_text("")
    task = write_task(tmp_path, model, [{"name": "mmlu", "limit": 1}], data=str(lacking))

    ran = evaldock(tmp_path, "run", task, "--engine", "venv")

    found = {one["key"]["subset"]: one for one in ran.report["jobs"][0]["results"]}
    _, table = of_opencompass(ran)
    assert ran.code == 1
    assert found["other"]["metrics"] == []
    assert "virology" in found["other"]["absent"]
    assert ("mmlu-other", "naive_average") not in table
    assert f"{float(found['stem']['metrics'][0]['raw']['literal']):.2f}" == table["mmlu-stem", "naive_average"]


@pytest.mark.parametrize("name", ["endpoint", "checkpoint", "chinese"])
def test_the_examples_run_where_their_data_and_models_are(
    tmp_path: Path, data: Path, model: dict[str, str], name: str
) -> None:
    task = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())
    (given,) = task["models"].values()
    weights = {"checkpoint": str(WEIGHTS), "dtype": "float32", "chat": False}
    task["models"] = {"m": weights if "checkpoint" in given else model}
    task["evaluations"][0].setdefault("options", {})["data"] = str(data)
    (tmp_path / "task.yaml").write_text(yaml.safe_dump(task, allow_unicode=True))

    ran = evaldock(tmp_path, "run", "task.yaml", "--engine", "venv", "--set", "resources.gpus=0", "--limit", "2")

    assert ran.code == 0, ran.err
    assert_equal(ran)


def test_what_the_plan_knows_of_opencompass_is_what_it_ships() -> None:
    built = subprocess.run([EVALDOCK, "build", "opencompass", "--engine", "venv"], check=True, stdout=subprocess.PIPE)
    _, _, environment, *_ = built.stdout.decode().splitlines()[-1].split()

    assert shipped([f"{environment}/bin/python"]) == FILE.read_text()


@pytest.mark.parametrize(("rate", "right"), [("0", 1.0), ("0.5", 0.5)])
def test_a_mock_server_that_knows_the_task_is_right_as_often_as_told(
    tmp_path: Path, data: Path, rate: str, right: float
) -> None:
    datasets = [one for one in every("generate") if one["name"] in READERS]
    gold = write_task(tmp_path, {"endpoint": "http://127.0.0.1:8000/v1", "model": "m"}, datasets, data=str(data))
    with mock_server(tmp_path, "--gold", gold, "--error-rate", rate) as url:
        task = write_task(tmp_path, {"endpoint": url, "model": "m"}, datasets, data=str(data))
        ran = evaldock(tmp_path, "run", task, "--engine", "venv")

    assert ran.code == 0, ran.err
    headlines = {name: next(iter(metrics.values())) for name, metrics in ran.scores().items()}
    assert headlines == dict.fromkeys(READERS, right)
    assert "unmatched" not in (tmp_path / "mock.err").read_text()


def test_the_example_of_own_data_runs_as_it_is(tmp_path: Path) -> None:
    ran = evaldock(tmp_path, "run", str(CONFIGS / "own-data.yaml"), "--engine", "venv")

    assert ran.code == 0, ran.err
    assert [result["counts"]["scored"] for result in ran.report["jobs"][0]["results"]] == [4, 3]


def test_programs_are_refused_outside_containers_unless_the_task_allows_them(
    tmp_path: Path, data: Path, model: dict[str, str]
) -> None:
    task = write_task(tmp_path, model, ["mbpp", "gsm8k"], data=str(data))
    Path(task).write_text(Path(task).read_text().replace("allow_unsafe_code: true", "allow_unsafe_code: false"))

    ran = evaldock(tmp_path, "run", task, "--engine", "venv")

    assert ran.code == 3
    assert "dataset 'mbpp': scoring runs programs that the model writes" in ran.err
    assert not ran.runs.exists()


def test_a_program_in_a_data_file_is_not_run(tmp_path: Path, data: Path, model: dict[str, str]) -> None:
    hostile = Path(shutil.copytree(data, tmp_path / "hostile"))
    trace = tmp_path / "trace"
    for path in ("nq/nq-test.qa.csv", "triviaqa/trivia-dev.qa.csv"):
        with (hostile / path).open("a", encoding="utf-8") as file:
            file.write(f"who\t[__import__('pathlib').Path('{trace}').touch()]\n")
    task = Path(write_task(tmp_path, model, ["nq", "triviaqa", "lambada"], data=str(hostile)))
    task.write_text(task.read_text().replace("allow_unsafe_code: true", "allow_unsafe_code: false"))

    ran = evaldock(tmp_path, "run", str(task), "--engine", "venv")

    found = {result["dataset"]: result for result in ran.report["jobs"][0]["results"]}
    assert not trace.exists()
    assert ran.code == 1
    assert all("a program is not run" in found[name]["absent"] for name in ("nq", "triviaqa"))
    assert found["lambada"]["metrics"]


def test_no_other_data_set_has_a_place_where_a_program_could_be_run() -> None:
    settings = load_settings()
    python = environment_folder(load_image("opencompass", settings), settings) / "bin" / "python"
    script = str(ROOT / "tests" / "e2e" / "opencompass_programs.py")

    found = subprocess.run(
        [python, "-W", "ignore", script],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    assert found == [
        "datasets.agieval.agieval: eval",  # of ModelScope's data, which are not loaded; taken out as those below
        "datasets.humaneval: eval",  # a postprocessor that no configuration names; it runs programs anyway
        "datasets.mbpp: exec",  # what it is for
        "datasets.natural_question: eval",
        "datasets.triviaqa: eval",
        "utils.text_postprocessors: eval",  # general_eval_wrapper_postprocess, which no configuration names
    ]


def test_an_own_configuration_is_evaluated(tmp_path: Path, data: Path, model: dict[str, str]) -> None:
    (tmp_path / "my_eval.py").write_text(
        "from mmengine.config import read_base\n\nwith read_base():\n"
        "    from opencompass.configs.datasets.ARC_c.ARC_c_gen_1e0de5 import ARC_c_datasets\n"
        "    from opencompass.configs.datasets.piqa.piqa_gen_1194eb import piqa_datasets\n"
    )
    mine = {"name": "config", "alias": "mine", "path": "./my_eval.py", "limit": 4}

    ran = evaldock(tmp_path, "run", write_task(tmp_path, model, [mine], data=str(data)), "--engine", "venv")

    assert ran.code == 0, ran.err
    found = {result["key"]["subset"]: result for result in ran.report["jobs"][0]["results"]}
    assert set(found) == {"ARC-c", "piqa"}
    assert_equal(ran)


def test_an_own_configuration_takes_no_name_from_another_data_set(
    tmp_path: Path, data: Path, model: dict[str, str]
) -> None:
    (tmp_path / "my_eval.py").write_text(
        "from mmengine.config import read_base\n\nwith read_base():\n"
        "    from opencompass.configs.datasets.ARC_c.ARC_c_gen_1e0de5 import ARC_c_datasets as one_datasets\n"
        "    from opencompass.configs.datasets.ARC_c.ARC_c_cot_gen_926652 import ARC_c_datasets as two_datasets\n"
    )
    mine = {"name": "config", "alias": "mine", "path": "./my_eval.py", "limit": 3}
    task = write_task(tmp_path, model, [{"name": "ARC_c", "limit": 2}, mine], data=str(data))

    ran = evaldock(tmp_path, "run", task, "--engine", "venv")

    assert ran.code == 0, ran.err
    found = [
        (result["dataset"], result["key"]["subset"], result["counts"]["planned"])
        for result in ran.report["jobs"][0]["results"]
    ]
    assert found == [("ARC_c", "ARC-Challenge", 2), ("mine", "ARC-c", 3), ("mine", "ARC-c.3", 3)]
    assert_equal(ran)


def test_data_that_were_loaded_are_not_blamed_for_what_fails_later(
    tmp_path: Path, data: Path, model: dict[str, str]
) -> None:
    file = tmp_path / "mine" / "humaneval" / "human-eval-v2-20210705.jsonl"
    file.parent.mkdir(parents=True)
    rows = [json.loads(line) for line in (data / file.relative_to(tmp_path / "mine")).read_text().splitlines()[:3]]
    file.write_text("".join(json.dumps(row | ({"note": "x"} if n else {})) + "\n" for n, row in enumerate(rows)))
    task = write_task(tmp_path, model, [{"name": "humaneval", "path": "./mine"}], data=str(data))

    ran = evaldock(tmp_path, "run", task, "--engine", "venv")

    (result,) = ran.report["jobs"][0]["results"]
    assert (ran.code, result["absent"]) == (1, "AssertionError: Some problems are not attempted.")


def test_opencompass_own_runner_of_processes_gives_the_same_scores(tmp_path: Path, data: Path) -> None:
    model = {"checkpoint": str(WEIGHTS), "dtype": "float32", "chat": False}
    datasets = [{"name": "ARC_c", "scoring": "continuation"}, {"name": "gsm8k", "generation": {"max_tokens": 8}}]
    scores = []
    for runner in ("in_process", "local"):
        folder = tmp_path / runner
        folder.mkdir()
        ran = evaldock(
            folder, "run", write_task(folder, model, datasets, data=str(data), runner=runner), "--engine", "venv"
        )
        assert ran.code == 0, ran.err
        assert_equal(ran)
        scores.append(ran.scores())

    assert scores[0] == scores[1]


def test_a_container_holds_programs_and_scores_as_the_environment_does(
    tmp_path: Path, data: Path, model: dict[str, str]
) -> None:
    datasets = ["gsm8k", "mbpp", "humaneval", {"name": "race", "subsets": ["high"]}]
    scores = []
    for engine in ("docker", "venv"):
        folder = tmp_path / engine
        folder.mkdir()
        task = Path(write_task(folder, model, datasets, data=str(data)))
        if engine == "docker":
            task.write_text(task.read_text().replace("allow_unsafe_code: true", "allow_unsafe_code: false"))
        ran = evaldock(folder, "run", str(task), "--engine", engine, timeout_s=1800)
        assert ran.code == 0, ran.err
        assert_equal(ran)
        scores.append(ran.scores())

    assert scores[0] == scores[1]
    assert scores[0]["mbpp"]["score"] > 0
    assert scores[0]["humaneval"]["humaneval_pass@1"] > 0


def test_one_data_set_with_bad_data_and_one_that_raises_leave_the_third(
    tmp_path: Path, data: Path, model: dict[str, str]
) -> None:
    mixed = Path(shutil.copytree(data, tmp_path / "mixed"))
    (mixed / "piqa" / "dev-labels.lst").write_text("")
    (mixed / "lambada" / "test.jsonl").write_text("{}\n")
    task = write_task(tmp_path, model, ["piqa", "lambada", "gsm8k"], data=str(mixed))

    ran = evaldock(tmp_path, "run", task, "--engine", "venv")

    (job,) = ran.report["jobs"]
    found = {result["dataset"]: result for result in job["results"]}
    assert (ran.code, job["state"]) == (1, "partial")
    assert "data/piqa/dev-labels.lst: 0 lines, and dev.jsonl has 6" in found["piqa"]["absent"]
    assert "data/lambada/test.jsonl, line 1: no 'prompt'" in found["lambada"]["absent"]
    assert found["gsm8k"]["metrics"]


def test_missing_files_are_named_before_anything_starts(tmp_path: Path, data: Path, model: dict[str, str]) -> None:
    lacking = Path(shutil.copytree(data, tmp_path / "lacking"))
    for name in ("piqa/dev.jsonl", "piqa/dev-labels.lst", "gsm8k/test.jsonl"):
        (lacking / name).unlink()

    ran = evaldock(
        tmp_path, "run", write_task(tmp_path, model, ["piqa", "gsm8k"], data="./lacking"), "--engine", "venv"
    )

    assert ran.code == 3
    assert "dataset 'piqa': 2 files of 4 are missing" in ran.err
    assert f"{lacking}: piqa/dev.jsonl, piqa/dev-labels.lst" in ran.err
    assert f"dataset 'gsm8k': {lacking}/gsm8k/test.jsonl is missing" in ran.err
    assert "`evaldock fetch TASK` downloads" in ran.err
    assert not ran.runs.exists()


def test_an_archive_is_fetched_once_and_then_needs_no_network(
    tmp_path: Path, data: Path, model: dict[str, str]
) -> None:
    with zipfile.ZipFile(tmp_path / "oc.zip", "w") as archive:
        for file in (data / "gsm8k").iterdir():
            archive.write(file, f"data/gsm8k/{file.name}")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/oc.zip"
        task = write_task(tmp_path, model, ["gsm8k"], data=url)
        folders = {"EVALDOCK_CACHE": str(tmp_path / "cache")}
        (tmp_path / "cache").mkdir()
        (tmp_path / "cache" / "envs").symlink_to(load_settings().cache_dir / "envs")
        fetched = evaldock(tmp_path, "fetch", task, "--yes", "--engine", "venv", **folders)
    finally:
        server.shutdown()
        server.server_close()

    ran = evaldock(tmp_path, "run", task, "--engine", "venv", "--offline", **folders)

    assert (fetched.code, ran.code) == (0, 0), fetched.err + ran.err
    assert_equal(ran)


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_an_endpoint_that_dies_leaves_no_score(tmp_path: Path, data: Path) -> None:
    with FakeUpstream(answer=answer, fault="500", fault_when=bool) as upstream:
        model = {
            "endpoint": upstream.base_url,
            "model": "mock",
            "timeout": 2,
            "retry": {"attempts": 2, "first_wait": 0.01, "longest_wait": 0.01, "within": 3},
        }
        ran = evaldock(
            tmp_path, "run", write_task(tmp_path, model, ["gsm8k", "ARC_c"], data=str(data)), "--engine", "venv"
        )

    (job,) = ran.report["jobs"]
    assert ran.code == 1
    assert all(result["metrics"] == [] and result["absent"] for result in job["results"])


def test_a_failure_that_the_task_admits_is_said_beside_the_scores_it_is_in(tmp_path: Path, data: Path) -> None:
    with FakeUpstream(answer=answer, fault="500", fault_when=lambda body: "A high story 1." in str(body)) as upstream:
        model = {"endpoint": upstream.base_url, "model": "mock", "retry": {"attempts": 1}}
        task = Path(write_task(tmp_path, model, ["race"], data=str(data)))
        task.write_text(f"{task.read_text()}max_infra_errors: 1\n")
        ran = evaldock(tmp_path, "run", str(task), "--engine", "venv")

    found = {one["key"]["subset"]: one for one in ran.report["jobs"][0]["results"]}
    assert ran.code == 1
    assert {name: one["caveat"] for name, one in found.items()} == {
        None: "1 of 12 failed, counted as wrong",
        "high": "1 of 6 failed, counted as wrong",
        "middle": "",
    }
    assert [found[name]["metrics"][0]["ci95"] is None for name in ("high", "middle")] == [True, False]
    assert_equal(ran)


@pytest.mark.parametrize("engine", ["docker", "venv"])
def test_programs_that_a_model_wrote_reach_no_network(tmp_path: Path, data: Path, engine: str) -> None:
    spy = (
        "[BEGIN]\n def add_{number}(x):\n    import errno, os, socket\n"
        "    assert 'EVALDOCK_GATEWAY' not in os.environ\n    try:\n        socket.socket()\n"
        "    except OSError as error:\n        if error.errno == errno.EACCES: return x + {number}\n[DONE]"
    )

    def program(body: dict[str, Any]) -> str:
        asked = str(body["messages"][-1]["content"])
        return spy.replace("{number}", asked.partition("a function that adds ")[2].partition(".")[0])

    with FakeUpstream(answer=program) as upstream:
        model = {"endpoint": upstream.base_url, "model": "mock"}
        ran = evaldock(tmp_path, "run", write_task(tmp_path, model, ["mbpp"], data=str(data)), "--engine", engine)

    assert ran.code == 0, ran.err
    assert ran.scores()["mbpp"]["score"] == 1.0  # each passes only where it was refused a socket


def test_a_run_killed_at_half_goes_on_and_asks_nothing_twice(tmp_path: Path, data: Path) -> None:
    held = Held(answer, 15)
    with FakeUpstream(answer=held) as upstream:
        model = {"endpoint": upstream.base_url, "model": "mock", "concurrency": 2}
        task = write_task(tmp_path, model, ["ARC_c", "gsm8k", "race", "lambada"], data=str(data))
        hub = subprocess.Popen(
            [EVALDOCK, "run", task, "--engine", "venv"],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        with held.midst():
            os.killpg(hub.pid, signal.SIGKILL)
            hub.wait()

        ran = evaldock(tmp_path, "resume")

        prompts = asked(upstream)
    assert ran.code == 0, ran.err
    assert_equal(ran)
    assert len(set(prompts)) == 6 + 6 + 12 + 6
    assert len(prompts) <= len(set(prompts)) + model["concurrency"]  # those on their way when it was killed


def asked(upstream: FakeUpstream) -> list[str]:
    """Return the prompts that reached the server."""
    return [json.dumps(request.json["messages"]) for request in upstream.requests if request.method == "POST"]
