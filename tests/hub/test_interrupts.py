import os
import signal
import threading
import time

import pytest

from hub.interrupts import held, interrupt, undisturbed


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def number(request: pytest.FixtureRequest) -> signal.Signals:
    chosen: signal.Signals = request.param
    return chosen


def test_undisturbed_work_is_finished_whatever_comes(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    with undisturbed():
        os.kill(os.getpid(), number)
        finished = True

    assert finished
    assert signal.getsignal(number) is before


def test_a_held_interrupt_is_noted_and_not_raised(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    with held() as interrupted:
        asked_before = interrupted()
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        asked_after = interrupted()

    assert (asked_before, asked_after) == (False, True)
    assert signal.getsignal(number) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_patience_ends_what_still_works_but_not_what_is_undisturbed() -> None:
    finished = []

    def work() -> None:
        with held(patience_s=0.05):
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])  # no tick comes before the block is entered
            os.kill(os.getpid(), signal.SIGINT)
            with undisturbed():
                signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
                time.sleep(0.2)
                finished.append("the stop")
            time.sleep(20)
            finished.append("the rest")

    with pytest.raises(KeyboardInterrupt):
        work()

    assert finished == ["the stop"]


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with held() as interrupted:
            os.kill(os.getpid(), signal.SIGHUP)
            asked = interrupted()
    finally:
        signal.signal(signal.SIGHUP, before)

    assert not asked


def test_outside_the_main_thread_nothing_is_touched() -> None:
    seen: list[bool] = []

    def work() -> None:
        with undisturbed(), held() as interrupted:
            seen.append(interrupted())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert seen == [False]


def test_an_interrupt_of_a_thread_waits_until_it_is_no_more_undisturbed() -> None:
    begun, may_go_on, finished = threading.Event(), threading.Event(), list[str]()

    def work() -> None:
        try:
            with undisturbed():
                begun.set()
                may_go_on.wait(10)
                finished.append("the stop")
            while True:
                begun.set()
        except KeyboardInterrupt:
            finished.append("interrupted")

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait(10)
    interrupt(thread)
    may_go_on.set()
    while thread.is_alive():
        interrupt(thread)
        thread.join(0.01)

    assert finished == ["the stop", "interrupted"]
