"""The command line of the server."""

from __future__ import annotations

import pytest

from adapters.native.server.settings import Settings, parse


def test_the_folder_names_the_model_and_the_environment_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALDOCK_LISTEN", "/run/x/server.sock")

    assert parse(["--weights", "/models/qwen/"]) == Settings("/models/qwen/", "qwen", socket="/run/x/server.sock")


def test_every_setting_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVALDOCK_LISTEN", raising=False)
    argv = ["--weights", "/w", "--name", "m", "--dtype", "bfloat16", "--adapter", "/a", "--attention", "eager"]
    argv += ["--trust-remote-code", "--context", "512", "--batch-tokens", "64", "--max-answers", "7", "--port", "0"]

    assert parse(argv) == Settings("/w", "m", "bfloat16", "/a", "eager", True, 512, 64, 7, "", 0)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--weights", "/w"], "give --socket or --port"),
        (["--weights", "/w", "--port", "1", "--context", "0"], "0 is not 1 or more"),
        (["--port", "1"], "--weights"),
    ],
)
def test_what_cannot_be_served_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], argv: list[str], words: str
) -> None:
    monkeypatch.delenv("EVALDOCK_LISTEN", raising=False)

    with pytest.raises(SystemExit) as ended:
        parse(argv)

    assert ended.value.code == 2
    assert words in capsys.readouterr().err
