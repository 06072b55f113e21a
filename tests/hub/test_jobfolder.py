from pathlib import Path

from hub.job import Job
from hub.jobfolder import shelve, write_inputs

JOB = Job(id="1-m-echo", image="echo", command=("x",), files={"task.json": "{}"})


def start(folder: Path, *, wrote: str = "") -> None:
    """Leave what a start leaves; `wrote` is what its backend wrote."""
    write_inputs(JOB, folder)
    (folder / "output" / "events.jsonl").write_text("{}\n")
    (folder / "log.txt").write_text("log")
    if wrote:
        (folder / "output" / "predictions.jsonl").write_text(wrote)


def past(folder: Path) -> str:
    return (folder / "previous" / "output" / "predictions.jsonl").read_text()


def test_what_a_start_left_is_moved_and_what_it_was_given_is_gone(tmp_path: Path) -> None:
    start(tmp_path, wrote="one")
    for name in ("outcome.json", "job.json", "handle.json", "ledger.sqlite"):
        (tmp_path / name).write_text("x")

    shelve(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {"previous", "handle.json", "ledger.sqlite"}
    assert {path.name for path in (tmp_path / "previous").iterdir()} == {
        "output", "log.txt", "outcome.json", "job.json",
    }  # fmt: skip
    assert past(tmp_path) == "one"


def test_the_next_start_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    for text in ("one", "two"):
        start(tmp_path, wrote=text)
        shelve(tmp_path)

    assert past(tmp_path) == "two"


def test_a_start_that_wrote_nothing_takes_no_ones_place(tmp_path: Path) -> None:
    start(tmp_path, wrote="one")
    shelve(tmp_path)
    start(tmp_path)

    shelve(tmp_path)

    assert past(tmp_path) == "one"
    assert not (tmp_path / "output").exists()


def test_a_start_that_was_killed_while_it_took_over_what_was_there_takes_no_ones_place(tmp_path: Path) -> None:
    start(tmp_path, wrote="one")
    shelve(tmp_path)
    start(tmp_path)
    (tmp_path / "output" / ".outcomes.jsonl.new").write_text("half")

    shelve(tmp_path)

    assert past(tmp_path) == "one"


def test_a_job_that_left_nothing_has_no_past(tmp_path: Path) -> None:
    shelve(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_shelving_that_was_broken_off_is_completed_by_the_next(tmp_path: Path) -> None:
    start(tmp_path, wrote="one")
    shelve(tmp_path)
    start(tmp_path, wrote="two")
    (tmp_path / ".previous").mkdir()
    (tmp_path / "output").rename(tmp_path / ".previous" / "output")  # here it was killed

    shelve(tmp_path)

    assert past(tmp_path) == "two"
    assert {path.name for path in tmp_path.iterdir()} == {"previous"}


def test_a_link_in_the_place_of_the_output_is_never_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    folder = tmp_path / "job"
    start(folder, wrote="one")
    shelve(folder)
    (folder / "output").symlink_to(precious)

    shelve(folder)

    assert (precious / "file").read_text() == "x"
