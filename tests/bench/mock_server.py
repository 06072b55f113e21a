"""What the mock server serves: requests a second at 32 clients, beside a bare aiohttp handler in the same run.

    python tests/bench/mock_server.py [SECONDS]

Both servers are processes of their own and take turns within each round, so that what else the machine does hits
both. The bare handler reads the body and answers with fixed bytes of the same length: the difference is what the
mock itself costs, which finds every prompt among 2,000 gold questions.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import socket
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from aiohttp import web  # noqa: E402

from hub.adapter import Gold  # noqa: E402
from hub.mock.gold import GoldAnswers  # noqa: E402
from hub.mock.journal import Journal  # noqa: E402
from hub.mock.reply import Choice, Reply  # noqa: E402
from hub.mock.server import MockOptions, serving  # noqa: E402
from hub.mock.wire import dumps, whole  # noqa: E402

ROUNDS = 4
CLIENTS = 32
QUESTIONS = 2_000
WANTED = 2_000
REPLY = dumps(
    whole(Reply("chat", "chatcmpl-0123456789abcdef01234567", "m", (Choice(0, ("ANSWER:", " B"), "stop"),), 99, 2))
)


def _prompt(number: int) -> str:
    return f"Question {number}: what is {number} + {number * 7 % 1000}? " + "Think step by step. " * 10


def _body(number: int) -> bytes:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": _prompt(number)}]}).encode()


async def _bare(listener: socket.socket) -> None:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=REPLY, content_type="application/json")

    application = web.Application()
    application.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener, backlog=1024).start()
    await asyncio.Event().wait()


async def _mock(listener: socket.socket) -> None:
    golds = [Gold("g", str(n), _prompt(n), f"Question {n}", "ANSWER: B", ("ANSWER: A",)) for n in range(QUESTIONS)]
    options = MockOptions(GoldAnswers(golds, error_rate=0.25, seed=0))
    async with serving(options, Journal(), listener):
        await asyncio.Event().wait()


def _serve(kind: str, listener: socket.socket) -> None:
    asyncio.run(_mock(listener) if kind == "mock" else _bare(listener))


async def _ask(port: int, until: float, client: int) -> list[float]:
    """Ask again and again over one connection; return each latency in seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    latencies, number = [], client
    while time.perf_counter() < until:
        body = _body(number % QUESTIONS)
        number += CLIENTS
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: m\r\nContent-Length: {len(body)}\r\n\r\n"
        began = time.perf_counter()
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(answer.decode())
        await reader.readexactly(int(answer.lower().partition(b"content-length:")[2].split(b"\r\n")[0]))
        latencies.append(time.perf_counter() - began)
    writer.close()
    await writer.wait_closed()
    return latencies


async def _measure(port: int, seconds: float) -> list[float]:
    until = time.perf_counter() + seconds
    answers = await asyncio.gather(*(_ask(port, until, client) for client in range(CLIENTS)))
    return [latency for answer in answers for latency in answer]


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 4.0
    context = multiprocessing.get_context("fork")
    listeners = {kind: socket.create_server(("127.0.0.1", 0), backlog=512) for kind in ("bare", "mock")}
    servers = [context.Process(target=_serve, args=entry, daemon=True) for entry in listeners.items()]
    for server in servers:
        server.start()
    found: dict[str, list[float]] = {kind: [] for kind in listeners}
    for _ in range(ROUNDS):
        for kind, listener in listeners.items():
            found[kind] += asyncio.run(_measure(listener.getsockname()[1], seconds / ROUNDS))
    for server in servers:
        server.terminate()
        server.join()
    rates = {kind: len(latencies) / seconds for kind, latencies in found.items()}
    for kind, latencies in found.items():
        p50, p99 = (statistics.quantiles(latencies, n=100)[percent - 1] * 1000 for percent in (50, 99))
        print(f"{kind}  {rates[kind]:6.0f} requests/s   p50 {p50:5.1f} ms   p99 {p99:5.1f} ms")
    print(f"mock / bare = {rates['mock'] / rates['bare']:.2f}   (wanted: {WANTED} requests/s)")


if __name__ == "__main__":
    main()
