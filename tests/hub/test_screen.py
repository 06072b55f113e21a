from dataclasses import replace

import pytest

from hub.cli.screen import open_screen, sentence
from hub.observer import Progressed, RunStarted
from hub.render.plan import plan_lines
from tests.hub.test_plan import plan


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """Return a function that shows (seconds, event) pairs on a screen that is no terminal and returns its lines."""

    def show(*timed: tuple[float, Progressed]) -> list[str]:
        times = iter([at for at, _ in timed])
        monkeypatch.setattr("hub.cli.screen.time.monotonic", lambda: next(times))
        with open_screen(quiet=False) as observe:
            for _, event in timed:
                observe(event)
        return capsys.readouterr().err.splitlines()

    return show


def progressed(done: int, total: int, errors: int = 0) -> Progressed:
    return Progressed("1-m-echo", "d", done, total, errors)


def test_a_finished_data_set_is_one_line_with_its_rate(lines) -> None:  # type: ignore[no-untyped-def]
    shown = lines((0.0, progressed(0, 20)), (4.0, progressed(20, 20, 1)), (5.0, progressed(20, 20, 1)))

    assert shown == ["1-m-echo: d 20/20 (5.0/s, 1 error)"]


def test_what_was_over_at_once_has_no_rate(lines) -> None:  # type: ignore[no-untyped-def]
    assert lines((0.0, progressed(0, 200)), (0.2, progressed(200, 200))) == ["1-m-echo: d 200/200"]


def test_a_total_that_is_not_known_is_not_shown(lines) -> None:  # type: ignore[no-untyped-def]
    shown = lines((0.0, progressed(0, 0)), (11.0, progressed(5, 0, 2)), (12.0, progressed(6, 0, 2)))

    assert shown == ["1-m-echo: d 5 (27/min, 2 errors)"]


def test_long_work_says_what_is_left(lines) -> None:  # type: ignore[no-untyped-def]
    shown = lines((0.0, progressed(0, 100)), (20.0, progressed(50, 100)))

    assert shown == ["1-m-echo: d 50/100 (2.5/s, 20.0 s left)"]


def test_one_is_singular_on_screens_and_in_plans() -> None:
    models = {"m": {"checkpoint": "./model"}}
    text = "\n".join(plan_lines(plan(models=models, limit=1), "engine   none"))

    assert sentence(RunStarted("r", "/r", ("1-m-echo",))) == "run r: 1 job"
    assert "task t: 1 job\n" in text
    assert "first 1 row of each subset" in text


def test_a_long_file_is_shown_by_its_beginning_unless_all_is_asked_for() -> None:
    made = plan(models={"m": {"checkpoint": "./model"}})
    (planned,) = made.jobs
    files = {"long.txt": "".join(f"line {number}\n" for number in range(2000)), "short.txt": "all\n" * 24}
    made = replace(made, jobs=(replace(planned, job=replace(planned.job, files=files)),))

    short, whole = (list(plan_lines(made, "engine", whole_files=asked)) for asked in (False, True))

    assert short.count("    | all") == 24
    assert "    | line 22" in short
    assert "    | line 23" not in short
    assert "    ... 1977 more lines: `evaldock plan TASK --files` shows them" in short
    assert "    | line 1999" in whole


class _Gone:
    def isatty(self) -> bool:
        return False

    def write(self, _text: str) -> int:
        raise OSError(5, "Input/output error")

    def flush(self) -> None: ...


def test_a_screen_that_goes_away_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", _Gone())

    with open_screen(quiet=False) as observe:
        observe(RunStarted("r", "/r", ("1",)))
        observe(RunStarted("r", "/r", ("1",)))
