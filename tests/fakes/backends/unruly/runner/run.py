"""The container half of the unruly backend: asks the model about every sample, and misbehaves once a data set."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapters.runtime import job

LOG_BYTES = 1 << 30
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_GREED = "held = [bytearray(64 << 20) for _ in range(64)]"


def main() -> int:
    task = json.loads((job.path(job.INPUT) / "task.json").read_text())
    for dataset in task["datasets"]:
        _evaluate(dataset)
    return 0


def _evaluate(dataset: dict[str, Any]) -> None:
    label, does, total = dataset["label"], dataset["does"], dataset["n"]
    if does == "leave":
        sys.exit(0)
    folder = job.path(job.OUTPUT) / label
    folder.mkdir()
    job.event("planned", dataset=label, total=total)
    for number in range(total):
        if number == total // 2 and does in IN_THE_MIDDLE:
            IN_THE_MIDDLE[does]()
        with (folder / "samples.jsonl").open("a") as file:
            file.write(json.dumps(_sample(label, number)) + "\n")
        job.event("progress", dataset=label, done=number + 1, total=total, errors=0)
    score = json.dumps({"accuracy": 1.0, "dataset": label})
    (folder / "score.json").write_text(score[: len(score) // 2] if does == "half_score" else score)
    if does in AT_THE_END:
        AT_THE_END[does](folder)
    job.event("finished", dataset=label)


def _sample(label: str, number: int) -> dict[str, Any]:
    body = {"model": "m", "messages": [{"role": "user", "content": f"{label} {number}"}]}
    headers = {"Content-Type": "application/json", "X-Evaldock-Sample": str(number)}
    url = f"{job.gateway_url('candidate', label)}/chat/completions"
    with _OPENER.open(urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=60) as response:
        said = json.load(response)["choices"][0]["message"]["content"]
    return {"id": str(number), "dataset": label, "state": "scored", "prediction": said, "scores": {"accuracy": 1.0}}


def crash() -> None:
    """Die of an error that nobody foresaw."""
    sys.excepthook = lambda *error: (traceback.print_exception(*error), os._exit(3))
    raise RuntimeError("the backend tripped over its own feet")


def give_up() -> None:
    """End on purpose, and say why."""
    job.event("failed", reason="the data is not to its liking", hint="bring other data")
    sys.exit(1)


def hang() -> None:
    time.sleep(3600)


def deaf() -> None:
    """Hang, and ignore every wish to end."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    hang()


def oom() -> None:
    """Take more memory than any limit of the tests."""
    held = [bytearray(64 << 20) for _ in range(64)]
    time.sleep(60 + len(held))


def oom_child() -> None:
    """Lose a worker to the kernel, and end for it, as a data loader's parent does."""
    worker = subprocess.run([sys.executable, "-c", f"{_GREED}; import time; time.sleep(60)"], check=False)
    sys.exit(1 if worker.returncode else 0)


def segfault() -> None:
    ctypes.string_at(0)


def shout() -> None:
    """Print a gibibyte."""
    line = b"x" * 1023 + b"\n"
    for _ in range(LOG_BYTES >> 20):
        os.write(1, line * 1024)
    os.write(1, b"that was all\n")


def babble() -> None:
    """Write all that is no event where events are expected."""
    wrong = (
        *("{}", "[]", "null", "7", '"text"', "{", "\0", "NaN", '{"event": 7}', '{"event": "no such kind"}'),
        '{"event": "progress", "dataset": 7, "done": "x"}',
        f'{{"event": "progress", "dataset": "babble", "done": -5, "total": {10**40}, "errors": null}}',
        '{"event": "planned", "dataset": "babble"}',
        '{"event": "finished", "dataset": "nobody"}',
        '{"event": "message", "text": ["\\ud800"]}',
        "[" * 100_000,
        "x" * (3 << 20),
    )
    with (job.path(job.OUTPUT) / "events.jsonl").open("ab") as file:
        for line in wrong:
            file.write(line.encode() + b"\n")
        file.write(b"\xff\xfe\xfd\n")


def daemon() -> None:
    """Leave a process behind that holds the log open and does not want to end."""
    if os.fork() == 0:
        os.setsid()
        deaf()


def confess() -> None:
    """Print all that it knows of secrets: its environment, its neighbours, whatever the gateway tells it."""
    print(dict(os.environ))
    for path in Path("/proc").glob("[0-9]*"):
        print(path.name, _contents(path / "cmdline"), _contents(path / "environ"))
    for role in ("candidate", "judge"):
        for text in ("confess", "refuse me", "break off"):
            for stream in (False, True):
                _interrogate(role, {"messages": [{"role": "user", "content": text}], "stream": stream})
        _interrogate(role, None)


def _contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _interrogate(role: str, body: dict[str, Any] | None) -> None:
    url = f"{job.gateway_url(role, 'confess')}/{'chat/completions' if body else 'models'}"
    headers = {"Content-Type": "application/json", "Authorization": "Bearer mine", "X-Api-Key": "mine"}
    data = json.dumps({"model": "m", **body}).encode() if body else None
    try:
        with _OPENER.open(urllib.request.Request(url, data, headers), timeout=60) as response:
            print(response.status, dict(response.headers), response.read())
    except urllib.error.HTTPError as error:
        with error:
            print(error.code, dict(error.headers), error.read())


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "odd")


def link(folder: Path) -> None:
    (folder / "odd").symlink_to("/etc/passwd")


IN_THE_MIDDLE: dict[str, Callable[[], None]] = {
    wrong.__name__: wrong
    for wrong in (*(crash, give_up, hang, deaf, oom, oom_child, segfault, shout, babble, daemon, confess),)
}
AT_THE_END: dict[str, Callable[[Path], None]] = {wrong.__name__: wrong for wrong in (pipe, link)}

if __name__ == "__main__":
    sys.exit(main())
