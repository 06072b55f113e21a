from hub.observer import Event, JobChanged, Progressed, RunResumed, RunStarted, to_plain
from hub.progress import Pace, Progress
from hub.report import JobState


def follow(*timed: tuple[float, Event]) -> Progress:
    progress = Progress()
    for at, event in timed:
        progress.add({"time": at, **to_plain(event)})
    return progress


def done(count: int, total: int = 100, errors: int = 0, dataset: str = "d", job: str = "1") -> Progressed:
    return Progressed(job, dataset, count, total, errors)


def test_each_data_set_of_each_job_stands_where_it_last_said() -> None:
    progress = follow((1, done(1)), (2, done(5, errors=2)), (2, done(3, dataset="e")), (3, done(1, job="2")))

    assert progress.paces() == (
        Pace("1", "d", 5, 100, 2),
        Pace("1", "e", 3, 100, 0),
        Pace("2", "d", 1, 100, 0),
    )


def test_rate_and_time_left_are_those_of_the_last_minute() -> None:
    quick_from_the_cache = [(0.1 * number, done(number, total=1000)) for number in range(101)]
    slow = [(10.0 + 10 * number, done(100 + 20 * number, total=1000)) for number in range(1, 21)]

    (pace,) = follow(*quick_from_the_cache, *slow).paces(now=210.0)

    assert (pace.done, pace.per_s, pace.left_s) == (500, 2.0, 250.0)


def test_a_rate_sinks_while_nothing_happens() -> None:
    progress = follow((0, done(0)), (10, done(50)))

    assert [pace.per_s for now in (10.0, 50.0) for pace in progress.paces(now)] == [5.0, 1.0]


def test_too_little_to_tell_tells_nothing() -> None:
    assert follow((0, done(5))).paces(now=30.0)[0].per_s is None
    assert follow((0, done(0)), (0.5, done(5))).paces(now=0.5)[0].per_s is None


def test_a_total_that_is_not_known_has_no_end() -> None:
    (pace,) = follow((0, done(0, total=0)), (10, done(50, total=0))).paces(now=10.0)

    assert (pace.per_s, pace.left_s) == (5.0, None)


def test_a_run_that_was_resumed_begins_anew() -> None:
    progress = follow((0, RunStarted("r", "/r", ("1",))), (1, done(50)), (2, RunResumed("r", "/r", ("1",), ())))

    assert progress.paces() == ()


def test_a_job_that_begins_again_does_so_alone() -> None:
    progress = follow((1, done(50)), (1, done(7, job="2")), (2, JobChanged("1", JobState.PREPARING)))

    assert [pace.job for pace in progress.paces()] == ["2"]


def test_lines_of_another_version_change_nothing() -> None:
    progress = follow((1, done(50)))

    assert progress.add({"event": "new", "time": 2.0}) is None
    assert progress.paces() == (Pace("1", "d", 50, 100, 0),)
