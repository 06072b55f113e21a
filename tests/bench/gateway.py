"""What the gateway costs: requests a second and latency, direct and through it, at 1 and at 32 clients.

    python tests/bench/gateway.py [SECONDS]

The upstream and the gateway are processes of their own; the upstream answers at once with fixed bytes. The two ways
take turns within each round, so that what else the machine does hits both; the last column is the difference.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import socket
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from hub.gateway import Books, Gateway, Route, Upstream  # noqa: E402
from hub.settings import load_settings  # noqa: E402

ROUNDS = 4
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "2 + 2 = ? " * 40}]}).encode()
REPLY = json.dumps({"id": "1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "4"}}]}).encode()
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(REPLY) + REPLY


class _Upstream(asyncio.Protocol):
    """Answers every request at once, with the least work that is still HTTP."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0) if found else 0
        if found and len(body) >= size:
            self.buffer = body[size:]
            self.transport.write(RESPONSE)


def serve_upstream(listener: socket.socket) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(_Upstream, sock=listener)
        await server.serve_forever()

    asyncio.run(serve())


async def ask(address: str | tuple[str, int], path: str, until: float) -> list[float]:
    """Ask again and again over one connection; return each latency in seconds."""
    opening = asyncio.open_unix_connection(address) if isinstance(address, str) else asyncio.open_connection(*address)
    reader, writer = await opening
    head = f"POST {path} HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    request, latencies = head.encode() + BODY, []
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(answer.decode())
        await reader.readexactly(int(answer.lower().partition(b"content-length:")[2].split(b"\r\n")[0]))
        latencies.append(time.perf_counter() - began)
    writer.close()
    await writer.wait_closed()
    return latencies


async def measure(address: str | tuple[str, int], path: str, clients: int, seconds: float) -> list[float]:
    until = time.perf_counter() + seconds
    answers = await asyncio.gather(*(ask(address, path, until) for _ in range(clients)))
    return [latency for answer in answers for latency in answer]


def report(clients: int, direct: list[float], through: list[float], seconds: float) -> None:
    print(f"\n{clients} client{'s' if clients > 1 else ''}{'direct':>20}{'gateway':>12}{'added':>12}")
    print(f"  requests/s{len(direct) / seconds:>20.0f}{len(through) / seconds:>12.0f}")
    for name, percentile in (("p50", 50), ("p99", 99)):
        ways = [statistics.quantiles(way, n=100)[percentile - 1] * 1000 for way in (direct, through)]
        print(f"  {name} ms   {ways[0]:>20.3f}{ways[1]:>12.3f}{ways[1] - ways[0]:>12.3f}")


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    port = listener.getsockname()[1]
    upstream = multiprocessing.get_context("fork").Process(target=serve_upstream, args=(listener,), daemon=True)
    upstream.start()
    route = Route("job", {"candidate": Upstream(f"http://127.0.0.1:{port}/v1", "m", concurrency=64)})
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(load_settings(), runtime_dir=Path(folder) / "rt")
        books = Books(Path(folder) / "answers" / "bench.sqlite", "off")
        with Gateway.start(settings, "bench", (route,), books) as gateway:
            ways = {
                "direct": (("127.0.0.1", port), "/v1/chat/completions"),
                "gateway": (str(gateway.socket_dir("job") / "gateway.sock"), "/candidate/arc/v1/chat/completions"),
            }
            for clients in (1, 32):
                found: dict[str, list[float]] = {name: [] for name in ways}
                for _ in range(ROUNDS):
                    for name, (address, path) in ways.items():
                        found[name] += asyncio.run(measure(address, path, clients, seconds / ROUNDS))
                report(clients, found["direct"], found["gateway"], seconds)
    upstream.terminate()
    upstream.join()
    listener.close()


if __name__ == "__main__":
    main()
