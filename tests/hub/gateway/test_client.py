"""The gateway as the hub sees it: a process with sockets, and nothing left of it afterwards."""

import http.client
import json
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from hub.errors import GatewayError, PrerequisiteError
from hub.gateway import Books, Gateway, Retry, Route, Upstream, Verdict
from hub.gateway import client as client_module
from hub.ledger import read_rows
from hub.settings import load_settings
from tests.fakes.upstream import FakeUpstream
from tests.hub.gateway.support import CHAT, KEY, KEY_ENV, PATIENCE_S, question

ROOT = os.geteuid() == 0


@pytest.fixture
def settings(tmp_path):
    return replace(load_settings({}), runtime_dir=tmp_path / "rt")


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv(KEY_ENV, KEY)
    monkeypatch.setenv("UNRELATED_SECRET", "other")


@pytest.fixture
def books(tmp_path):
    return Books(tmp_path / "answers" / "run.sqlite", "off")


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


def gone(pid: int) -> bool:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.01)
    return False


def test_jobs_are_served_accounted_and_no_socket_is_left(settings, books):
    with FakeUpstream(answer=lambda body: "42") as up, FakeUpstream(fault="500") as broken:
        judge = Upstream(broken.base_url, "j", retry=Retry(attempts=1))
        routes = (
            Route("0-a", {"candidate": Upstream(up.base_url, "m"), "judge": judge}),
            Route("1-b", {"candidate": Upstream(up.base_url, "m")}),
        )
        with Gateway.start(settings, "run", routes, books) as gateway:
            folders = [gateway.socket_dir(route.job_id) for route in routes]
            health = [ask(folder, "/healthz") for folder in folders]
            for _ in range(2):
                ask(folders[0], f"/candidate/arc%2Fc/{CHAT}", question())
            ask(folders[0], f"/judge/arc%2Fc/{CHAT}", question())
            ask(folders[1], f"/candidate/gsm8k/{CHAT}", question())
            gateway.stop()

    rows = {
        job: [(row.role, row.dataset, row.status) for row in read_rows(books.ledger, job)] for job in ("0-a", "1-b")
    }
    assert [status for status, _ in health] == [200, 200]
    assert rows == {
        "0-a": [*[("candidate", "arc/c", 200)] * 2, ("judge", "arc/c", 502)],
        "1-b": [("candidate", "gsm8k", 200)],
    }
    gateway.stop()
    assert not gateway.alive()
    assert list(settings.runtime_dir.iterdir()) == []


def test_the_key_is_in_the_upstream_s_header_and_nowhere_else(settings, books, key):
    with FakeUpstream(fault="401") as up:
        routes = (Route("job", {"candidate": Upstream(up.base_url, "m", KEY_ENV)}),)
        with Gateway.start(settings, "run", routes, books) as gateway:
            proc = Path(f"/proc/{gateway._process.pid}")
            argv, environ = (proc / "cmdline").read_bytes(), (proc / "environ").read_bytes()
            _, answer = ask(gateway.socket_dir("job"), f"/candidate/arc/{CHAT}", question())
            gateway._stderr.seek(0)
            log = gateway._stderr.read()

    assert up.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in json.dumps([up.requests[0].json, up.requests[0].path])
    assert KEY.encode() not in argv + answer + log
    assert b"UNRELATED_SECRET" not in environ


def test_a_key_that_is_not_set_is_missing_by_name(settings, books, monkeypatch):
    monkeypatch.delenv(KEY_ENV, raising=False)

    with pytest.raises(PrerequisiteError, match=KEY_ENV):
        Gateway.start(settings, "run", (Route("job", {"candidate": Upstream("http://h/v1", "m", KEY_ENV)}),), books)


def test_a_key_that_no_header_can_hold_is_refused_without_showing_it(settings, books, monkeypatch):
    monkeypatch.setenv(KEY_ENV, "sk-\n-two-lines")

    with pytest.raises(PrerequisiteError, match=KEY_ENV) as caught:
        Gateway.start(settings, "run", (Route("job", {"candidate": Upstream("http://h/v1", "m", KEY_ENV)}),), books)

    assert "two-lines" not in str(caught.value)


def test_sockets_and_their_folders_are_private(settings, books):
    with Gateway.start(settings, "run", (Route("job", {}),), books) as gateway:
        folder = gateway.socket_dir("job")
        modes = [stat.S_IMODE(path.lstat().st_mode) for path in (folder.parent.parent, folder.parent, folder)]
        found = (folder / "gateway.sock").lstat()

    assert modes == [0o700, 0o700, 0o700]
    assert stat.S_ISSOCK(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o600


@pytest.mark.skipif(not ROOT, reason="only root may give files away")
def test_a_socket_belongs_to_its_job_s_user(settings, books):
    with Gateway.start(settings, "run", (Route("job", {}, uid=10001, gid=10002),), books) as gateway:
        folder = gateway.socket_dir("job")
        owners = [
            (path.stat().st_uid, path.stat().st_gid) for path in (folder.parent, folder, folder / "gateway.sock")
        ]

    assert owners == [(0, 0), (10001, 10002), (10001, 10002)]


def test_the_folder_is_the_same_after_the_gateway_died(settings, books):
    route = (Route("job", {}, uid=10001 if ROOT else None),)
    first = Gateway.start(settings, "run", route, books)
    first._process.kill()
    first._process.wait()
    before = first.socket_dir("job").stat().st_ino
    assert not first.alive()

    with Gateway.start(settings, "run", route, books) as second:
        assert second.socket_dir("job").stat().st_ino == before
        assert ask(second.socket_dir("job"), "/healthz")[0] == 200
    first.stop()


def test_a_run_has_one_gateway(settings, books):
    with Gateway.start(settings, "run", (Route("job", {}),), books) as gateway:
        with pytest.raises(GatewayError, match="already"):
            Gateway.start(settings, "run", (Route("job", {}),), books)
        assert ask(gateway.socket_dir("job"), "/healthz")[0] == 200


def test_a_path_too_long_for_a_socket_names_the_way_out(settings, books):
    long = replace(settings, runtime_dir=settings.runtime_dir / ("x" * 90))

    with pytest.raises(PrerequisiteError, match="107") as caught:
        Gateway.start(long, "run", (Route("job", {}),), books)

    assert "XDG_RUNTIME_DIR" in caught.value.hint
    assert not long.runtime_dir.exists()


def test_the_end_of_standard_input_ends_it_and_removes_its_sockets(settings, books):
    with Gateway.start(settings, "run", (Route("job", {}),), books) as gateway:
        gateway._process.stdin.close()

        code = gateway._process.wait(PATIENCE_S)

        assert code == 0
        assert not (gateway.socket_dir("job") / "gateway.sock").exists()


def test_it_ends_when_the_hub_is_killed(tmp_path):
    script = (
        "import os, sys; from dataclasses import replace; from pathlib import Path\n"
        "from hub.gateway import Books, Gateway, Route; from hub.settings import load_settings\n"
        "settings = replace(load_settings({}), runtime_dir=Path(sys.argv[1]))\n"
        "books = Books(Path(sys.argv[1]) / 'answers' / 'run.sqlite', 'off')\n"
        "print(Gateway.start(settings, 'run', (Route('job', {}),), books)._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, str(tmp_path / "rt")],
        cwd=client_module._SOURCE, capture_output=True, check=False,
    )  # fmt: skip

    assert done.returncode == -signal.SIGKILL
    assert gone(int(done.stdout))
    assert list((tmp_path / "rt").rglob("gateway.sock")) == []


def test_ctrl_c_in_the_terminal_does_not_end_it(settings, books):
    with Gateway.start(settings, "run", (Route("job", {}),), books) as gateway:
        os.kill(gateway._process.pid, signal.SIGINT)

        assert ask(gateway.socket_dir("job"), "/healthz")[0] == 200
        assert os.getsid(gateway._process.pid) != os.getsid(0)


def test_a_call_under_way_does_not_hold_up_the_end(settings, books):
    with FakeUpstream(fault="hang") as up:
        routes = (Route("job", {"candidate": Upstream(up.base_url, "m")}),)
        with Gateway.start(settings, "run", routes, books) as gateway, socket.socket(socket.AF_UNIX) as client:
            client.connect(str(gateway.socket_dir("job") / "gateway.sock"))
            body = json.dumps(question()).encode()
            head = f"POST /candidate/arc/{CHAT} HTTP/1.1\r\nHost: g\r\nContent-Length: {len(body)}\r\n\r\n"
            client.sendall(head.encode() + body)
            while not up.requests:
                time.sleep(0.01)
            gateway.stop()

    assert [(row.status, row.outcome, row.delivered) for row in read_rows(books.ledger)] == [
        (499, "client_left", False)
    ]
    assert gateway._process.returncode == 0  # it was not killed for taking too long


def test_a_gateway_that_cannot_start_says_why(settings, books, monkeypatch):
    monkeypatch.setattr(client_module, "READY", "never")
    monkeypatch.setattr(client_module, "_START_DEADLINE_S", 0.1)

    with pytest.raises(GatewayError, match=r"not ready within 0\.1 s"):
        Gateway.start(settings, "run", (Route("job", {}),), books)


def test_the_child_s_last_words_are_in_the_error(settings, books, monkeypatch):
    package = settings.runtime_dir.parent / "hub"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('a broken installation')")
    monkeypatch.setattr(client_module, "_SOURCE", package.parent)

    with pytest.raises(GatewayError, match="a broken installation"):
        Gateway.start(settings, "run", (Route("job", {}),), books)
    assert list(settings.runtime_dir.iterdir()) == []


def test_the_hub_s_side_imports_no_server(settings, books):
    heavy = ("aiohttp", "ssl", "asyncio", "http.client", "urllib.request")
    code = f"import sys, hub.gateway, hub.endpoint; print([name for name in {heavy} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], cwd=client_module._SOURCE, capture_output=True, check=True)

    assert done.stdout.decode().strip() == "[]"


def test_the_rows_of_a_job_that_was_ended_are_durable_and_its_socket_is_closed(settings, books):
    with FakeUpstream() as up:
        routes = tuple(Route(name, {"candidate": Upstream(up.base_url, "m")}) for name in ("0-a", "1-b"))
        with Gateway.start(settings, "run", routes, books) as gateway:
            ask(gateway.socket_dir("0-a"), f"/candidate/arc/{CHAT}", question())
            gateway.end_job("0-a")
            gateway._process.kill()
            rows = list(read_rows(books.ledger, "0-a"))

            assert not (gateway.socket_dir("0-a") / "gateway.sock").exists()
            assert (gateway.socket_dir("1-b") / "gateway.sock").exists()
    assert len(rows) == 1


def test_a_job_that_was_ended_can_begin_anew_as_its_next_session(settings, books):
    with FakeUpstream() as up:
        route = Route("job", {"candidate": Upstream(up.base_url, "m")})
        with Gateway.start(settings, "run", (route,), books) as gateway:
            for session in (1, 2):
                ask(gateway.socket_dir("job"), f"/candidate/arc/{CHAT}", question())
                gateway.end_job("job")
                gateway.begin_job(replace(route, session=session + 1))
            status, _ = ask(gateway.socket_dir("job"), "/healthz")

    assert status == 200
    assert [row.session for row in read_rows(books.ledger)] == [1, 2]


def test_an_order_to_a_gateway_that_died_is_an_error(settings, books):
    with Gateway.start(settings, "run", (Route("job", {}),), books) as gateway:
        gateway._process.kill()

        with pytest.raises(GatewayError, match="died"):
            gateway.end_job("job")


def test_a_verdict_is_there_without_waiting_and_a_graver_one_takes_the_place_of_a_spent_budget(
    settings, books, monkeypatch
):
    lines = [
        '{"event": "verdict", "job_id": "job", "kind": "budget", "reason": "spent"}',
        '{"event": "verdict", "job_id": "job", "kind": "outage", "reason": "silent for 5m"}',
        '{"event": "verdict", "job_id": "job", "kind": "key", "reason": "later"}',
        '{"event": "ended", "job": "job"}',
    ]
    package = settings.runtime_dir.parent / "hub"
    (package / "gateway").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "gateway" / "__init__.py").touch()
    said = "\n".join(lines)
    (package / "gateway" / "__main__.py").write_text(
        f"import sys\nprint('''{client_module.READY}''', flush=True)\n"
        f"[sys.stdin.readline() for _ in range(2)]\nprint('''{said}''', flush=True)\nsys.stdin.read()\n"
    )
    monkeypatch.setattr(client_module, "_SOURCE", package.parent)

    with Gateway.start(settings, "run", (Route("job", {}),), books) as gateway:
        assert gateway.verdict("job") is None
        gateway.end_job("job")
        found = gateway.verdict("job"), gateway.verdict("other")

    assert found == (Verdict("job", "outage", "silent for 5m"), None)


def test_the_books_are_private(settings, books):
    with Gateway.start(settings, "run", (Route("job", {}),), books):
        files = sorted(books.ledger.parent.iterdir())
        modes = {stat.S_IMODE(path.stat().st_mode) for path in files}

    assert stat.S_IMODE(books.ledger.parent.stat().st_mode) == 0o700
    assert books.ledger in files
    assert modes == {0o600}


def test_a_folder_that_cannot_be_written_is_a_missing_prerequisite(settings, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(PrerequisiteError, match="EVALDOCK_STATE"):
        Gateway.start(settings, "run", (Route("job", {}),), Books(tmp_path / "file" / "run.sqlite"))


def test_a_ledger_that_is_no_database_says_so(settings, books):
    books.ledger.parent.mkdir()
    books.ledger.write_text("no database, but a text that is long enough to be taken for one" * 20)

    with pytest.raises(GatewayError, match="not a database"):
        Gateway.start(settings, "run", (Route("job", {}),), books)


def test_when_nothing_can_be_written_any_more_it_ends_and_says_why_and_what_was_delivered_is_kept(settings, tmp_path):
    ledger = tmp_path / "answers" / "run.sqlite"
    delivered = 0
    with FakeUpstream(answer=lambda body: "x" * 20_000) as up:
        route = Route("job", {"candidate": Upstream(up.base_url, "m")})
        with Gateway.start(settings, "run", (route,), Books(ledger, "run", ledger)) as gateway:
            resource.prlimit(gateway._process.pid, resource.RLIMIT_FSIZE, (500_000, 500_000))
            with suppress(OSError, http.client.HTTPException):
                while ask(gateway.socket_dir("job"), f"/candidate/arc/{CHAT}", question(f"{delivered}"))[0] == 200:
                    delivered += 1
            code = gateway._process.wait(PATIENCE_S)
            with pytest.raises(GatewayError, match=r"died\n.*run\.sqlite: "):
                gateway.end_job("job")
        rows = list(read_rows(ledger))
        with Gateway.start(settings, "run", (replace(route, session=2),), Books(ledger, "run", ledger)) as gateway:
            for number in range(delivered):
                ask(gateway.socket_dir("job"), f"/candidate/arc/{CHAT}", question(f"{number}"))
            asked = len(up.requests)

    assert code == 1
    assert delivered > 5
    assert len(rows) >= delivered - 1  # that of the last one may be what could not be written
    assert asked == delivered + 1
