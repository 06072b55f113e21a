import time

import pytest

from hub.clock import Stopwatch


@pytest.mark.parametrize("jump_s", [-86400.0, 86400.0])
def test_a_wall_clock_that_jumps_does_not_move_a_stopwatch(jump_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    watch, real = Stopwatch(), time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump_s)

    assert 0 <= watch.now - watch.started_at < 60
