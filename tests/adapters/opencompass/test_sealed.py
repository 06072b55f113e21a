"""Scoring has no network: shown by programs that try."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.opencompass.runner.pipes import PipeList, PipeManager

ROOT = Path(__file__).resolve().parents[3]

_TRY = """
import json, os, socket, subprocess, sys, tempfile
from adapters.opencompass.runner.sealed import seal
os.environ["EVALDOCK_GATEWAY"] = "http://127.0.0.1:1"
reader, writer = os.pipe()
why = seal()

def attempt(family):
    try:
        socket.socket(family).close()
        return "open"
    except OSError as error:
        return type(error).__name__

def manager():
    import multiprocessing
    with multiprocessing.Manager() as manager:
        found = manager.list()
        child = multiprocessing.get_context("fork").Process(target=found.append, args=("from a child",))
        child.start()
        child.join()
        return found[0]

child = subprocess.run(
    [sys.executable, "-c", "import socket; socket.socket()"], capture_output=True, text=True
).stderr.splitlines()[-1]
print(json.dumps({
    "why": why,
    "tcp": attempt(socket.AF_INET), "udp6": attempt(socket.AF_INET6), "unix": attempt(socket.AF_UNIX),
    "pair": [end.close() for end in socket.socketpair()],
    "child": child, "manager": manager(), "gateway": os.environ.get("EVALDOCK_GATEWAY"),
    "files": tempfile.TemporaryFile().closed,
}))
"""


def test_a_sealed_process_and_its_children_open_no_socket() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _TRY], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["why"] == ""
    assert (found["tcp"], found["udp6"], found["unix"]) == ("PermissionError",) * 3
    assert found["child"].startswith("PermissionError")
    assert found["gateway"] is None
    assert found["pair"] == [None, None]  # a pair leads nowhere: multiprocessing may have it
    assert found["manager"] == "from a child"


def test_a_list_through_a_pipe_reads_like_one() -> None:
    found = PipeManager().list()
    assert not found

    found.append("first")
    found.append("второй")

    assert (len(found), found[0], found[1]) == (2, "first", "второй")
    with pytest.raises(IndexError):
        found[2]


def test_a_very_long_answer_does_not_block_its_writer() -> None:
    found = PipeList()

    found.append("x" * 5_000_000)

    assert len(found[0]) == 100_000
