"""What company is worth to the transformers server: requests a second with one client and with 16 at once.

    python tests/bench/transformers_server.py --python PYTHON [--weights FOLDER] [--requests 64] [--rounds 3]

PYTHON is that of Native's environment. Prompts and answers are of different lengths: `--tokens` at most, fewer where
the model ends by itself. Medians of rounds, in each of which both are measured, so that what else the machine does
hits both.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import aiohttp  # noqa: E402

CLIENTS = (1, 16)


class Rate(NamedTuple):
    """Requests and generated tokens a second."""

    requests: float
    tokens: float


@contextmanager
def serving(python: str, weights: Path) -> Iterator[str]:
    """Serve a checkpoint on a unix socket, and yield its path at once."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/server.sock"
        argv = [python, "-m", "adapters.native.server", "--weights", str(weights), "--name", "m", "--socket", path]
        process = subprocess.Popen(argv, env={**os.environ, "PYTHONPATH": str(ROOT)})
        try:
            yield path
        finally:
            process.terminate()
            process.wait()


def client_of(path: str) -> aiohttp.ClientSession:
    """Return a client of the server."""
    return aiohttp.ClientSession("http://m", connector=aiohttp.UnixConnector(path, limit=0))


async def ready(client: aiohttp.ClientSession) -> None:
    """Wait until the model is loaded."""
    while True:
        try:
            async with client.get("/health") as response:
                if response.status == 200:
                    return
        except aiohttp.ClientConnectionError:
            pass
        await asyncio.sleep(0.1)


async def measure(client: aiohttp.ClientSession, clients: int, requests: int, tokens: int) -> Rate:
    """Ask all requests, `clients` at once."""
    left = iter(range(requests))
    generated = 0

    async def work() -> None:
        nonlocal generated
        for number in left:
            prompt = f"Kate packs {number} boxes with {number % 9 + 2} marbles each. " * (number % 4 + 1)
            body = {"prompt": prompt, "max_tokens": tokens, "temperature": 1, "seed": number}
            async with client.post("/v1/completions", json=body) as response:
                generated += (await response.json())["usage"]["completion_tokens"]

    began = time.monotonic()
    await asyncio.gather(*(work() for _ in range(clients)))
    took = time.monotonic() - began
    return Rate(requests / took, generated / took)


async def compare(path: str, requests: int, tokens: int, rounds: int) -> None:
    """Measure and print medians."""
    async with client_of(path) as client:
        await ready(client)
        await measure(client, max(CLIENTS), max(CLIENTS), tokens)  # warm
        found: dict[int, list[Rate]] = {clients: [] for clients in CLIENTS}
        for _ in range(rounds):
            for clients, rates in found.items():
                rates.append(await measure(client, clients, requests, tokens))
    medians = {clients: Rate(*map(statistics.median, zip(*rates, strict=True))) for clients, rates in found.items()}
    for clients, rate in medians.items():
        print(f"{clients:>3} clients  {rate.requests:7.2f} requests/s  {rate.tokens:8.1f} tokens/s", flush=True)
    print(f"{max(CLIENTS)} clients are {medians[max(CLIENTS)].requests / medians[1].requests:.1f} x one")


def main() -> None:
    """Start the server and measure it."""
    parser = argparse.ArgumentParser(description="What company is worth to the transformers server.")
    parser.add_argument("--python", required=True, help="that of Native's environment")
    parser.add_argument("--weights", type=Path, default=ROOT / "configs/bundled/model")
    parser.add_argument("--requests", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with serving(options.python, options.weights) as path:
        asyncio.run(compare(path, options.requests, options.tokens, options.rounds))


if __name__ == "__main__":
    main()
