from hub.urldata.meter import Meter


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def told(total: int | None, done: int, *steps: tuple[float, int]) -> list[str]:
    lines: list[str] = []
    clock = Clock()
    meter = Meter(lines.append, done, total, clock)
    for seconds, count in steps:
        clock.now += seconds
        meter.add(count)
    return lines


def test_share_speed_and_time_left_are_told_every_few_seconds() -> None:
    assert told(100_000_000, 0, (1.0, 10_000_000), (4.0, 10_000_000), (4.9, 1), (0.1, 19_999_999)) == [
        "20 MB of 100 MB (20 %), 4.0 MB/s, 20.0 s left",
        "40 MB of 100 MB (40 %), 4.0 MB/s, 15.0 s left",
    ]


def test_what_was_here_before_makes_no_speed() -> None:
    assert told(100_000_000, 60_000_000, (10.0, 10_000_000)) == ["70 MB of 100 MB (70 %), 1.0 MB/s, 30.0 s left"]


def test_without_a_total_there_is_no_share() -> None:
    assert told(None, 0, (10.0, 50_000_000)) == ["50 MB, 5.0 MB/s"]


def test_nothing_in_all_the_time_has_no_end() -> None:
    assert told(100_000_000, 0, (10.0, 0)) == ["0 B of 100 MB (0 %), 0 B/s"]
