"""What a job may do, asked from inside a container."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from hub.job import Limits, Mount


def test_there_is_no_network_but_loopback(place: Any) -> None:
    said = place.say(
        "import os, socket\n"
        "print(os.listdir('/sys/class/net'))\n"
        "try: socket.create_connection(('1.1.1.1', 53), timeout=3)\n"
        "except OSError as error: print(error.strerror)"
    )

    assert said.splitlines() == ["['lo']", "Network is unreachable"]


def test_the_root_is_read_only_and_the_scratch_is_not(place: Any) -> None:
    said = place.say(
        "import os, pathlib\n"
        "for folder in ('/', '/opt/venv', '/opt/evaldock', '/job/input', '/job/output', '/tmp', '/home/evaldock'):\n"
        "    try: pathlib.Path(folder, 'x').touch(); print(folder, 'yes')\n"
        "    except OSError as error: print(folder, error.strerror)\n"
    )

    assert dict(line.split(" ", 1) for line in said.splitlines()) == {
        "/": "Read-only file system",
        "/opt/venv": "Read-only file system",
        "/opt/evaldock": "Read-only file system",
        "/job/input": "Read-only file system",
        "/job/output": "yes",
        "/tmp": "yes",
        "/home/evaldock": "yes",
    }


def test_scratch_cannot_be_executed(place: Any) -> None:
    said = place.say(
        "import pathlib, subprocess\n"
        "path = pathlib.Path('/tmp/x'); path.write_text('#!/bin/sh\\necho ran'); path.chmod(0o755)\n"
        "try: subprocess.run([path])\n"
        "except PermissionError: print('refused')"
    )

    assert said == "refused"


def test_a_job_has_no_rights_and_cannot_gain_any(place: Any) -> None:
    said = place.say("print(open('/proc/self/status').read())")

    status = dict(line.split(":\t", 1) for line in said.splitlines() if ":\t" in line)
    rights = {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
    assert rights == {0}
    assert status["NoNewPrivs"] == "1"


def test_a_job_runs_as_the_promised_user_who_has_a_name_and_a_home(place: Any) -> None:
    said = place.say(
        "import getpass, json, os, pathlib\n"
        "print(json.dumps([os.getuid(), os.getgid(), getpass.getuser(), str(pathlib.Path.home()), os.getcwd()]))"
    )

    assert json.loads(said) == [*place.engine.job_user(place.folder), "evaldock", "/home/evaldock", "/home/evaldock"]


def test_the_environment_holds_nothing_of_the_hub(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_API_KEY", "tweet-tweet")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:tweet-tweet@proxy.example:3128")

    said = place.say("import json, os; print(json.dumps(dict(os.environ)))", env={"HF_HUB_OFFLINE": "1"})

    names = set(json.loads(said))
    assert "tweet-tweet" not in said
    assert names - {"LANG", "LC_CTYPE", "HOSTNAME", "GPG_KEY", "PYTHON_VERSION", "PYTHON_SHA256"} == {
        "HF_HUB_OFFLINE",
        "HOME",
        "LOGNAME",
        "PATH",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONPATH",
        "PYTHONUNBUFFERED",
        "USER",
    }


def test_output_belongs_to_the_user_who_owns_the_run(place: Any) -> None:
    place.run("open('/job/output/result', 'w').write('x')")

    promised = place.engine.job_user(place.folder)[0]
    expected = os.getuid() if promised == 0 else promised
    assert (place.folder / "output" / "result").stat().st_uid == expected


def test_input_and_mounts_are_read_where_they_were_promised(place: Any, tmp_path: Path) -> None:
    (place.folder / "input" / "a.json").write_text("1")
    (tmp_path / "model").mkdir(mode=0o755)
    (tmp_path / "model" / "config").write_text("2")

    said = place.say(
        "print(open('/job/input/a.json').read() + open('/models/m/config').read())",
        mounts=(Mount(tmp_path / "model", "/models/m"),),
    )

    assert said == "12"


def test_the_socket_is_reached_through_the_loopback_forwarder(place: Any, tmp_path: Path) -> None:
    folder = Path(f"/tmp/ed-{os.getpid()}-socket")
    folder.mkdir()
    try:
        with socket.socket(socket.AF_UNIX) as gateway:
            gateway.bind(str(folder / "gateway.sock"))
            gateway.listen()
            folder.chmod(0o755)
            (folder / "gateway.sock").chmod(0o777)
            threading.Thread(target=_answer_once, args=(gateway,), daemon=True).start()
            said = place.say(
                "import os, urllib.request as u; print(u.urlopen(os.environ['EVALDOCK_GATEWAY'] + '/x').read())",
                socket_dir=folder,
                gateway=True,
            )
    finally:
        (folder / "gateway.sock").unlink()
        folder.rmdir()

    assert said == "b'ok'"


def test_there_is_a_limit_on_processes(place: Any) -> None:
    said = place.say(
        "import os, time\n"
        "made = 0\n"
        "try:\n"
        "    while made < 100:\n"
        "        if os.fork() == 0: time.sleep(30); os._exit(0)\n"
        "        made += 1\n"
        "except BlockingIOError: print('refused at', made)\n",
        limits=Limits(pids=20),
    )

    assert said.startswith("refused at 1")


def _answer_once(gateway: socket.socket) -> None:
    connection, _ = gateway.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
