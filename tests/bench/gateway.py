"""What the gateway costs: requests a second, latency and memory, beside a bare aiohttp pass-through in the same run.

    python tests/bench/gateway.py [--seconds 12] [--requests 20000] [--only speed|flat|large]

Everything is a process of its own; the upstream answers at once with fixed bytes. The ways take turns within each
round, so that what else the machine does hits all of them: the ratios count, not the numbers.

    direct       client -> upstream
    pass         client -> unix socket -> an aiohttp server that repeats request and answer -> upstream
    off          client -> unix socket -> gateway with `cache: off` -> upstream
    on           the same with `cache: run`, every request a new one
    replayed     the same, every request answered before
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import aiohttp  # noqa: E402
from aiohttp import web  # noqa: E402

from hub.gateway import Books, Gateway, Route, Upstream  # noqa: E402
from hub.settings import load_settings  # noqa: E402

ROUNDS = 6
CLIENTS = (1, 32)
WANTED = {1: "  wanted: p50 of at most 1.5 ms added", 32: "  wanted: 0.7"}
LARGE = 20 << 20
CHAT = "/v1/chat/completions"
PATH = f"/candidate/arc{CHAT}"
REPLY = json.dumps({
    "id": "1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "4"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 400, "completion_tokens": 1, "total_tokens": 401},
}).encode()  # fmt: skip
ANSWER_SIZE = b"x-answer-size: "  # a header by which a client asks for a large answer
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(REPLY) + REPLY
_FORK = multiprocessing.get_context("fork")

Address = str | tuple[str, int]  # a unix socket, or host and port
Bodies = Callable[[], bytes]


def body(number: int, text: str = "2 + 2 = ? " * 40) -> bytes:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": f"{number} {text}"}]}).encode()


def large_response(size: int) -> bytes:
    said = json.dumps({"choices": [{"message": {"content": "x" * size}}]}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(said) + said


class _Upstream(asyncio.Protocol):
    """Answers every request at once, with the least work that is still HTTP; keeps nothing of a body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.head = b""
        self.missing = 0

    def data_received(self, data: bytes) -> None:
        if not self.missing:
            self.head += data
            head, found, rest = self.head.partition(b"\r\n\r\n")
            if not found:
                return
            size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            self.answer_size = int(head.lower().partition(ANSWER_SIZE)[2].split(b"\r\n")[0] or 0)
            self.head, self.missing, data = b"", size, rest
        self.missing -= len(data)
        if not self.missing:
            self.transport.write(large_response(self.answer_size) if self.answer_size else RESPONSE)


def serve_upstream(listener: socket.socket) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(_Upstream, sock=listener)
        await server.serve_forever()

    asyncio.run(serve())


def passed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in {"host", "content-length"}}


def serve_pass(listener: socket.socket, upstream: str) -> None:
    """Repeat requests and answers, as one would write it with aiohttp."""

    async def serve() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def handle(request: web.Request) -> web.Response:
                data, head = await request.read(), passed(request.headers)
                async with session.post(f"{upstream}{CHAT}", data=data, headers=head) as response:
                    said = await response.read()
                    return web.Response(status=response.status, body=said, headers=passed(response.headers))

            application = web.Application(client_max_size=64 << 20)
            application.router.add_post("/{path:.*}", handle)
            runner = web.AppRunner(application, access_log=None)
            await runner.setup()
            await web.SockSite(runner, listener, backlog=1024).start()
            await asyncio.Event().wait()

    asyncio.run(serve())


@contextmanager
def served(target: Callable[..., None], *arguments: object) -> Iterator[None]:
    process = _FORK.Process(target=target, args=arguments, daemon=True)
    process.start()
    yield
    process.terminate()
    process.join()


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, header: bytes) -> None:
        self._reader = reader
        self._writer = writer
        head = f"POST {path} HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\n"
        self._head = head.encode() + header + b"Content-Length: "

    @classmethod
    async def open(cls, address: Address, path: str, header: bytes = b"") -> Client:
        if isinstance(address, str):
            return cls(*await asyncio.open_unix_connection(address), path, header)
        return cls(*await asyncio.open_connection(*address), path, header)

    async def ask(self, data: bytes) -> float:
        """Return the seconds until the answer was there."""
        began = time.perf_counter()
        self._writer.write(self._head + b"%d\r\n\r\n" % len(data) + data)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        size = int(answer.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        said = await self._reader.readexactly(size)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit((answer + said).decode())
        return time.perf_counter() - began

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


async def measure(address: Address, path: str, clients: int, seconds: float, bodies: Bodies) -> list[float]:
    """Return the latencies of as many requests as fit into the time."""
    until = time.perf_counter() + seconds

    async def ask() -> list[float]:
        client, latencies = await Client.open(address, path), []
        while time.perf_counter() < until:
            latencies.append(await client.ask(bodies()))
        await client.close()
        return latencies

    return [latency for one in await asyncio.gather(*(ask() for _ in range(clients))) for latency in one]


async def ask_all(
    address: Address, path: str, clients: int, amount: int, bodies: Bodies, *, header: bytes = b""
) -> None:
    """Ask so many times in all."""
    left = iter(range(amount))

    async def ask() -> None:
        client = await Client.open(address, path, header)
        for _ in left:
            await client.ask(bodies())
        await client.close()

    await asyncio.gather(*(ask() for _ in range(clients)))


@dataclass
class Way:
    """One way to the upstream; `prepare` is called before each of its turns."""

    address: Address
    path: str
    bodies: Bodies
    prepare: Callable[[], None] = lambda: None
    latencies: dict[int, list[float]] = field(default_factory=lambda: {clients: [] for clients in CLIENTS})


class Bench:
    """The upstream, and gateways before it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._settings = replace(load_settings(), runtime_dir=folder / "rt")
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=512))
        self.upstream = ("127.0.0.1", listener.getsockname()[1])
        stack.enter_context(served(serve_upstream, listener))
        self.url = f"http://127.0.0.1:{self.upstream[1]}"
        self.route = Route("job", {"candidate": Upstream(f"{self.url}/v1", "m", concurrency=64)})

    def pass_through(self) -> str:
        path = str(self._folder / "pass.sock")
        listener = self._stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(path)
        listener.listen(512)
        self._stack.enter_context(served(serve_pass, listener, self.url))
        return path

    def gateway(self, name: str, cache: str) -> tuple[Gateway, str]:
        ledger = self._folder / "answers" / f"{name}.sqlite"
        books = Books(ledger, cache, None if cache == "off" else ledger)
        gateway = self._stack.enter_context(Gateway.start(self._settings, name, (self.route,), books))
        return gateway, str(gateway.socket_dir("job") / "gateway.sock")


def speed(bench: Bench, seconds: float) -> None:
    numbers = count()

    def new() -> bytes:
        return body(next(numbers))

    replayed, replayed_path = bench.gateway("replayed", "run")
    stored, place, sessions = 20_000, count(), count(2)
    asyncio.run(ask_all(replayed_path, PATH, 32, stored, lambda: body(next(place))))

    def next_session() -> None:
        nonlocal place
        place = count()
        replayed.end_job("job")
        replayed.begin_job(replace(bench.route, session=next(sessions)))

    ways = {
        "direct": Way(bench.upstream, CHAT, new),
        "pass": Way(bench.pass_through(), PATH, new),
        "off": Way(bench.gateway("off", "off")[1], PATH, new),
        "on": Way(bench.gateway("on", "run")[1], PATH, new),
        "replayed": Way(replayed_path, PATH, lambda: body(next(place) % stored), next_session),
    }
    for clients in CLIENTS:
        turn = seconds / ROUNDS / len(ways)
        for _ in range(ROUNDS):
            for way in ways.values():
                way.prepare()
                way.latencies[clients] += asyncio.run(measure(way.address, way.path, clients, turn, way.bodies))
        report(clients, {name: way.latencies[clients] for name, way in ways.items()}, turn * ROUNDS)


def report(clients: int, found: dict[str, list[float]], seconds: float) -> None:
    rates = {name: len(latencies) / seconds for name, latencies in found.items()}
    hundredths = {name: [cut * 1000 for cut in statistics.quantiles(way, n=100)] for name, way in found.items()}
    label = "1 client" if clients == 1 else f"{clients} clients"
    print(f"\n{label:18}" + "".join(f"{name:>10}" for name in found))
    print("  requests/s      " + "".join(f"{rates[name]:>10.0f}" for name in found))
    print("  / pass-through  " + "".join(f"{rates[name] / rates['pass']:>10.2f}" for name in found), WANTED[clients])
    for name, place in (("p50", 49), ("p99", 98)):
        print(f"  {name} ms          " + "".join(f"{hundredths[way][place]:>10.3f}" for way in found))
        for peer in ("direct", "pass"):
            added = [hundredths[way][place] - hundredths[peer][place] for way in found]
            print(f"    added to {peer:7}" + "".join(f"{value:>10.3f}" for value in added))


def flat(bench: Bench, requests: int) -> None:
    """Show that memory does not grow with what was asked: new requests, repeated ones, and answers from the cache."""
    gateway, path = bench.gateway("flat", "run")
    numbers, sizes, steps = count(), [], 10
    for _ in range(steps):
        asyncio.run(ask_all(path, PATH, 32, requests // steps, lambda: body(next(numbers) * 2 // 3)))
        sizes.append(memory(gateway, "VmRSS"))
    print(f"\nmemory over {requests} requests, MiB: " + " ".join(f"{size:.1f}" for size in sizes))
    print(f"  grown by {sizes[-1] - sizes[steps // 2]:.1f} in the second half")


def large(bench: Bench) -> None:
    text, header = "x" * LARGE, ANSWER_SIZE + b"%d\r\n" % LARGE
    for what, bodies, asking in (
        ("requests", lambda number: body(number, text), b""),
        ("answers", body, header),
        ("replayed answers", body, header),
    ):
        if what != "replayed answers":
            gateway, path = bench.gateway(f"large-{what}", "run")
        else:
            gateway.end_job("job")
            gateway.begin_job(replace(bench.route, session=2))
        asyncio.run(ask_all(path, PATH, 1, 10, lambda: body(-1)))
        before = memory(gateway, "VmRSS", forget_peak=True)
        numbers, began = count(), time.perf_counter()
        asyncio.run(ask_all(path, PATH, 32, 32, lambda: bodies(next(numbers)), header=asking))  # noqa: B023 - at once
        rate = 32 * (LARGE >> 20) / (time.perf_counter() - began)
        peak, after = memory(gateway, "VmHWM"), memory(gateway, "VmRSS")
        print(f"\n32 {what} of {LARGE >> 20} MiB at once, {rate:.0f} MiB/s: memory in MiB")
        print(f"  {before:.0f} before, {peak:.0f} at most, {after:.0f} after")


def memory(gateway: Gateway, name: str, *, forget_peak: bool = False) -> float:
    """Return what /proc says under `name`, in MiB."""
    folder = Path(f"/proc/{gateway._process.pid}")
    if forget_peak:
        (folder / "clear_refs").write_text("5")
    return int((folder / "status").read_text().partition(f"{name}:")[2].split()[0]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=12.0, help="of each number of clients")
    parser.add_argument("--requests", type=int, default=20_000, help="over which memory is watched")
    parser.add_argument("--only", choices=("speed", "flat", "large"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        bench = Bench(Path(folder), stack)
        if options.only in {None, "speed"}:
            speed(bench, options.seconds)
        if options.only in {None, "flat"}:
            flat(bench, options.requests)
        if options.only in {None, "large"}:
            large(bench)


if __name__ == "__main__":
    main()
