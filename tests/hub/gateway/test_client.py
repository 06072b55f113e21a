"""The gateway as the hub sees it: a process with sockets, and nothing left of it afterwards."""

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hub.errors import GatewayError, PrerequisiteError
from hub.gateway import CallCount, Gateway, Route, Upstream
from hub.gateway import client as client_module
from hub.settings import load_settings
from tests.fakes.upstream import FakeUpstream
from tests.hub.gateway.support import CHAT, KEY, KEY_ENV, question

ROOT = os.geteuid() == 0


@pytest.fixture
def settings(tmp_path):
    return replace(load_settings({}), runtime_dir=tmp_path / "rt")


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv(KEY_ENV, KEY)
    monkeypatch.setenv("UNRELATED_SECRET", "other")


def ask(folder: Path, path: str, body: dict | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("gateway")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(folder / "gateway.sock"))
    try:
        connection.request("POST" if body else "GET", path, json.dumps(body) if body else None)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def gone(pid: int, deadline_s: float = 5.0) -> bool:
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.01)
    return False


def test_jobs_are_served_counted_and_nothing_is_left(settings):
    with FakeUpstream(answer=lambda body: "42") as up, FakeUpstream(fault="500") as broken:
        routes = (
            Route("0-a", {"candidate": Upstream(up.base_url, "m"), "judge": Upstream(broken.base_url, "j")}),
            Route("1-b", {"candidate": Upstream(up.base_url, "m")}),
        )
        with Gateway.start(settings, "run", routes) as gateway:
            folders = [gateway.socket_dir(route.job_id) for route in routes]
            health = [ask(folder, "/healthz") for folder in folders]
            for _ in range(2):
                ask(folders[0], f"/candidate/arc%2Fc/{CHAT}", question())
            ask(folders[0], f"/judge/arc%2Fc/{CHAT}", question())
            ask(folders[1], f"/candidate/gsm8k/{CHAT}", question())
            counts = gateway.stop()

    assert [status for status, _ in health] == [200, 200]
    assert counts == (
        CallCount("0-a", "candidate", "arc/c", 200, 2),
        CallCount("0-a", "judge", "arc/c", 502, 1),
        CallCount("1-b", "candidate", "gsm8k", 200, 1),
    )
    assert gateway.stop() == counts
    assert not gateway.alive()
    assert list(settings.runtime_dir.iterdir()) == []


def test_the_key_is_in_the_upstream_s_header_and_nowhere_else(settings, key):
    with FakeUpstream(fault="401") as up:
        routes = (Route("job", {"candidate": Upstream(up.base_url, "m", KEY_ENV)}),)
        with Gateway.start(settings, "run", routes) as gateway:
            proc = Path(f"/proc/{gateway._process.pid}")
            argv, environ = (proc / "cmdline").read_bytes(), (proc / "environ").read_bytes()
            _, answer = ask(gateway.socket_dir("job"), f"/candidate/arc/{CHAT}", question())
            gateway._stderr.seek(0)
            log = gateway._stderr.read()

    assert up.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in json.dumps([up.requests[0].json, up.requests[0].path])
    assert KEY.encode() not in argv + answer + log
    assert b"UNRELATED_SECRET" not in environ


def test_a_key_that_is_not_set_is_missing_by_name(settings, monkeypatch):
    monkeypatch.delenv(KEY_ENV, raising=False)

    with pytest.raises(PrerequisiteError, match=KEY_ENV):
        Gateway.start(settings, "run", (Route("job", {"candidate": Upstream("http://h/v1", "m", KEY_ENV)}),))


def test_a_key_that_no_header_can_hold_is_refused_without_showing_it(settings, monkeypatch):
    monkeypatch.setenv(KEY_ENV, "sk-\n-two-lines")

    with pytest.raises(PrerequisiteError, match=KEY_ENV) as caught:
        Gateway.start(settings, "run", (Route("job", {"candidate": Upstream("http://h/v1", "m", KEY_ENV)}),))

    assert "two-lines" not in str(caught.value)


def test_sockets_and_their_folders_are_private(settings):
    with Gateway.start(settings, "run", (Route("job", {}),)) as gateway:
        folder = gateway.socket_dir("job")
        modes = [stat.S_IMODE(path.lstat().st_mode) for path in (folder.parent.parent, folder.parent, folder)]
        found = (folder / "gateway.sock").lstat()

    assert modes == [0o700, 0o700, 0o700]
    assert stat.S_ISSOCK(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o600


@pytest.mark.skipif(not ROOT, reason="only root may give files away")
def test_a_socket_belongs_to_its_job_s_user(settings):
    with Gateway.start(settings, "run", (Route("job", {}, uid=10001, gid=10002),)) as gateway:
        folder = gateway.socket_dir("job")
        owners = [
            (path.stat().st_uid, path.stat().st_gid) for path in (folder.parent, folder, folder / "gateway.sock")
        ]

    assert owners == [(0, 0), (10001, 10002), (10001, 10002)]


def test_the_folder_is_the_same_after_the_gateway_died(settings):
    route = (Route("job", {}, uid=10001 if ROOT else None),)
    first = Gateway.start(settings, "run", route)
    first._process.kill()
    first._process.wait()
    before = first.socket_dir("job").stat().st_ino
    assert not first.alive()

    with Gateway.start(settings, "run", route) as second:
        assert second.socket_dir("job").stat().st_ino == before
        assert ask(second.socket_dir("job"), "/healthz")[0] == 200
    assert first.stop() == ()


def test_a_run_has_one_gateway(settings):
    with Gateway.start(settings, "run", (Route("job", {}),)) as gateway:
        with pytest.raises(GatewayError, match="already"):
            Gateway.start(settings, "run", (Route("job", {}),))
        assert ask(gateway.socket_dir("job"), "/healthz")[0] == 200


def test_a_path_too_long_for_a_socket_names_the_way_out(settings):
    long = replace(settings, runtime_dir=settings.runtime_dir / ("x" * 90))

    with pytest.raises(PrerequisiteError, match="107") as caught:
        Gateway.start(long, "run", (Route("job", {}),))

    assert "XDG_RUNTIME_DIR" in caught.value.hint
    assert not long.runtime_dir.exists()


def test_the_end_of_standard_input_ends_it_and_removes_its_sockets(settings):
    with Gateway.start(settings, "run", (Route("job", {}),)) as gateway:
        gateway._process.stdin.close()

        code = gateway._process.wait(5)

        assert code == 0
        assert not (gateway.socket_dir("job") / "gateway.sock").exists()
        gateway._process.stdin = None


def test_it_ends_when_the_hub_is_killed(tmp_path):
    script = (
        "import os, sys; from dataclasses import replace; from pathlib import Path\n"
        "from hub.gateway import Gateway, Route; from hub.settings import load_settings\n"
        "settings = replace(load_settings({}), runtime_dir=Path(sys.argv[1]))\n"
        "print(Gateway.start(settings, 'run', (Route('job', {}),))._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, str(tmp_path / "rt")],
        cwd=client_module._SOURCE, capture_output=True, check=False,
    )  # fmt: skip

    assert done.returncode == -signal.SIGKILL
    assert gone(int(done.stdout))
    assert list((tmp_path / "rt").rglob("gateway.sock")) == []


def test_ctrl_c_in_the_terminal_does_not_end_it(settings):
    with Gateway.start(settings, "run", (Route("job", {}),)) as gateway:
        os.kill(gateway._process.pid, signal.SIGINT)

        assert ask(gateway.socket_dir("job"), "/healthz")[0] == 200
        assert os.getsid(gateway._process.pid) != os.getsid(0)


def test_a_call_under_way_does_not_hold_up_the_end(settings):
    with FakeUpstream(fault="hang") as up:
        routes = (Route("job", {"candidate": Upstream(up.base_url, "m")}),)
        with Gateway.start(settings, "run", routes) as gateway, socket.socket(socket.AF_UNIX) as client:
            client.connect(str(gateway.socket_dir("job") / "gateway.sock"))
            body = json.dumps(question()).encode()
            head = f"POST /candidate/arc/{CHAT} HTTP/1.1\r\nHost: g\r\nContent-Length: {len(body)}\r\n\r\n"
            client.sendall(head.encode() + body)
            while not up.requests:
                time.sleep(0.01)
            began = time.monotonic()
            counts = gateway.stop()

    assert counts == (CallCount("job", "candidate", "arc", 499, 1),)
    assert time.monotonic() - began < 5


def test_a_gateway_that_cannot_start_says_why(settings, monkeypatch):
    monkeypatch.setattr(client_module, "READY", "never")
    monkeypatch.setattr(client_module, "_START_DEADLINE_S", 0.1)

    with pytest.raises(GatewayError, match=r"not ready within 0\.1 s"):
        Gateway.start(settings, "run", (Route("job", {}),))


def test_the_child_s_last_words_are_in_the_error(settings, monkeypatch):
    package = settings.runtime_dir.parent / "hub"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('a broken installation')")
    monkeypatch.setattr(client_module, "_SOURCE", package.parent)

    with pytest.raises(GatewayError, match="a broken installation"):
        Gateway.start(settings, "run", (Route("job", {}),))
    assert list(settings.runtime_dir.iterdir()) == []


def test_the_hub_s_side_imports_no_server(settings):
    heavy = ("aiohttp", "ssl", "asyncio", "http.client", "urllib.request")
    code = f"import sys, hub.gateway, hub.endpoint; print([name for name in {heavy} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], cwd=client_module._SOURCE, capture_output=True, check=True)

    assert done.stdout.decode().strip() == "[]"
