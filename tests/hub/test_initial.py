import io
import json
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from hub.cli.init_answers import Options, gather
from hub.initial import SCHEMA_FILE, Answers, Dataset, task_text, write_task
from hub.orchestrator import plan_task
from hub.schema import schema_text
from hub.settings import Settings
from hub.taskfile import load_task
from tests.fakes.upstream import FakeUpstream
from tests.hub.test_cli import code_of

ROOT = Path(__file__).resolve().parents[2]
TASKS = sorted(path for path in (ROOT / "configs").rglob("*.yaml") if path.name != "image.yaml")
# What can stand in a YAML file at all, and the loader takes for text, not for a reference.
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), min_size=1, max_size=20)
CHECKPOINT = Answers("t", "native", (Dataset("arc"),), checkpoint="acme/tiny")


@given(TEXT, TEXT, TEXT)
def test_any_text_comes_back_as_it_was_given(checkpoint: str, path: str, about: str) -> None:
    plain = "".join(character for character in about if character.isprintable())
    text = task_text(Answers("t", "native", (Dataset("general_qa", path, plain),), checkpoint=checkpoint))

    (model,) = yaml.safe_load(text)["models"].values()
    assert model["checkpoint"] == checkpoint
    assert yaml.safe_load(text)["evaluations"][0]["datasets"] == [{"name": "general_qa", "path": path}]


@pytest.mark.parametrize("length", range(1, 30))
def test_a_comment_stands_off_whatever_its_line_is_long(length: int) -> None:
    text = task_text(Answers("t", "native", (Dataset("general_qa", "x" * length, "about"),), checkpoint="acme/tiny"))

    assert all("  #" in line for line in text.splitlines() if "#" in line.lstrip()[1:])


@pytest.mark.parametrize(
    "answers",
    [
        CHECKPOINT,
        Answers("t", "native", (Dataset("gsm8k"), Dataset("arc")), checkpoint="./a b", limit=5),
        Answers(
            "t", "native", (Dataset("gsm8k"),), endpoint="http://127.0.0.1:1", model="org/m:1", api_key_env="KEY"
        ),
        Answers("t", "echo", (Dataset("echo"),), endpoint="http://127.0.0.1:1", model="1.5"),
    ],
)
def test_what_is_written_fits_the_schema_and_a_plan_accepts_it(
    answers: Answers, tmp_path: Path, settings: Settings
) -> None:
    path = tmp_path / "task.yaml"
    write_task(path, task_text(answers), force=False)

    Draft7Validator(json.loads((tmp_path / SCHEMA_FILE).read_text())).validate(yaml.safe_load(path.read_text()))
    assert plan_task(load_task(path), settings).jobs


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.name)
def test_the_schema_line_of_every_example_leads_to_the_schema_which_it_fits(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    prefix = "# yaml-language-server: $schema="
    assert first.startswith(prefix)

    schema = (path.parent / first.removeprefix(prefix)).read_text()

    assert schema == schema_text("task")
    Draft7Validator.check_schema(json.loads(schema))
    Draft7Validator(json.loads(schema)).validate(yaml.safe_load(path.read_text()))


def test_a_file_that_is_there_is_replaced_only_by_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "task.yaml"
    path.write_text("mine")
    arguments = ("init", str(path), "--model", "acme/tiny", "--datasets", "arc")

    assert code_of(*arguments) == 2
    assert "--force" in capsys.readouterr().err
    assert path.read_text() == "mine"
    assert code_of(*arguments, "--force") == 0
    assert path.read_text() != "mine"


def test_somebodys_own_file_of_the_schemas_name_is_not_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / SCHEMA_FILE).write_text("mine")

    assert code_of("init", str(tmp_path / "task.yaml"), "--model", "acme/tiny", "--datasets", "arc") == 2

    assert [path.name for path in tmp_path.iterdir()] == [SCHEMA_FILE]


def test_an_older_schema_of_ours_is_brought_up_to_date(tmp_path: Path) -> None:
    (tmp_path / SCHEMA_FILE).write_text('{"title": "TaskSpec"}')

    written = write_task(tmp_path / "task.yaml", task_text(CHECKPOINT), force=False)

    assert [path.name for path in written] == ["task.yaml", SCHEMA_FILE]
    assert (tmp_path / SCHEMA_FILE).read_text() == schema_text("task")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "which model?"),
        (("--model", "a/b"), "which data sets?"),
        (("--model", "a/b", "--datasets", "ark"), "did you mean 'arc'?"),
        (("--model", "a/b", "--datasets", "general_qa"), "general_qa=FILE"),
        (("--model", "a/b", "--datasets", "arc", "--backend", "nativ"), "did you mean 'native'?"),
        (("--endpoint", "ftp://x", "--datasets", "arc"), "--endpoint"),
        (("--model", "a/b", "--datasets", "arc", "--judge", "http://127.0.0.1:1"), "--judge-model"),
        (
            ("--endpoint", "http://127.0.0.1:1/v1", "--model", "m", "--api-key-env", "sk-1", "--datasets", "arc"),
            "NAME",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_exit_2_and_nothing_is_written(
    arguments: tuple[str, ...], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("init", str(tmp_path / "task.yaml"), *arguments) == 2

    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_paths_are_said_from_the_task_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    given_ = Options("native", model="model", datasets=("general_qa=q a,b.jsonl",))

    here = gather(Path("task.yaml"), given_, asks=False)
    below = gather(Path("sub/task.yaml"), given_, asks=False)

    assert (here.checkpoint, here.datasets[0].path) == ("./model", "./q a,b.jsonl")
    assert (below.checkpoint, below.datasets[0].path) == ("../model", "../q a,b.jsonl")


def test_the_only_model_of_a_server_needs_no_name() -> None:
    with FakeUpstream() as server:
        answers = gather(Path("t.yaml"), Options("echo", endpoint=server.base_url, datasets=("echo",)), asks=False)

    assert answers.model


def test_a_person_is_asked_for_what_no_option_says(monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, "acme/tiny", "arc gsm8k", "y")

    answers = gather(Path("t.yaml"), Options("native"), asks=True)

    assert (answers.checkpoint, answers.limit) == ("acme/tiny", 20)
    assert [dataset.name for dataset in answers.datasets] == ["arc", "gsm8k"]


def test_a_wrong_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    type_in(monkeypatch, "acme/tiny", "ark", "'arc", "general_qa", "arc", "n")

    answers = gather(Path("t.yaml"), Options("native"), asks=True)

    assert [dataset.name for dataset in answers.datasets] == ["arc"]
    shown = capsys.readouterr().out
    for words in ("did you mean 'arc'?", "No closing quotation", "say general_qa=FILE"):
        assert words in shown


def test_nothing_is_asked_for_a_file_that_is_there_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "task.yaml"
    path.write_text("mine")
    type_in(monkeypatch)
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)

    assert code_of("init", str(path)) == 2


def type_in(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Answer every question with the next line; one question more ends the test."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
