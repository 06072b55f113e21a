import csv
import io
from pathlib import Path

import pytest

from hub.runs import RunFolder
from tests.hub.cleaning.test_folders import make_run
from tests.hub.export.report import metric, report, result, sample
from tests.hub.test_cli import code_of


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    monkeypatch.setenv("EVALDOCK_RUNS", str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    run = make_run(tmp_path / "runs")
    (run.path / "report.json").write_text(report(result("arc", None, metric())).model_dump_json())
    folder = run.job_folder("1-m-native")
    folder.mkdir(parents=True)
    (folder / "samples.jsonl").write_text(sample().model_dump_json() + "\n")
    return run


def test_csv_goes_to_standard_output(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("export", "--to", "csv") == 0

    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["value"] == "0.5"


def test_csv_of_samples_goes_to_a_file_where_one_is_named(run: RunFolder, tmp_path: Path) -> None:
    assert code_of("export", "--to", "csv", "--samples", "--out", "out/s.csv") == 0

    assert "It is 4" in (tmp_path / "out" / "s.csv").read_text()


@pytest.mark.parametrize(("format_name", "count"), [("lm-eval", 2), ("eee", 2)])
def test_other_formats_go_to_a_folder(run: RunFolder, tmp_path: Path, format_name: str, count: int) -> None:
    assert code_of("export", run.path.name, "--to", format_name) == 0
    assert code_of("export", "--to", format_name, "--no-samples", "--out", "bare") == 0

    assert len([path for path in (tmp_path / f"r-{format_name}").rglob("*") if path.is_file()]) == count
    assert len([path for path in (tmp_path / "bare").rglob("*") if path.is_file()]) == 1


def test_samples_that_cannot_be_read_are_named_and_leave_no_half_of_a_file(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (run.job_folder("1-m-native") / "samples.jsonl").open("a") as file:
        file.write("{broken\n")

    assert code_of("export", "--to", "csv", "--samples", "--out", "s.csv") == 2

    assert "samples.jsonl:2 is no sample" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to", "lmeval"), "did you mean 'lm-eval'?"),
        (("--to", "mlflow"), "known: csv, eee, lm-eval"),
        (("nothing", "--to", "csv"), "no run 'nothing'"),
        (("--to", "eee", "--out", "runs/20260101T000000Z-t-01234567/run.json"), "cannot be written"),
    ],
)
def test_wrong_words_are_exit_2(
    run: RunFolder, arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("export", *arguments) == 2
    assert words in capsys.readouterr().err
