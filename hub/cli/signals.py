"""Let every way of stopping a command end it as Ctrl-C does: in good order."""

from __future__ import annotations

import signal
from types import FrameType


def end_in_order() -> None:
    """Treat SIGTERM and a terminal that closes (unless `nohup` asks to ignore that) as an interrupt."""
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
