import json
import shlex
from pathlib import Path

import pytest
import yaml

from hub.cli.eval_command import _spread
from tests.fakes.engine import FakeEngine
from tests.hub.test_cli import code_of, task, use
from tests.hub.test_orchestrator import echo

__all__ = ["task"]


@pytest.fixture
def model(task: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A checkpoint, and an engine that runs the echo backend."""
    use(monkeypatch, FakeEngine(echo))
    monkeypatch.chdir(task.parent)
    return str(task.parent / "model")


@pytest.mark.parametrize(
    ("words", "spread"),
    [
        ("--datasets a b c", "--datasets a --datasets b --datasets c"),
        ("--datasets a --limit 3", "--datasets a --limit 3"),
        ("--datasets a b --limit 3 --datasets c d", "--datasets a --datasets b --limit 3 --datasets c --datasets d"),
        ("--model --datasets", "--model --datasets"),
        ("--datasets", "--datasets"),
        ("--limit 3 x", "--limit 3 x"),
        ("", ""),
    ],
)
def test_datasets_takes_every_word_up_to_the_next_flag(words: str, spread: str) -> None:
    assert _spread(shlex.split(words)) == shlex.split(spread)


def test_flags_run_a_task_as_run_does(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("eval", "--model", model, "--datasets", "echo", "--eval-backend", "echo", "--mem-cache") == 0

    printed = capsys.readouterr()
    assert "accuracy" in printed.out
    assert "report.json" in printed.out
    assert "note: --mem-cache has no effect" in printed.err


def test_outputs_is_the_folder_of_runs(model: str, tmp_path: Path) -> None:
    flags = ("eval", "--model", model, "--datasets", "echo", "--eval-backend", "echo", "--quiet")

    assert code_of(*flags, "--outputs", str(tmp_path / "out")) == 0
    assert code_of(*flags, "--outputs", str(tmp_path / "out"), "--runs", str(tmp_path / "runs2")) == 0

    assert len(list((tmp_path / "out").iterdir())) == 1
    assert len(list((tmp_path / "runs2").iterdir())) == 1


def test_print_task_prints_a_task_that_runs(model: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    flags = ["--model", "./model", "--datasets", "echo", "--eval-backend", "echo", "--limit", "2", "--set", "seed=7"]
    assert code_of("eval", *flags, "--print-task") == 0
    text = capsys.readouterr().out

    (Path.cwd() / "made.yaml").write_text(text)

    assert yaml.safe_load(text)["seed"] == 7
    assert code_of("run", "made.yaml", "--quiet") == 0


def test_save_writes_a_task_that_runs_from_its_own_folder(
    model: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    flags = ("eval", "--model", "./model", "--datasets", "echo", "--eval-backend", "echo", "--mem-cache")
    place = tmp_path / "elsewhere" / "made.yaml"
    place.parent.mkdir()

    assert code_of(*flags, "--save", str(place)) == 0
    assert "wrote" in capsys.readouterr().out
    assert "# --mem-cache has no effect" in place.read_text()
    assert yaml.safe_load(place.read_text())["models"]["model"]["checkpoint"] == model
    assert code_of("run", str(place), "--quiet") == 0
    assert code_of(*flags, "--save", str(place)) == 2
    assert "the file is there already" in capsys.readouterr().err


def test_dry_run_shows_the_plan_and_starts_nothing(
    model: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code_of("eval", "--model", model, "--datasets", "echo", "--eval-backend", "echo", "--dry-run")

    assert "job 1-model-echo" in capsys.readouterr().out
    assert not (tmp_path / "runs").exists()


def test_flags_change_a_task_cfg_in_a_file(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("old.json").write_text(
        json.dumps({"model": model, "datasets": ["echo"], "eval_backend": "echo", "limit": 9})
    )

    assert code_of("eval", "--task-cfg", "old.json", "--limit", "3", "--print-task") == 0

    assert yaml.safe_load(capsys.readouterr().out)["limit"] == 3
    assert code_of("run", "old.json", "--quiet") == 0


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("", "give --model and --datasets, or --task-cfg"),
        ("--model a/b", "--datasets: name one data set or more"),
        ("--datasets arc", "--model: give the model"),
        ("--model a/b --datasets ark", "--datasets: evaluations[0].datasets[0]: native has no data set 'ark'"),
        ("--model a/b --datasets arc --limit 0", "--limit"),
        ("--model a/b --datasets arc --limt 3", "--limt"),
        ("--model a/b --datasets arc --dataset-args '{arc: 1}'", "--dataset-args: not JSON"),
        ("--model a/b --datasets arc --dataset-args '[]'", "--dataset-args"),
        ("--model a/b --datasets arc --model-args half", "--model-args: 'half' is no key=value"),
        ("--model a/b --datasets arc --model-args precision=int3", "--model-args precision: 'int3' is none of"),
        ("--model a/b --datasets arc --template-type chatglm9", "--template-type: no template type 'chatglm9'; did"),
        ("--model http://h/v1 --datasets gsm8k", "--api-model: an address needs"),
        (
            "--model http://h/v1 --datasets gsm8k --api-model m --api-key-env sk-abc",
            "--api-key-env: models.m.api_key",
        ),
        ("--model a/b --datasets arc --api-model m", "--api-model: belongs to a model behind an address"),
        ("--model a/b --datasets arc --eval-backend Opencompas", "did you mean 'opencompass'?"),
        ("--eval-backend OpenCompass --eval-config absent.yaml", "--eval-config: absent.yaml: no such file"),
        ("--task-cfg absent.yaml", "absent.yaml: no such file"),
        ("--task-cfg t.yaml", "t.yaml: is no task_cfg of Eval-Scope"),
        ("--model a/b --datasets arc --set models.b.dtyp=x", "--set models.b.dtyp=x: models.b.dtyp: unknown key"),
        ("--model a/b --datasets arc --generation-config top_p=7", "--generation-config top_p: generation.top_p"),
    ],
)
def test_what_is_wrong_names_the_flag_and_a_way_on(
    flags: str, words: str, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("eval", *shlex.split(flags)) == 2

    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error


def test_lists_are_json_where_asked_for(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    for what in ("models", "templates", "backends", "datasets", "tasks", "runs"):
        assert code_of("list", what, "--json") == 0
        assert isinstance(json.loads(capsys.readouterr().out), list)


def test_a_task_that_ships_is_told_of_in_whole_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("list", "tasks", "--json") == 0

    said = {row["task"]: row["what"] for row in json.loads(capsys.readouterr().out)}
    assert said["all-backends"].endswith("each served once by the built-in server to every job that asks it.")
    assert [task for task, what in said.items() if what[-1:] not in {".", "?"}] == []


def test_a_backend_s_own_names_of_models_are_listed_with_what_keeps_one_away(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("list", "models", "--backend", "vlmevalkit", "--json") == 0

    rows = {row["model"]: row["runs here"] for row in json.loads(capsys.readouterr().out)}
    assert len(rows) == 545
    assert rows["Qwen2.5-VL-7B-Instruct"] == "yes"
    assert rows["GPT4o"].startswith("no: asks a service over a network")
    assert list(rows.values()).count("yes") == 384


def test_a_log_is_json_where_asked_for(model: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code_of("eval", "--model", model, "--datasets", "echo", "--eval-backend", "echo", "--quiet")
    (run,) = (tmp_path / "runs").iterdir()
    (run / "jobs" / "1-model-echo" / "log.txt").write_bytes(b"raw \xff\n")
    capsys.readouterr()

    assert code_of("logs", "--json") == 0

    found = json.loads(capsys.readouterr().out)
    assert (found["run"], found["job"], found["text"]) == (run.name, "1-model-echo", "raw \ufffd\n")
    assert code_of("logs", "--json", "--follow") == 2


def test_run_and_plan_take_changes(task: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("plan", str(task), "--set", "models.m.revision=v2", "--limit", "3") == 0
    assert "first 3 rows of each subset" in capsys.readouterr().out
    assert code_of("run", str(task), "--set", "name=other", "--quiet") == 0
    assert "other" in capsys.readouterr().out
    assert code_of("plan", str(task), "--set", "nam=x") == 2
    assert "--set nam=x: nam: unknown key; did you mean 'name'?" in capsys.readouterr().err
