"""VLMEvalKit's runner inside its image: what only the real package shows, and no run of a whole task needs."""

from __future__ import annotations

import base64
import csv
import json
import os
import pickle
import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.vlmevalkit.contract import Dataset, Model, Task, dumps
from hub.engine.docker.client import connect
from hub.engine.docker.engine import DockerEngine
from hub.images import load_image
from hub.settings import load_settings
from tests.e2e.harness import ROOT
from tests.fakes.documents import pdf
from tests.fakes.pictures import png

pytestmark = pytest.mark.e2e
Row = dict[str, Any]
SEED = 1
SECRET = "sk-nobody-may-see-this"


@pytest.fixture(scope="module")
def image() -> str:
    """Return the image, built where it is missing."""
    client = connect()
    try:
        engine = DockerEngine(load_settings(), client=lambda: client)
        return engine.prepare(load_image("vlmevalkit", load_settings()), print).reference
    finally:
        client.close()


@dataclass(frozen=True)
class Place:
    """One job's folders, and the ways to run in them."""

    folder: Path
    image: str

    @property
    def output(self) -> Path:
        return self.folder / "job" / "output"

    def table(self, name: str, rows: list[Row]) -> None:
        with (self.folder / "data" / f"{name}.tsv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t", quoting=csv.QUOTE_ALL)
            writer.writeheader()
            writer.writerows(rows)

    def run(self, script: str, *arguments: str, model: Model, datasets: list[Dataset], code: int = 0) -> Any:
        """Run a script beside this test in the image; return status.json's data sets."""
        task = Task(model, tuple(datasets), seed=SEED, concurrency=4, request_timeout_s=30.0)
        (self.folder / "job" / "input" / "task.json").write_text(dumps(task))
        self.start(script, *arguments, code=code)
        return json.loads((self.output / "status.json").read_text())["datasets"]

    def start(self, script: str, *arguments: str, code: int = 0) -> None:
        """Run a script beside this test in the image."""
        mounts = {self.folder / "job": "/job", ROOT / "tests": "/checkout/tests:ro"}
        mounts |= {self.folder / name: f"/{name}:ro" for name in ("data", "models")}
        options = [option for source, target in mounts.items() for option in ("--volume", f"{source}:{target}")]
        command = ["docker", "run", "--rm", "--init", "--network", "none", "--read-only", "--cap-drop", "ALL"]
        command += ["--user", f"{os.getuid()}:{os.getgid()}", "--tmpfs", "/tmp:mode=1777", "--env", "HOME=/tmp"]
        command += ["--env", "PYTHONPATH=/opt/evaldock:/checkout", "--env", f"OPENAI_API_KEY={SECRET}", *options]
        command += [
            "--entrypoint",
            "python",
            self.image,
            f"/checkout/tests/e2e/vlmevalkit_runner/{script}",
            *arguments,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == code, done.stderr[-4000:]

    def asked(self, role: str) -> list[dict[str, Any]]:
        requests = json.loads((self.output / "asked.json").read_text())
        return [request for request in requests if request["path"].startswith(f"/{role}/")]

    def rows(self, dataset: Dataset, kind: str = "") -> list[dict[str, str]]:
        """Return a table that VLMEvalKit wrote."""
        csv.field_size_limit(1 << 20)
        path = self.output / "vlmevalkit" / dataset.file / "model" / f"model_{dataset.name}{kind}.tsv"
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file, delimiter="\t"))

    def scored(self, dataset: Dataset) -> dict[str, Any]:
        """Return what VLMEvalKit's own status.json says."""
        own = self.output / "vlmevalkit" / dataset.file / "model" / "status.json"
        said: dict[str, Any] = json.loads(own.read_text())["datasets"][dataset.name]
        return said


def new_place(folder: Path, image: str) -> Place:
    for name in ("job/input", "job/output", "data", "models/m"):
        (folder / name).mkdir(parents=True)
    return Place(folder, image)


def picture(number: int) -> str:
    return base64.b64encode(png(40, 30, (number % 250, 80, 120))).decode()


def choices(count: int, **more: Any) -> list[Row]:
    options = dict(zip("ABCD", ("one", "two", "three", "four"), strict=True))
    return [
        {
            "index": row,
            "image": picture(row),
            "question": f"question {row}",
            **options,
            "answer": "ABCD"[row % 4],
            **more,
        }
        for row in range(count)
    ]


def questions(count: int, answer: str = "42", **more: Any) -> list[Row]:
    return [
        {"index": row, "image": picture(row), "question": f"question {row}", "answer": answer, **more}
        for row in range(count)
    ]


def dataset(name: str, **more: Any) -> Dataset:
    return Dataset(name, name.lower(), name, {f"{name}.tsv": f"/data/{name}.tsv"}, **more)


HOSTILE = "open('/job/output/mark', 'w').write(str(__import__('socket').create_connection(('127.0.0.1', 9))))"
ODD = '=1+1\t"quoted"\n' + "x" * 40_000
# The first part of a prompt that is found decides.
ANSWERS = [
    ["yes or no", "Yes"],
    ["odd", ODD],
    ["riddle", "no idea"],
    ["algebra", HOSTILE],
    ["Correctness", "0.5"],
    ["open", "42"],
]


@dataclass(frozen=True)
class Told:
    """What a job left behind."""

    place: Place
    datasets: dict[str, Any]


STAR = dataset("MMStar", reader="exact_matching", limit=6)
PAIRS = dataset("MME", reader="exact_matching", limit=3, together="image_path")
OPEN = dataset("ChartQA_TEST")
OWN = dataset("own_image_openended", metric="anls")
NO_TABLE = dataset("NoTable")
NO_ANSWERS = dataset("BLINK", reader="exact_matching")
DOWN = dataset("AI2D_TEST", reader="exact_matching")
DRAWN = dataset("RealWorldQA", reader="judge")
HOSTILE_ANSWER = dataset("COCO_VAL")
HOSTILE_PICTURE = dataset("MMMU_DEV_VAL", reader="exact_matching")
HOSTILE_MODEL = dataset("MathVision_MINI", reader="judge")
JUDGED = dataset("MMVet", reader="judge")
PAGES = dataset("DUDE_MINI", reader="judge")


@pytest.fixture(scope="module")
def told(image: str, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Return a job over data sets of every fate: one start, for VLMEvalKit's import takes a while."""
    place = new_place(tmp_path_factory.mktemp("told"), image)
    place.table("MMStar", choices(8))
    place.table(
        "MME",
        [
            {**row, "image_path": f"{row['index'] // 2}.png", "question": "yes or no?", "category": "color"}
            for row in questions(6, "Yes")
        ],
    )
    place.table("ChartQA_TEST", questions(4, question="open", split="test_human"))
    place.table("own_image_openended", questions(2, "42", question="odd"))
    place.table("BLINK", [{key: value for key, value in row.items() if key != "answer"} for row in choices(4)])
    place.table("AI2D_TEST", choices(4, question="fails"))
    place.table("RealWorldQA", choices(12, question="riddle"))
    place.table("COCO_VAL", [{"index": row, "image": picture(row), "answer": HOSTILE} for row in range(2)])
    place.table("MMMU_DEV_VAL", choices(2, split="dev", image=f"[{HOSTILE}]"))
    place.table("MathVision_MINI", questions(2, "7", question="algebra", choices="[]", category="algebra", level=1))
    place.table("MMVet", questions(6, question="open", category="rec,ocr,know,gen,spat,math"))
    pages = {"image": base64.b64encode(pdf(2)).decode(), "image_path": "['0_1.jpg', '0_2.jpg']", "doc_id": "0"}
    place.table("DUDE_MINI", [{**questions(1, "fifty")[0], **pages, "question": "open"}])
    datasets = [STAR, PAIRS, OPEN, OWN, NO_TABLE, NO_ANSWERS, DOWN, DRAWN]
    datasets += [HOSTILE_ANSWER, HOSTILE_PICTURE, HOSTILE_MODEL, JUDGED, PAGES]
    arguments = json.dumps({"answers": ANSWERS, "fails": "fails"})
    found = place.run("beside_endpoint.py", arguments, model=Model("endpoint"), datasets=datasets, code=1)
    return Told(place, found)


def test_what_can_be_scored_is_scored_whatever_became_of_the_others(told: Told) -> None:
    states = {file: entry["state"] for file, entry in told.datasets.items() if entry["state"] != "ok"}

    assert set(states) == {data.file for data in (NO_TABLE, NO_ANSWERS, DOWN, HOSTILE_ANSWER, HOSTILE_PICTURE)}


def test_a_limit_keeps_pairs_whole_and_cuts_rows_that_stand_alone(told: Told) -> None:
    entries = [told.datasets[data.file] for data in (STAR, PAIRS)]

    assert [(entry["planned"], entry["rows"]) for entry in entries] == [(6, 8), (4, 6)]
    asked = [found["sample"] for found in told.place.asked("candidate") if "/MME/" in found["path"]]
    assert sorted(asked) == list("0123")


def test_metrics_are_those_of_answers_that_were_right(told: Told) -> None:
    assert told.place.scored(STAR)["metrics"]["split=none|Overall"] == pytest.approx(2 / 6)
    assert told.place.scored(PAIRS)["metrics"]["color"] == 200.0
    assert told.place.scored(OPEN)["metrics"]["Overall"] == 100.0
    assert told.place.scored(JUDGED)["metrics"]["Category=Overall|acc"] == 50.0


def test_pictures_have_small_copies_in_the_account_of_prompts(told: Told) -> None:
    folder = told.place.output / "images" / STAR.file
    accounts = [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]

    assert [account["sample"] for account in accounts] == list("012345")
    first, second = accounts[5]["prompt"][0]["content"]
    assert first == {"type": "image", "path": f"images/{STAR.file}/5.jpg"}
    assert "question 5" in second["text"]
    assert (told.place.output / first["path"]).read_bytes()[:2] == b"\xff\xd8"


def test_the_pages_of_a_document_are_pictures(told: Told) -> None:
    (request,) = (found for found in told.place.asked("candidate") if "/DUDE_MINI/" in found["path"])

    kinds = [part["type"] for part in request["body"]["messages"][-1]["content"]]
    assert kinds == ["image_url", "image_url", "text"]
    assert told.place.scored(PAGES)["metrics"]["category=anls|num"] == 1


def test_a_missing_table_is_named(told: Told) -> None:
    assert told.datasets[NO_TABLE.file]["error"] == "there is no file /data/NoTable.tsv"


def test_an_error_that_the_package_swallows_is_told_with_kind_and_place(told: Told) -> None:
    assert "KeyError: 'answer' (vlmeval/" in told.datasets[NO_ANSWERS.file]["error"]


def test_where_no_request_was_answered_nothing_is_scored(told: Told) -> None:
    assert told.datasets[DOWN.file]["error"] == "no request was answered: HTTP 502: the model is down"
    assert "metrics" not in told.place.scored(DOWN)
    failures = (told.place.output / "failures.jsonl").read_text().splitlines()
    assert [json.loads(line)["dataset"] for line in failures] == [DOWN.label] * 4


def test_an_option_that_is_drawn_hangs_on_seed_and_row_alone(told: Told) -> None:
    entry = told.datasets[DRAWN.file]

    drawn = [random.Random(f"{SEED}/{row}").choice([*"ABCD", "Z"]) for row in range(12)]
    assert (entry["judged"], entry["matched"], entry["guessed"]) == (0, 0, 12)
    assert [row["hit"] for row in told.place.rows(DRAWN, "_judge_result")] == [
        str(int(option == "ABCD"[row % 4])) for row, option in enumerate(drawn)
    ]


def test_a_cell_or_an_answer_that_is_code_is_not_run(told: Told) -> None:
    assert not (told.place.output / "mark").exists()
    assert told.place.scored(HOSTILE_MODEL)["metrics"]["Subject=Overall|hit"] == 0
    assert [row["prediction"] for row in told.place.rows(HOSTILE_MODEL)] == [HOSTILE] * 2


def test_no_key_is_sent_or_written(told: Told) -> None:
    written = [path for path in told.place.output.rglob("*") if path.is_file()]

    assert len(told.place.asked("judge")) > 12
    assert not [path for path in written if SECRET in path.read_text(encoding="utf-8", errors="replace")]


def test_answers_of_every_kind_come_back_from_the_table_as_they_were(told: Told) -> None:
    assert [row["prediction"] for row in told.place.rows(OWN)] == [ODD] * 2


def own_model(place: Place, *arguments: str, code: int = 0) -> dict[str, Any]:
    model = Model("checkpoint", "tiny", "/models/m")
    found = place.run("own_model.py", *arguments, model=model, datasets=[OWN_STAR], code=code)
    return dict(found[OWN_STAR.file])


OWN_STAR = dataset("MMStar", reader="exact_matching")
ANSWERED = f"vlmevalkit/{OWN_STAR.file}/model"


@pytest.fixture(scope="module")
def killed(image: str, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return a start with weights that died in its 14th of 16 questions; VLMEvalKit saves every tenth answer."""
    place = new_place(tmp_path_factory.mktemp("killed"), image)
    place.table("MMStar", choices(16))
    (place.folder / "models/m/config.json").touch()
    own_model(place, "14", code=9)
    return place


def restarted(place: Place, folder: Path) -> Place:
    """Return the next start of a job: what the last one left is the previous one's."""
    shutil.copytree(place.folder, folder, ignore=shutil.ignore_patterns("previous"))
    (folder / "job" / "output").rename(folder / "job" / "previous")
    (folder / "job" / "output").mkdir()
    return Place(folder, place.image)


@pytest.fixture(scope="module")
def resumed(killed: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return the start after that one, with a lock that the dead one left."""
    place = restarted(killed, tmp_path_factory.mktemp("resumed") / "place")
    (place.folder / "job/previous" / ANSWERED / "status.json.lock").write_text("")
    own_model(place)
    return place


def test_weights_go_by_the_name_from_which_their_class_reads_what_they_are(resumed: Place) -> None:
    loaded = json.loads((resumed.output / "loaded.json").read_text())

    assert loaded == {"path": "Tiny/Tiny2.5-34b", "files": ["config.json"]}


def test_weights_go_on_where_they_were_killed(resumed: Place) -> None:
    entry = json.loads((resumed.output / "status.json").read_text())["datasets"][OWN_STAR.file]

    assert (entry["state"], entry["planned"]) == ("ok", 16)
    calls = [json.loads(line) for line in (resumed.output / "ledger.jsonl").read_text().splitlines()]
    assert [call["sample"] for call in calls] == [str(row) for row in range(10, 16)]
    assert len((resumed.output / "images" / OWN_STAR.file / "samples.jsonl").read_text().splitlines()) == 16


@pytest.mark.parametrize("damage", ["half", "code"])
def test_answers_that_cannot_be_read_are_asked_again(killed: Place, tmp_path: Path, damage: str) -> None:
    place = restarted(killed, tmp_path / "place")
    saved = place.folder / "job/previous" / ANSWERED / "01_MMStar.pkl"
    content = saved.read_bytes()
    saved.write_bytes(content[: len(content) // 2] if damage == "half" else pickle.dumps({"0": print}))

    assert own_model(place)["state"] == "ok"
    assert len((place.output / "asked.txt").read_text().splitlines()) == 16


def test_scores_of_an_earlier_start_are_made_anew(resumed: Place, tmp_path: Path) -> None:
    place = restarted(resumed, tmp_path / "place")
    for old in (place.folder / "job/previous" / ANSWERED).glob("model_MMStar_*"):
        old.write_text("stale")

    own_model(place)

    assert not (place.output / "asked.txt").exists()
    assert place.scored(OWN_STAR)["metrics"]["split=none|Overall"] == 0.25


def test_one_of_its_own_classes_answers_with_the_weights_of_the_job(image: str, tmp_path: Path) -> None:
    place = new_place(tmp_path, image)
    place.table("MMStar", choices(2))
    place.start("tiny_qwen.py", "/job/output/weights")
    shutil.copytree(place.output / "weights", place.folder / "models/m", dirs_exist_ok=True)

    model = Model("checkpoint", "Qwen2.5-VL-3B-Instruct", "/models/m")
    found = place.run("without_gpu.py", model=model, datasets=[OWN_STAR])

    assert found[OWN_STAR.file]["state"] == "ok"
    assert all(row["prediction"] for row in place.rows(OWN_STAR))
    assert "PyTorch's own attention" in (place.output / "events.jsonl").read_text()
