"""Several workers answer as one does; one that dies says so, and what was answered by then is kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.native.evaluator.run import run
from tests.adapters.native.native_task import WEIGHTS, evaluation, request, write_jsonl
from tests.adapters.native.test_run import Job

QA = [{"question": f"{'long ' * (n % 7)}{n}?", "answer": str(n)} for n in range(60)]
MCQ = [{"question": f"{n}?", "choices": ["no", "yes"], "answer": "yes"} for n in range(40)]
# It answers by the question alone, and leaves a file that says who answered and with what around it.
OWN = """
import os, pathlib
class Model:
    def __init__(self, config):
        self.folder = pathlib.Path(config["path"]).parent.parent / "notes"
        self.note("loaded " + os.environ.get("OMP_NUM_THREADS", "all"))
        print("printed by the class")
    def note(self, text):
        with open(self.folder / str(os.getpid()), "a") as file:
            file.write(text + "\\n")
    def predict(self, prompts, **parameters):
        self.note("asked")
        return [self.one(prompt.rstrip("?").split()[-1]) for prompt in prompts]
    def one(self, text):
        return text
    def loglikelihood(self, pairs):
        return [-0.1 - len(prompt) / 3 - len(continuation) / 7 for prompt, continuation in pairs]
"""
DIES = OWN.replace("return text", "os.kill(os.getpid(), 9) if text == '41' else None; return text")


class Trial:
    """One evaluation by a class in so many processes; `notes`: what each process wrote."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, source: str = OWN, workers: int = 2) -> None:
        self.code, self.root = root / "code", root / "job"
        self.code.mkdir(parents=True)
        (self.code / "own_model.py").write_text(source, encoding="utf-8")
        options = {"code": str(self.code), "model_class": "own_model:Model", "workers": workers}
        datasets = (
            request("general_qa", label="qa", path=write_jsonl(root / "qa.jsonl", QA)),
            request("general_mcq", label="mcq", path=write_jsonl(root / "mcq.jsonl", MCQ), scoring="continuation"),
        )
        self.job = Job(self.root, evaluation(*datasets, model=WEIGHTS, options=options))
        (self.root / "models/m").mkdir()
        (self.root / "notes").mkdir()
        monkeypatch.setenv("EVALDOCK_ROOT", str(self.root))
        self.exit_code = run()

    @property
    def notes(self) -> list[list[str]]:
        return [file.read_text("utf-8").splitlines() for file in (self.root / "notes").iterdir()]

    @property
    def summary(self) -> dict[str, Any]:
        return dict(json.loads((self.job.output / "summary.json").read_text("utf-8")))

    def samples(self) -> dict[tuple[str, str], Any]:
        dumped = [sample.model_dump(exclude={"latency_s"}) for sample in self.job.normalized().samples]
        return {(sample["dataset"], sample["id"]): sample for sample in dumped}


@pytest.fixture(autouse=True)
def _six_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(6)))


@pytest.fixture(autouse=True)
def _fresh_imports() -> Iterator[None]:
    path = list(sys.path)
    yield
    sys.path[:] = path
    sys.modules.pop("own_model", None)


def test_two_workers_answer_as_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Trial(tmp_path / "1", monkeypatch, workers=1)
    two = Trial(tmp_path / "2", monkeypatch)

    assert (one.exit_code, two.exit_code) == (0, 0)
    assert two.samples() == one.samples()
    assert two.summary["datasets"] == one.summary["datasets"]
    assert (len(one.notes), len(two.notes), len(two.samples())) == (1, 2, 100)
    assert two.job.normalized().results[0].metrics[0].value == 1.0


def test_each_loads_the_model_once_and_has_its_share_of_the_processors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = Trial(tmp_path, monkeypatch)

    assert [note[0] for note in trial.notes] == ["loaded 3", "loaded 3"]
    assert all("asked" in note for note in trial.notes)
    assert [note.count("loaded 3") for note in trial.notes] == [1, 1]


def test_the_log_says_which_worker_speaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    Trial(tmp_path, monkeypatch)

    said = capfd.readouterr().err
    assert all(f"INFO worker {number} of 2: adapters.native" in said for number in (1, 2))
    assert "printed by the class" in said


def test_the_summary_says_how_many_there_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Trial(tmp_path, monkeypatch).summary["model"]["workers"] == "2"


def test_a_worker_that_dies_is_the_reason_and_what_was_answered_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = Trial(tmp_path, monkeypatch, DIES)

    qa, mcq = trial.job.normalized().results
    assert trial.exit_code == 1
    assert "of 2 ended by signal 9. Did memory run out?" in qa.absent
    assert "of 2 ended by signal 9. Did memory run out?" in mcq.absent
    assert qa.metrics == ()
    kept = (trial.job.output / "outcomes.jsonl").read_text("utf-8").splitlines()[1:]
    assert 0 < len(kept) == qa.counts.scored < 60


def test_a_worker_that_is_killed_amid_a_line_is_the_reason_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = "(os.write(3, b'{'), os.kill(os.getpid(), 9))"  # 3 leads where the worker's answers go
    source = OWN.replace("return text", f"{half} if text == '41' else None; return text")

    trial = Trial(tmp_path, monkeypatch, source)

    assert trial.exit_code == 1
    assert "of 2 ended by signal 9. Did memory run out?" in trial.job.normalized().results[0].absent


def test_another_number_of_workers_takes_over_what_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = Trial(tmp_path / "a", monkeypatch, DIES)
    kept = len((trial.job.output / "outcomes.jsonl").read_text("utf-8").splitlines()) - 1
    previous = trial.root / "job/previous"
    trial.job.output.rename(previous)
    trial.job.output.mkdir()
    # The same code is the same model: what it died of lies outside.
    (trial.root / "job/input/task.json").write_text(
        (trial.root / "job/input/task.json").read_text("utf-8").replace('"workers": 2', '"workers": 3'), "utf-8"
    )

    run()

    (message,) = [event["text"] for event in trial.job.events() if event["event"] == "message"]
    assert message == f"qa: {kept} of 60 samples were computed by an earlier start of the job"


def test_a_worker_whose_class_fails_says_why_and_the_next_data_set_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = Trial(tmp_path, monkeypatch, OWN.replace("return text", "return 1 / 0 if text == '41' else text"))

    qa, mcq = trial.job.normalized().results
    assert trial.exit_code == 1
    assert (
        qa.absent == "Model.predict failed: ZeroDivisionError: division by zero. The job's log has the whole error."
    )
    assert qa.counts.scored >= 30  # the other worker's share
    assert (mcq.absent, mcq.counts.scored) == ("", 40)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import nowhere", "the class 'own_model:Model' cannot be used: ModuleNotFoundError"),
        ("import os\nos._exit(3)", "of 2 ended with exit code 3. The job's log has its last words."),
    ],
)
def test_a_model_that_cannot_be_loaded_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, reason: str
) -> None:
    trial = Trial(tmp_path, monkeypatch, source)

    assert trial.exit_code == 1
    assert all(reason in result.absent for result in trial.job.normalized().results)
    assert len([event for event in trial.job.events() if event["event"] == "failed"]) == 1
