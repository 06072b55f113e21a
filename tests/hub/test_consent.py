import sys
from pathlib import Path

import click
import pytest

from hub.adapter import Asset
from hub.cli.consent import consent
from hub.downloads import Download
from hub.errors import InterruptedRunError, PrerequisiteError
from hub.hublist import Offer

SMALL = Download(Asset("model", "s", "/models/s", "modelscope", "acme/s", "master"), Offer(size=1_000_000))
BIG = Download(Asset("model", "b", "/models/b", "modelscope", "acme/b", "master"), Offer(size=3_000_000_000))


class Terminal:
    """A stream that says that it is one."""

    def __init__(self, stream: object) -> None:
        self._stream = stream

    def isatty(self) -> bool:
        return True

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(sys.stdin))
    monkeypatch.setattr(sys, "stderr", Terminal(sys.stderr))
    monkeypatch.setattr(click, "confirm", lambda *_args, **_named: answer)


def test_what_is_downloaded_is_shown_with_its_size(capsys: pytest.CaptureFixture[str]) -> None:
    consent(yes=False)((SMALL,))

    assert "model 's': acme/s at modelscope (1.0 MB)" in capsys.readouterr().err


def test_more_than_two_gigabytes_without_a_terminal_is_exit_3_and_names_yes() -> None:
    with pytest.raises(PrerequisiteError) as caught:
        consent(yes=False)((SMALL, BIG))

    assert "--yes" in caught.value.hint


def test_yes_answers_beforehand() -> None:
    consent(yes=True)((BIG,))


def test_a_person_is_asked_and_may_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch, answer=True)
    consent(yes=False)((BIG,))

    at_a_terminal(monkeypatch, answer=False)
    with pytest.raises(InterruptedRunError):
        consent(yes=False)((BIG,))


def test_what_is_here_already_does_not_count() -> None:
    nearly = Download(BIG.asset, BIG.offer, here=2_500_000_000, elsewhere=Path("/x"))

    consent(yes=False)((nearly,))
