"""Jobs in the venv engine: how they end, what they see, what they leave."""

from __future__ import annotations

import json
import os
import signal
import socketserver
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from hub.engine.venv.tree import root_of, temporary_of
from hub.errors import EngineError
from hub.job import Ending, Mount
from tests.integration.desk import PATIENCE_S

_SLEEP = "import time; print('ready', flush=True); time.sleep(600)"


def test_a_job_that_does_its_work_succeeds(bench: Any) -> None:
    outcome = bench.python("print('hello')")

    assert (outcome.ending, outcome.exit_code, outcome.signal, outcome.reason) == (Ending.SUCCEEDED, 0, None, "")
    assert outcome.started_at <= outcome.ended_at <= time.time()
    assert bench.log() == "hello\n"


def test_an_exit_code_is_a_failure_and_kept(bench: Any) -> None:
    outcome = bench.python("raise SystemExit(42)")

    assert (outcome.ending, outcome.exit_code) == (Ending.FAILED, 42)


def test_a_signal_from_elsewhere_is_told(bench: Any) -> None:
    outcome = bench.python("import os; os.kill(os.getpid(), 11)")

    assert (outcome.ending, outcome.signal) == (Ending.SIGNALLED, signal.SIGSEGV)
    assert "SIGSEGV" in outcome.reason


def test_waiting_for_a_running_job_gives_nothing(bench: Any) -> None:
    handle = bench.start("python", "-c", _SLEEP)

    assert bench.engine.wait(handle, 0.05) is None


def test_another_hub_can_wait_for_a_job(bench: Any) -> None:
    handle = bench.start("python", "-c", "print(1)")

    other = type(bench.engine)(bench.settings)

    assert other.wait(handle, 60).ending is Ending.SUCCEEDED
    assert bench.engine.wait(handle, 0).ending is Ending.SUCCEEDED


def test_stop_ends_the_job_and_says_why(bench: Any) -> None:
    handle = bench.start("python", "-c", _SLEEP)

    outcome = bench.engine.stop(handle, Ending.TIMED_OUT, "it took more than 1 s")

    assert (outcome.ending, outcome.reason) == (Ending.TIMED_OUT, "it took more than 1 s")
    assert bench.engine.wait(handle, 0) == outcome


def test_stop_lets_the_job_clean_up(bench: Any, until: Callable[[Callable[[], bool]], None]) -> None:
    source = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('cleaned'), sys.exit(5)))\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)"
    )
    bench.engine = type(bench.engine)(bench.settings, grace_s=PATIENCE_S)
    handle = bench.start("python", "-c", source)
    until(lambda: "ready" in bench.log())

    outcome = bench.engine.stop(handle, Ending.STOPPED, "enough")

    assert outcome.exit_code == 5
    assert "cleaned" in bench.log()


def test_stop_kills_what_does_not_listen(bench: Any, until: Callable[[Callable[[], bool]], None]) -> None:
    source = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {_SLEEP}"
    handle = bench.start("python", "-c", source)
    until(lambda: "ready" in bench.log())

    outcome = bench.engine.stop(handle, Ending.STOPPED, "enough")

    assert outcome.ending is Ending.STOPPED
    assert outcome.signal == signal.SIGKILL


def test_a_job_that_ended_before_the_stop_keeps_its_own_end(bench: Any) -> None:
    handle = bench.start("python", "-c", "raise SystemExit(3)")
    bench.end(handle)

    assert bench.engine.stop(handle, Ending.STOPPED, "too late").exit_code == 3


def test_a_job_that_takes_too_much_memory_is_ended(bench: Any) -> None:
    source = "import time; held = b'x' * (300 << 20); time.sleep(600)"

    outcome = bench.python(source, memory_bytes=150 << 20)

    assert outcome.ending is Ending.OUT_OF_MEMORY
    assert "limit is 150 MiB" in outcome.reason


def test_a_job_that_no_hub_stops_ends_itself_after_its_time_out(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.engine.backstop.SLACK_S", 0.1)

    outcome = bench.python(_SLEEP, timeout_s=0.5)

    assert (outcome.ending, outcome.exit_code) == (Ending.TIMED_OUT, 124)
    assert "its time-out of 500 ms" in outcome.reason


def test_memory_shared_by_forked_workers_counts_once(bench: Any) -> None:
    source = "import os, time\nheld = b'x' * (120 << 20)\nchildren = [os.fork() for _ in range(3)]\ntime.sleep(1.3)\n"

    outcome = bench.python(source, memory_bytes=250 << 20)

    assert outcome.ending is Ending.SUCCEEDED


def test_the_log_is_bounded(bench: Any) -> None:
    source = "import sys\nfor _ in range(80): sys.stdout.write('x' * (1 << 20))\nprint('why it ended')"

    outcome = bench.python(source)

    size = (bench.folder() / "log.txt").stat().st_size
    assert outcome.ending is Ending.SUCCEEDED
    assert (64 << 20) < size < (64 << 20) + (1 << 19)
    assert "[evaldock: the log is longer than 67 MB" in bench.log()
    assert bench.log().endswith("why it ended\n")


def test_the_network_cannot_be_reached(bench: Any) -> None:
    if bench.engine.isolation != "namespace":
        pytest.skip("this kernel makes no namespaces for us")
    source = (
        "import socket\n"
        "print([name for _, name in socket.if_nameindex()])\n"
        "with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s: print(s.connect_ex(('192.0.2.1', 9)) != 0)"
    )

    bench.python(source)

    assert bench.log().splitlines() == ["['lo']", "True"]


def test_sockets_of_the_hosts_services_are_hidden(bench: Any) -> None:
    if bench.engine.isolation != "namespace":
        pytest.skip("this kernel makes no namespaces for us")

    bench.python("import os; print(os.listdir('/run'), os.listdir('/var/run'))")

    assert bench.log() == "[] []\n"


def test_the_job_has_no_privileges(bench: Any) -> None:
    bench.python("print(open('/proc/self/status').read())")

    status = dict(line.split(":\t", 1) for line in bench.log().splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    if bench.engine.isolation == "namespace":
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0


def test_the_environment_of_the_hub_stays_outside(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", "canary-4711")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:canary-4711@proxy")

    bench.python("import os; print(sorted(os.environ.items()))", env={"HF_HUB_OFFLINE": "1"})

    log = bench.log()
    assert "canary-4711" not in log
    assert "('HF_HUB_OFFLINE', '1')" in log
    assert "('CUDA_VISIBLE_DEVICES', '')" in log


def test_no_process_of_the_job_holds_the_environment_of_the_hub(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", "canary-4711")
    handle = bench.start("python", "-c", _SLEEP)

    environment = Path(f"/proc/{handle.id}/environ").read_bytes()

    assert b"canary-4711" not in environment


def test_no_file_of_the_hub_is_open_in_the_job(bench: Any, tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        bench.python("import os; print(sorted(os.listdir('/proc/self/fd')))")

    assert bench.log().strip() == "['0', '1', '2', '3']"  # 3 is the listing's own


def test_mounts_are_seen_under_the_root(bench: Any, tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "a.bin").write_text("A")
    (tmp_path / "rows.json").write_text("[]")
    mounts = (Mount(tmp_path / "weights", "/models/m"), Mount(tmp_path / "rows.json", "/data/echo/rows.json"))
    source = (
        "from adapters.runtime.job import path\n"
        "print(path('/models/m/a.bin').read_text(), path('/data/echo/rows.json').read_text())\n"
        "path('/job/output/done').write_text('yes')"
    )

    bench.python(source, mounts=mounts)

    assert bench.log() == "A []\n"
    assert (bench.folder() / "output" / "done").read_text() == "yes"


def test_a_missing_mount_is_named_before_anything_starts(bench: Any, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="nowhere is missing"):
        bench.start("true", mounts=(Mount(tmp_path / "nowhere", "/models/m"),))

    assert not root_of(bench.folder()).exists()


def test_scratch_is_private_and_removed(bench: Any) -> None:
    source = (
        "import os, pathlib, stat, tempfile\n"
        "home, tmp = pathlib.Path.home(), pathlib.Path(tempfile.gettempdir())\n"
        "print(home.parent == pathlib.Path(os.environ['EVALDOCK_ROOT']), stat.filemode(tmp.stat().st_mode))\n"
        "(home / 'locked').mkdir(); (home / 'locked' / 'file').touch(); (home / 'locked').chmod(0)\n"
        "(tmp / 'file').touch()"
    )

    bench.python(source)

    assert bench.log() == "True drwx------\n"
    assert not root_of(bench.folder()).exists()
    assert not temporary_of(bench.folder()).exists()


@pytest.mark.parametrize("socket_dir", ["/tmp", "/run"], indirect=True)
def test_the_gateway_is_reached_through_its_socket(bench: Any, socket_dir: Path) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"path": self.path}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

        def address_string(self) -> str:
            return "unix"

    source = (
        "import urllib.request\n"
        "from adapters.runtime.job import gateway_url\n"
        "with urllib.request.urlopen(gateway_url('candidate', 'echo') + '/models') as r: print(r.read().decode())"
    )
    with socketserver.UnixStreamServer(str(socket_dir / "gateway.sock"), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        outcome = bench.python(source, socket_dir=socket_dir)
        server.shutdown()
        thread.join()

    assert outcome.ending is Ending.SUCCEEDED, bench.log()
    assert json.loads(bench.log()) == {"path": "/candidate/echo/v1/models"}


def test_a_second_attempt_does_not_see_the_end_of_the_first(bench: Any) -> None:
    bench.python("raise SystemExit(3)")

    assert bench.python("pass").ending is Ending.SUCCEEDED
