"""A data set at a URL, as a user gets it: by the command line, from a server on loopback, without a container."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.settings import load_settings
from tests.e2e.harness import HANGS_S, ROOT
from tests.fakes.file_server import FileServer

pytestmark = pytest.mark.e2e

FETCH = ("fetch", "task.yaml", "--engine", "venv")


def packed() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data/ARC/dev.jsonl", os.urandom(400_000))
        archive.writestr("data/mmlu/dev.csv", "a,b\n")
    return buffer.getvalue()


ZIP = packed()


class User:
    """Somebody with a task, a cache and a shell."""

    def __init__(self, folder: Path, server: FileServer, **facts: Any) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.cache.mkdir()
        environments = load_settings().cache_dir / "envs"
        environments.mkdir(parents=True, exist_ok=True)
        (self.cache / "envs").symlink_to(environments)
        fields = {"kind": "dataset", "name": "ARC_c", "target": "/data/oc", "hub": "url", "location": server.url()}
        self.assets = [{**fields, "unpack": "zip", "inside": "data", **facts}]
        model = ROOT / "configs" / "bundled" / "model"
        (folder / "task.yaml").write_text(
            f"version: 1\nname: t\nmodels: {{m: {{checkpoint: '{model}'}}}}\n"
            "evaluations: [{backend: echo, datasets: [echo]}]\n"
        )

    @contextmanager
    def begin(self, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
        env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "EVALDOCK_CACHE": str(self.cache),
            "EVALDOCK_STATE": str(self.folder / "state"),
            "EVALDOCK_TEST_ASSETS": json.dumps(self.assets),
        }
        argv = [sys.executable, "-m", "tests.fakes.data_adapter", *arguments]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(argv, cwd=self.folder, env=env, text=True, **pipes) as process:  # type: ignore[call-overload]
            yield process

    def does(self, *arguments: str) -> tuple[int, str, str]:
        with self.begin(*arguments) as process:
            out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    @property
    def data(self) -> Path:
        """Return the folder of the data set."""
        (stamp,) = self.cache.glob("datasets/url/*/.complete")
        return stamp.parent

    def begun(self) -> int:
        """Return how many bytes of the archive are here."""
        return sum(path.stat().st_size for path in self.cache.glob("datasets/url/*.partial/download"))


def wait_for(user: User, size: int) -> None:
    until = time.monotonic() + HANGS_S
    while user.begun() < size:
        assert time.monotonic() < until, "the bytes did not arrive"
        time.sleep(0.02)


def test_a_fetch_that_is_killed_goes_on_where_it_was_and_a_run_then_needs_no_network(tmp_path: Path) -> None:
    with FileServer(ZIP, stall_at=250_000) as server:
        user = User(tmp_path, server, patterns=["ARC/*.jsonl"], unpacked_bytes=400_004)
        with user.begin(*FETCH, "--no-images") as process:
            assert server.stalled.wait(HANGS_S)
            wait_for(user, 250_000)
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=HANGS_S)
        stamps = list(user.cache.glob("datasets/url/*/.complete"))
        server.stall_at = None
        shown = user.does(*FETCH, "--no-images", "--dry-run")
        server.requests.clear()
        fetched = user.does(*FETCH)
        asked = list(server.gets)
        server.statuses = [503] * 99
        server.requests.clear()
        proof = user.does("doctor", "task.yaml", "--engine", "venv", "--offline")
        ran = user.does("run", "task.yaml", "--engine", "venv", "--offline")

    assert process.returncode == -signal.SIGKILL
    assert stamps == []
    assert shown[0] == 0, shown
    assert f"will be downloaded: {server.url()} (400 kB, unpacked 400 kB, 250 kB of it are here)" in shown[1]
    assert "150 kB to download" in shown[1]
    assert fetched[0] == 0, fetched
    assert [(part.range, part.headers["if-range"]) for part in asked] == [("bytes=250000-", server.etag)]
    assert "going on at 250 kB (400 kB)" in fetched[2]
    assert proof[0] == 0, proof
    assert ran[0] == 0, ran
    assert server.requests == []
    assert (user.data / "ARC" / "dev.jsonl").stat().st_size == 400_000


def test_ctrl_c_is_exit_130_and_keeps_what_came(tmp_path: Path) -> None:
    with FileServer(ZIP, stall_at=100_000) as server:
        user = User(tmp_path, server)
        with user.begin(*FETCH, "--no-images") as process:
            assert server.stalled.wait(HANGS_S)
            wait_for(user, 100_000)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=HANGS_S)

    assert process.returncode == 130
    assert user.begun() == 100_000
    assert not list(user.cache.glob("datasets/url/*/.complete"))


def test_of_two_at_once_one_downloads_and_the_other_waits_for_it(tmp_path: Path) -> None:
    with FileServer(ZIP, stall_at=100_000) as server:
        user = User(tmp_path, server)
        with user.begin(*FETCH, "--no-images") as first:
            assert server.stalled.wait(HANGS_S)
            server.stall_at = None
            with user.begin(*FETCH, "--no-images") as second:
                assert second.stderr
                said = next(line for line in second.stderr if "waiting" in line)
                server.closing.set()
                rest = second.communicate(timeout=HANGS_S)
            heard = first.communicate(timeout=HANGS_S)

    assert (first.returncode, second.returncode) == (0, 0), (heard, rest)
    assert "another evaldock downloads it; waiting" in said
    assert [part.range for part in server.gets] == ["", "bytes=100000-"]


@pytest.mark.parametrize(
    ("faults", "facts", "words"),
    [
        ({"statuses": [404] * 9}, {}, "has no such file (404)"),
        ({"statuses": [403] * 9}, {}, "refuses access (403)"),
        ({"kind": "text/html"}, {}, "answers with a web page instead of the file"),
        ({}, {"sha256": "0" * 64}, f"expected SHA-256 {'0' * 64}, got "),
        ({}, {"inside": "dates"}, "the archive has no folder 'dates' with files in it"),
        ({}, {"patterns": ["ARC/gone.jsonl"]}, "ARC/gone.jsonl is missing"),
        ({}, {"unpack": "tar"}, "the archive is damaged, or none at all"),
    ],
)
def test_what_cannot_be_had_is_exit_3_with_what_where_and_what_to_do(
    tmp_path: Path, faults: dict[str, Any], facts: dict[str, Any], words: str
) -> None:
    with FileServer(ZIP, **faults) as server:
        user = User(tmp_path, server, **facts)
        code, out, err = user.does(*FETCH, "--no-images")

    assert (code, out) == (3, ""), (out, err)
    assert words in err
    assert server.url() in err
    assert "dataset 'ARC_c'" in err
    assert err.splitlines()[-1].startswith("  ")  # what to do
    assert "Traceback" not in err
