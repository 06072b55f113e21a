import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import orchestrator
from hub.cli import main
from hub.engine import Progress
from hub.engines import Choice
from hub.images import ImageSpec
from hub.job import Ending, Job
from hub.report import EnvironmentRecord
from tests.fakes.engine import FakeEngine
from tests.hub.test_orchestrator import echo

MODEL_FILES = {"config.json": "{}", "model.safetensors": "weights"}


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A task file in a folder of its own with a space and CJK in its name; runs go beside it."""
    top = tmp_path / "a b 模型"
    (top / "model").mkdir(parents=True)
    for name, text in MODEL_FILES.items():
        (top / "model" / name).write_text(text)
    path = top / "t.yaml"
    path.write_text(
        "version: 1\nname: t\nmodels: {m: {checkpoint: ./model}}\nevaluations: [{backend: echo, datasets: [echo]}]\n"
    )
    monkeypatch.setenv("EVALDOCK_RUNS", str(tmp_path / "runs"))
    return path


def use(monkeypatch: pytest.MonkeyPatch, engine: FakeEngine) -> None:
    monkeypatch.setattr(orchestrator, "choose_engine", lambda *_args, **_named: Choice(engine, "a test"))


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Put back what `run` sets for its process."""
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    yield
    for number, handler in before:
        signal.signal(number, handler)


def code_of(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def test_run_prints_the_table_and_the_paths_of_the_report(
    task: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, FakeEngine(echo))

    assert code_of("run", str(task)) == 0

    out = capsys.readouterr().out
    assert "accuracy" in out
    assert "report.json" in out
    assert "report.md" in out
    assert "report.html" in out


def test_a_job_that_fails_is_exit_1_and_its_reason_is_shown(
    task: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, FakeEngine(lambda _job, _output: Ending.OUT_OF_MEMORY))

    assert code_of("run", str(task)) == 1

    assert "out_of_memory" in capsys.readouterr().out


class HangsUp(FakeEngine):
    """Its terminal closes while it prepares, and again while its job works."""

    def prepare(self, image: ImageSpec, progress: Progress) -> EnvironmentRecord:
        os.kill(os.getpid(), signal.SIGHUP)
        return super().prepare(image, progress)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_is_exit_130(number: signal.Signals, task: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(_job: Job, _output: Path) -> None:
        os.kill(os.getpid(), number)

    use(monkeypatch, FakeEngine(work))

    assert code_of("run", str(task)) == 130


def test_a_terminal_that_closes_while_preparing_ends_the_run_as_ctrl_c_does(
    task: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, HangsUp(echo))

    assert code_of("run", str(task)) == 130

    assert "cancelled" in capsys.readouterr().out


def test_under_nohup_a_terminal_that_closes_ends_nothing(task: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(job: Job, output: Path) -> Ending:
        os.kill(os.getpid(), signal.SIGHUP)
        return echo(job, output)

    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # what nohup does
    use(monkeypatch, HangsUp(work))

    assert code_of("run", str(task)) == 0


def test_an_interrupt_before_the_run_says_so(
    task: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("hub.taskinput.load_any", lambda *_args: os.kill(os.getpid(), signal.SIGINT))

    assert code_of("run", str(task)) == 130

    assert capsys.readouterr().err.strip() == "interrupted"


def test_status_logs_report_and_list_read_a_run(
    task: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, FakeEngine(echo))
    code_of("run", str(task), "--quiet")
    (run,) = (task.parent.parent / "runs").iterdir()
    (run / "jobs" / "1-m-echo" / "log.txt").write_text("hello from the backend\n")
    capsys.readouterr()

    assert code_of("status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["state"] == "succeeded"
    assert code_of("report", run.name, "--json") == 0
    assert json.loads(capsys.readouterr().out)["run_id"] == run.name
    assert code_of("report", "--md") == 0
    (run / "report.html").unlink()
    assert code_of("report", "--html") == 0
    assert (run / "report.html").is_file()
    assert capsys.readouterr().out.startswith("# t\n")
    assert code_of("list", "runs") == 0
    assert run.name in capsys.readouterr().out


def test_logs_prints_what_the_backend_printed(
    task: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    use(monkeypatch, FakeEngine(echo))
    code_of("run", str(task), "--quiet")
    (run,) = (task.parent.parent / "runs").iterdir()
    (run / "jobs" / "1-m-echo" / "log.txt").write_bytes(b"raw \xff bytes\n")
    capfdbinary.readouterr()

    assert code_of("logs", "latest", "--job", "1") == 0

    assert capfdbinary.readouterr().out == b"raw \xff bytes\n"


def test_logs_begins_with_what_a_job_printed_before_it_was_started_again(
    task: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, FakeEngine(echo))
    code_of("run", str(task), "--quiet")
    (run,) = (task.parent.parent / "runs").iterdir()
    job = run / "jobs" / "1-m-echo"
    (job / "first").mkdir()
    (job / "first" / "log.txt").write_text("the traceback\n")
    (job / "log.txt").write_text("the rest\n")
    capsys.readouterr()

    assert code_of("logs") == 0
    shown = capsys.readouterr().out.splitlines()
    assert code_of("logs", "--json") == 0
    text = json.loads(capsys.readouterr().out)["text"].splitlines()

    assert shown == text
    assert (shown[0], shown[-1]) == ("the traceback", "the rest")
    assert "started again without the data set" in shown[2]


def test_a_model_served_from_the_folder_one_is_in_has_the_folders_name(
    task: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, FakeEngine(echo))
    (task.parent / "my-model").mkdir()
    monkeypatch.chdir(task.parent / "my-model")

    assert code_of("serve", ".", "--port", "0") == 3

    assert "model 'my-model'" in capsys.readouterr().err


def test_logs_prints_what_a_server_printed_at_each_start(
    task: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, FakeEngine(echo))
    code_of("run", str(task), "--quiet")
    (run,) = (task.parent.parent / "runs").iterdir()
    (run / "servers" / "big").mkdir(parents=True)
    (run / "servers" / "big" / "log.1.txt").write_text("out of memory\n")
    (run / "servers" / "big" / "log.txt").write_text("listening\n")
    capsys.readouterr()

    assert code_of("logs", "--server", "big") == 0
    lines = capsys.readouterr().out.splitlines()
    assert code_of("logs", "--server", "bag") == 2

    assert (lines[0], lines[-1]) == ("out of memory", "listening")
    assert "was started again" in lines[2]
    assert "no server 'bag'; did you mean 'big'?" in capsys.readouterr().err


def test_logs_of_a_job_that_never_started_names_the_log_of_its_server(
    task: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, FakeEngine(echo))
    code_of("run", str(task), "--quiet")
    (run,) = (task.parent.parent / "runs").iterdir()
    (run / "jobs" / "1-m-echo" / "log.txt").unlink(missing_ok=True)
    (run / "servers" / "big").mkdir(parents=True)
    (run / "servers" / "big" / "log.txt").write_text("out of memory\n")
    capsys.readouterr()

    assert code_of("logs") == 2

    said = capsys.readouterr().err
    assert "job '1-m-echo' has no log" in said
    assert f"`evaldock logs {run.name} --server big`" in said


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "absent.yaml"), 2, "no such file"),
        (("run",), 2, "Missing argument"),
        (("rum",), 2, "did you mean 'run'?"),
        (("run", "quickstart", "--engin", "docker"), 2, "--engine"),
        (("run", "quickstart", "--engine", "podman"), 2, "no 'podman'; known: auto, docker, venv"),
        (("status", "absent"), 2, "no run 'absent'"),
        (("report",), 2, "no run 'latest'"),
        (("logs", "absent"), 2, "no run 'absent'"),
        (("list", "datasets", "--backend", "nativ"), 2, "did you mean 'native'?"),
        (("list", "models", "--backend", "nativ"), 2, "did you mean 'native'?"),
        (("list", "models", "--backend", "native"), 2, "native has no names of its own for models"),
        (("build", "nativ"), 2, "no image 'nativ'; did you mean 'native'?"),
        (("run", "x" * 5000), 2, "cannot be read: File name too long"),
        (("run", "quickstrat"), 2, "quickstrat: no such file; did you mean 'quickstart'?"),
        (("plan", "folder/frist.yml"), 2, "folder/frist.yml: no such file; did you mean 'folder/first.yaml'?"),
        (("plan", "zzz.yaml"), 2, "zzz.yaml: no such file\n"),
        (("doctor", "t.yaml", "--set", "limti=3"), 2, "limti: unknown key; did you mean 'limit'?"),
        (("fetch", "t.yaml", "--set", "limti=3"), 2, "limti: unknown key; did you mean 'limit'?"),
        (("run", "t.yaml", "--engine", "dcoker"), 2, "'--engine': no 'dcoker'; did you mean 'docker'?"),
        (("schema", "zzz"), 2, "no 'zzz'; known: report, sample, task"),
        (("completion", "zhs"), 2, "no 'zhs'; did you mean 'zsh'?"),
        (("mock-server", "--fault", "hnag"), 2, "no 'hnag'; did you mean 'hang'?"),
        (("init", "x.yaml", "--hub", "hugingface"), 2, "no 'hugingface'; did you mean 'huggingface'?"),
    ],
)
def test_wrong_words_end_with_their_code_and_a_way_on(
    arguments: tuple[str, ...],
    code: int,
    words: str,
    task: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = task.parent / "folder"
    folder.mkdir()
    (folder / "first.yaml").write_bytes(task.read_bytes())
    monkeypatch.chdir(task.parent)

    assert code_of(*arguments) == code

    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error


def test_a_task_that_ships_with_evaldock_is_found_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    engine = FakeEngine(echo)
    use(monkeypatch, engine)

    assert code_of("plan", "quickstart") == 0

    assert "choices" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_plan_exits_3_when_something_is_missing(
    task: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, FakeEngine(echo))
    (task.parent / "model" / "model.safetensors").unlink()

    assert code_of("plan", str(task)) == 3

    assert "MISSING model 'm'" in capsys.readouterr().out


def test_plan_as_json_is_json(
    task: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, FakeEngine(echo))

    code_of("plan", str(task), "--json")

    assert json.loads(capsys.readouterr().out)["jobs"][0]["id"] == "1-m-echo"


def test_what_nobody_foresaw_is_one_line_and_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(*_args: object) -> None:
        raise ZeroDivisionError("surprise")

    monkeypatch.setattr("hub.taskinput.load_any", broken)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    assert code_of("run", "quickstart") == 1

    error = capsys.readouterr().err
    assert "unexpected ZeroDivisionError: surprise" in error
    assert "Traceback" not in error
    assert "ZeroDivisionError" in next(tmp_path.glob("evaldock-crash-*")).read_text()


def in_shell(line: str) -> subprocess.CompletedProcess[str]:
    command = line.replace("evaldock", f"{sys.executable} -c 'from hub.cli import main; main()'")
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)


def test_output_that_cannot_be_written_is_told_and_no_fault_of_evaldock() -> None:
    ran = in_shell("evaldock list backends --json >/dev/full")

    assert ran.returncode == 1
    assert ran.stderr == "evaldock: the output cannot be written: No space left on device\n"


def test_a_closed_standard_stream_harms_nothing() -> None:
    assert in_shell("evaldock list backends 2>&-").returncode == 0
    assert in_shell("evaldock list backends >&- 2>&- <&-").returncode == 0


def test_a_reader_that_left_ends_the_output_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-c", "from hub.cli import main; main()", "list", "backends"]

    ran = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)

    assert (ran.returncode, ran.stderr) == (1, "")
