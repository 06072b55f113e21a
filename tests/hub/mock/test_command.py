"""The command as a user starts it: a URL, an end, and what it refuses."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from hub.cli import main
from hub.mock.serve import bind, is_open, url_of

EVALDOCK = str(Path(sys.executable).with_name("evaldock"))


@contextmanager
def started(*arguments: str, **env: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the command on a free port; yield it and its URL."""
    process = subprocess.Popen(
        [EVALDOCK, "mock-server", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **env},
    )
    with process:
        try:
            assert process.stdout
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def ask(url: str, text: str, *, timeout_s: float = 10) -> str:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    with urlopen(Request(f"{url}/chat/completions", body), timeout=timeout_s) as response:
        answer: str = json.load(response)["choices"][0]["message"]["content"]
    return answer


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_url_answers_and_ends_with_a_line(number: signal.Signals) -> None:
    with started("--answer", "fixed:42") as (process, url):
        assert ask(url, "x") == "42"
        process.send_signal(number)
        out, err = process.communicate(timeout=10)

    assert process.returncode == 0
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "1 requests in" in err
    assert "1 answered" in err


def test_a_request_that_hangs_does_not_keep_it_from_ending() -> None:
    with started("--fault", "hang") as (process, url):
        with pytest.raises(TimeoutError):
            ask(url, "x", timeout_s=0.3)
        urlopen(f"{url}/models").close()  # asked for later: once it is answered, the other one has been read
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)

    assert process.returncode == 0
    assert "1 faults (1 hang)" in err


def test_no_two_answers_are_alike_where_that_is_asked_for() -> None:
    with started("--answer", "fixed:42", "--unique", "--error-rate", "0.5") as (_, url):
        answers = [ask(url, "x") for _ in range(20)]

    assert len(set(answers)) == 20
    assert {answer.partition("\n")[2] for answer in answers} == {"42", "I do not know."}


def test_it_answers_from_the_gold_of_a_shipped_task() -> None:
    with started("--gold", "native/own-data", "--error-rate", "0.25") as (process, url):
        assert ask(url, "What is 12 + 7?") in {"19", "4", "red red"}
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)

    assert "right answers: my-choices/default 3/4, my-questions/default 2/3" in err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--answer", "eco"), 2, "none of echo, fixed:TEXT"),
        (("--answer", "echo", "--gold", "quickstart"), 2, "give one of them"),
        (("--error-rate", "0.5"), 2, "give --gold"),
        (("--error-rate", "2", "--gold", "quickstart"), 2, "0<=x<=1"),
        (("--fault", "flood"), 2, "no 'flood'; known: 429, 500, "),
        (("--fault-rate", "0.1"), 2, "give --fault"),
        (("--fault-for", "30s"), 2, "give --fault"),
        (("--fault", "500", "--fault-rate", "0.1", "--fault-first", "1"), 2, "leave out --fault-rate"),
        (("--fault", "500", "--fault-for", "1s", "--fault-first", "1"), 2, "leave out --fault-rate"),
        (("--fault", "500", "--fault-for", "soon"), 2, "not a duration such as 200ms"),
        (("--latency", "soon"), 2, "not a duration such as 200ms"),
        (("--gold", "absent.yaml"), 2, "no such file"),
        (("--answer", "file:absent.csv"), 2, "1 problem in the file of answers"),
        (("--api-key-env", "ABSENT_KEY"), 3, "ABSENT_KEY is not set"),
        (("--host", "192.0.2.1"), 3, "cannot serve on 192.0.2.1"),
        (("--log", "absent/log.jsonl"), 3, "cannot be written"),
    ],
)
def test_wrong_words_end_with_their_code_and_a_way_on(
    arguments: tuple[str, ...], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["mock-server", "--port", "0", *arguments])

    assert ended.value.code == code
    assert words in capsys.readouterr().err


def test_a_port_that_is_taken_is_a_prerequisite(capsys: pytest.CaptureFixture[str]) -> None:
    with bind("127.0.0.1", 0) as taken, pytest.raises(SystemExit) as ended:
        main(["mock-server", "--port", str(taken.getsockname()[1])])

    assert ended.value.code == 3
    assert "--port 0 takes a free port" in capsys.readouterr().err


def test_a_wildcard_address_is_open_and_has_a_url_for_this_machine() -> None:
    with bind("0.0.0.0", 0) as wide, bind("127.0.0.1", 0) as narrow:
        assert is_open(wide)
        assert not is_open(narrow)
        assert url_of(wide).startswith("http://127.0.0.1:")
