"""A server that only listens on TCP is reached by its unix socket, from when it answers until it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from adapters.runtime.listen import listen

PATIENCE_S = 120  # for processes that start and end, on a machine that does much else
_CHECKOUT = Path(__file__).parents[3]
_TCP_SERVER = """
import signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(33))
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    print("ready", *sys.argv[1:], flush=True)
    while True:
        client, _ = server.accept()
        with client:
            if said := client.recv(100):
                client.sendall(said.upper())
                if said == b"end":
                    sys.exit(7)
"""


def test_what_is_said_at_the_socket_is_answered_by_the_port(tmp_path: Path) -> None:
    async def scenario() -> list[bytes]:
        async with _server() as port, _listening(tmp_path / "s", port):
            return await asyncio.gather(*(_ask(tmp_path / "s", f"client {i}".encode()) for i in range(64)))

    assert asyncio.run(scenario()) == [f"CLIENT {i}".encode() for i in range(64)]


def test_there_is_no_socket_before_the_port_takes_connections(tmp_path: Path) -> None:
    async def scenario() -> tuple[bool, bytes]:
        port = _free_port()
        forwarding = asyncio.create_task(listen(str(tmp_path / "s"), port))
        await asyncio.sleep(0)
        early = (tmp_path / "s").exists()
        async with _server(port):
            await _until_there(tmp_path / "s")
            said = await _ask(tmp_path / "s", b"a")
            await _cancelled(forwarding)
        return early, said

    assert asyncio.run(scenario()) == (False, b"A")


def test_the_socket_that_a_killed_server_left_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "s"))

    async def scenario() -> bytes:
        async with _server() as port, _listening(tmp_path / "s", port):
            return await _ask(tmp_path / "s", b"a")

    assert asyncio.run(scenario()) == b"A"


def test_a_client_is_hung_up_on_once_nobody_listens_at_the_port(tmp_path: Path) -> None:
    async def scenario() -> bytes:
        async with _server() as port:
            forwarding = asyncio.create_task(listen(str(tmp_path / "s"), port))
            await _until_there(tmp_path / "s")
        said = await _ask(tmp_path / "s", b"a")
        await _cancelled(forwarding)
        return said

    assert asyncio.run(scenario()) == b""


def test_the_entry_gives_a_server_its_port_and_forwards_its_socket(tmp_path: Path) -> None:
    with _entry(tmp_path / "s", "--a", "x-{port}") as process:
        assert process.stdout is not None
        _, port, *more = process.stdout.readline().split()
        said = asyncio.run(_once_there(tmp_path / "s", b"hello"))

    assert more == ["--a", f"x-{port}"]
    assert said == b"HELLO"


def test_the_forwarder_ends_with_the_server_whose_code_is_the_entrys(tmp_path: Path) -> None:
    with _entry(tmp_path / "s") as process:
        asyncio.run(_once_there(tmp_path / "s", b"end"))

        assert process.wait(PATIENCE_S) == 7
    with pytest.raises(ConnectionRefusedError), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "s"))


def test_a_server_whose_forwarder_is_gone_is_ended_and_is_125(tmp_path: Path) -> None:
    with _entry(tmp_path / "s") as process:
        assert process.stdout is not None
        process.stdout.readline()
        asyncio.run(_until_there(tmp_path / "s"))
        os.kill(_forwarder_of(process.pid), signal.SIGKILL)

        _, said = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 125
    assert "its forwarder is gone, so nothing passes its socket any more: ending it" in said


def test_a_signal_reaches_the_server(tmp_path: Path) -> None:
    with _entry(tmp_path / "s") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)

        assert process.wait(PATIENCE_S) == 33


def test_a_command_without_a_port_in_it_is_left_alone(tmp_path: Path) -> None:
    env = _environment(tmp_path / "s")
    command = ("python", "-c", "import sys; print(sys.argv[1:])", "{}")

    done = subprocess.run(_argv(*command), env=env, capture_output=True, text=True, timeout=PATIENCE_S)

    assert done.stdout.strip() == "['{}']"
    assert not (tmp_path / "s").exists()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


async def _upper(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer only after the client's end of stream: works with half-closed connections alone."""
    writer.write((await reader.read()).upper())
    writer.close()
    await writer.wait_closed()


@asynccontextmanager
async def _server(port: int = 0) -> AsyncIterator[int]:
    async with await asyncio.start_server(_upper, "127.0.0.1", port, backlog=512) as server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def _listening(path: Path, port: int) -> AsyncIterator[None]:
    task = asyncio.create_task(listen(str(path), port))
    try:
        await _until_there(path)
        yield
    finally:
        await _cancelled(task)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _until_there(path: Path) -> None:
    async def connect() -> None:
        while True:
            with suppress(FileNotFoundError, ConnectionRefusedError):
                _, writer = await asyncio.open_unix_connection(path)
                writer.close()
                return
            await asyncio.sleep(0.01)

    await asyncio.wait_for(connect(), PATIENCE_S)


async def _ask(path: Path, data: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(data)
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return answer


async def _once_there(path: Path, data: bytes) -> bytes:
    await _until_there(path)
    return await _ask(path, data)


def _environment(sock: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(_CHECKOUT), "EVALDOCK_LISTEN": str(sock)}


def _argv(*command: str) -> list[str]:
    return [sys.executable, "-m", "adapters.runtime.entry", "--", *command]


class _Entry(subprocess.Popen[str]):
    """The entry around the small TCP server; killed where the test leaves it running."""

    def __exit__(self, *_: object) -> None:
        self.kill()
        super().__exit__(None, None, None)


def _forwarder_of(entry: int) -> int:
    children = Path(f"/proc/{entry}/task/{entry}/children").read_text().split()
    (pid,) = (int(pid) for pid in children if b"listen" in Path(f"/proc/{pid}/cmdline").read_bytes())
    return pid


def _entry(sock: Path, *more: str) -> _Entry:
    argv = _argv("python", "-c", _TCP_SERVER, "{port}", *more)
    return _Entry(argv, env=_environment(sock), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
