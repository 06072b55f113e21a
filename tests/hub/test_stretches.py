from hub.report import Stretch
from hub.stretches import stretches


def stretch(started_at: float, ended_at: float) -> Stretch:
    return Stretch(started_at=started_at, ended_at=ended_at)


def test_each_start_is_a_stretch_up_to_its_last_event() -> None:
    events = [
        {"time": 1.0, "event": "run_started"},
        {"time": 4.0, "event": "progress"},  # killed here
        {"time": 100.0, "event": "run_resumed"},
        {"time": 107.5, "event": "run_ended"},
    ]

    assert stretches(events) == (stretch(1.0, 4.0), stretch(100.0, 107.5))


def test_a_start_that_was_killed_at_once_took_no_time() -> None:
    assert stretches([{"time": 1.0, "event": "run_started"}]) == (stretch(1.0, 1.0),)


def test_a_clock_that_was_set_back_makes_no_stretch_shorter() -> None:
    events = [
        {"time": 10.0, "event": "run_started"},
        {"time": 12.0, "event": "progress"},
        {"time": 3.0, "event": "run_ended"},
    ]

    assert stretches(events) == (stretch(10.0, 12.0),)


def test_what_is_no_event_of_a_run_is_passed_over() -> None:
    assert (
        stretches([{"event": "run_started"}, {"time": "soon", "event": "run_ended"}, {"time": 1.0, "event": "x"}])
        == ()
    )
