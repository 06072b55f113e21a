"""What Native costs beside an endpoint: a run of GSM8K's size against a server that answers at once, or later.

    python tests/bench/native_endpoint.py [--rounds 3] [--python PYTHON] [--run docker|venv]

1,319 made-up word problems, 0-shot. The server is a process of its own that does the least that is still HTTP. The
evaluator is the process that a job starts, with its imports; `bare` is an aiohttp client that only posts the same
bodies, in the same round, so that what else the machine does hits both. `--run` times the whole of `evaldock run`,
too, through that engine and the gateway; image or environment must have been built before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import aiohttp  # noqa: E402
import yaml  # noqa: E402

from adapters.native.adapter import ADAPTER  # noqa: E402
from hub.adapter import DatasetRequest, Evaluation, ModelTarget  # noqa: E402

QUESTIONS = 1319
# Latency of the server, requests at once.
SETTINGS = ((0.0, 64), (0.0, 256), (0.2, 64), (0.2, 256))
START_UP_S = 1.0  # what imports take; of the target at 200 ms
REPLY = json.dumps({
    "choices": [{"message": {"role": "assistant", "content": "Step by step.\n#### 4"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 90, "completion_tokens": 12},
}).encode()  # fmt: skip
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(REPLY) + REPLY
MODELS = json.dumps({"data": [{"id": "m"}]}).encode()
LISTING = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(MODELS) + MODELS
_FORK = multiprocessing.get_context("fork")


class Cost(NamedTuple):
    """Seconds by the clock and of the CPU, and the peak of memory in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: float


class _Upstream(asyncio.Protocol):
    """Answers every request after `delay_s`, in the order in which they came."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._data = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].lower()
            mark = head.find(b"content-length:")
            length = int(head[mark + 15 :].split(b"\r\n")[0]) if mark >= 0 else 0
            if len(self._data) < end + 4 + length:
                return
            self._data = self._data[end + 4 + length :]
            answer = LISTING if head.startswith(b"get ") else RESPONSE
            if self._delay_s and answer is RESPONSE:
                asyncio.get_running_loop().call_later(self._delay_s, self._write, answer)
            else:
                self._write(answer)

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


def _serve(delay_s: float, ports: Any) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(
            lambda: _Upstream(delay_s), "127.0.0.1", 0, backlog=1024
        )
        ports.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def upstream(delay_s: float) -> Iterator[str]:
    """Serve in a process of its own; yield its address."""
    ports = _FORK.Queue()
    process = _FORK.Process(target=_serve, args=(delay_s, ports), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ports.get(timeout=10)}"
    finally:
        process.terminate()
        process.join()


def write_data(folder: Path) -> Path:
    """Write questions of about GSM8K's length in its own layout."""
    folder.mkdir(parents=True)
    for split, count in (("test", QUESTIONS), ("train", 10)):
        rows = (
            {
                "question": f"Kate packs {n} boxes with {n % 9 + 2} marbles each. " * 4 + "How many are there?",
                "answer": f"{n} * {n % 9 + 2} = {n * (n % 9 + 2)}\n#### {n * (n % 9 + 2)}",
            }
            for n in range(1, count + 1)
        )
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def evaluator(python: str, data: Path, url: str, window: int) -> Cost:
    """Time the process that a job starts."""
    asked = Evaluation(
        backend="native",
        model=ModelTarget(name="m", via="endpoint", remote_model="m", identity="endpoint:m"),
        datasets=(DatasetRequest(name="gsm8k", label="gsm8k", path=data, few_shot=0),),
        seed=42,
        concurrency=window,
    )
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for path, text in ADAPTER.translate(asked).items():
            file = root / "job/input" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        (root / "job/output").mkdir()
        (root / "data").mkdir()
        (root / "data/gsm8k").symlink_to(data)
        env = {**os.environ, "PYTHONPATH": str(ROOT), "EVALDOCK_ROOT": name, "EVALDOCK_GATEWAY": url}
        found = _timed([python, "-m", "adapters.native.runner"], env)
        summary = json.loads((root / "job/output/summary.json").read_text("utf-8"))
        assert summary["datasets"]["gsm8k"]["subsets"]["main"]["counts"]["scored"] == QUESTIONS
    return found


def bare(data: Path, url: str, window: int) -> Cost:
    """Time a client of aiohttp alone, without its start."""
    rows = [json.loads(line) for line in (data / "test.jsonl").read_text("utf-8").splitlines()]
    bodies = [json.dumps({"messages": [{"role": "user", "content": row["question"]}]}).encode() for row in rows]

    async def main() -> None:
        left = iter(bodies)

        async def work() -> None:
            for body in left:
                async with session.post(f"{url}/v1/chat/completions", data=body) as response:
                    json.loads(await response.read())

        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=window)) as session:
            await asyncio.gather(*(work() for _ in range(window)))

    wall, cpu = time.monotonic(), time.process_time()
    asyncio.run(main())
    return Cost(time.monotonic() - wall, time.process_time() - cpu, 0)


def whole_run(engine: str, data: Path, url: str, window: int) -> Cost:
    """Time `evaldock run`, hub, gateway and job together; CPU is that of the hub and what it started."""
    with tempfile.TemporaryDirectory() as name:
        task = Path(name) / "task.yaml"
        model = {"endpoint": f"{url}/v1", "model": "m", "concurrency": window}
        datasets = [{"name": "gsm8k", "path": str(data), "few_shot": 0}]
        evaluations = [{"backend": "native", "datasets": datasets}]
        task.write_text(yaml.safe_dump({
            "version": 1, "name": "bench", "models": {"m": model}, "evaluations": evaluations, "engine": engine,
        }))  # fmt: skip
        env = {**os.environ, "PYTHONPATH": str(ROOT), "EVALDOCK_RUNS": str(Path(name) / "runs")}
        return _timed([sys.executable, "-c", "from hub.cli import main; main()", "run", str(task)], env)


def _timed(argv: Sequence[str], env: dict[str, str]) -> Cost:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, after.ru_maxrss / 1024)


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(*(statistics.median(values) for values in zip(*costs, strict=True)))


def _line(name: str, cost: Cost, note: str = "") -> None:
    print(
        f"  {name:<14} {cost.wall_s:6.2f} s wall  {cost.cpu_s:6.2f} s CPU  {cost.peak_mb:5.0f} MB{note}", flush=True
    )


def main() -> None:
    """Measure every setting and print medians, with what is wanted beside them."""
    parser = argparse.ArgumentParser(description="What Native costs beside an endpoint.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", default=sys.executable, help="runs the evaluator")
    parser.add_argument("--run", choices=("docker", "venv"), help="time the whole of `evaldock run` with it, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        data = write_data(Path(name) / "gsm8k")
        for delay_s, window in SETTINGS:
            limit = 4.0 if not delay_s else 1.3 * QUESTIONS / window * delay_s + START_UP_S
            print(f"{QUESTIONS} requests, {delay_s * 1000:.0f} ms, {window} at once (medians of {options.rounds})")
            with upstream(delay_s) as url:
                rounds = [
                    (bare(data, url, window), evaluator(options.python, data, url, window))
                    for _ in range(options.rounds)
                ]
                plain, ours = (_median(costs) for costs in zip(*rounds, strict=True))
                _line("bare aiohttp", plain, "  without its start")
                _line("evaluator", ours, f"  {ours.wall_s / plain.wall_s:.1f} x bare; wanted: under {limit:.1f} s")
                if options.run:
                    costs = [whole_run(options.run, data, url, window) for _ in range(options.rounds)]
                    wanted = "" if delay_s else "; wanted: under 8 s"
                    _line("evaldock run", _median(costs), f"  {options.run}{wanted}")


if __name__ == "__main__":
    main()
