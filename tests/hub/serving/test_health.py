import socket
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hub.serving import health
from hub.serving.health import is_healthy


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def path() -> Iterator[Path]:
    with (
        TemporaryDirectory(prefix="ed-") as folder,
        socketserver.UnixStreamServer(f"{folder}/s", Handler) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield Path(folder) / "s"
        server.shutdown()
        thread.join()


def test_a_server_is_well_once_it_answers_with_200(path: Path) -> None:
    assert is_healthy(path, "/health")
    assert not is_healthy(path, "/loading")


def test_a_socket_that_is_not_there_yet_is_no_failure(path: Path) -> None:
    assert not is_healthy(path.with_name("absent"), "/health")


def test_a_link_in_the_socket_s_place_is_not_followed(path: Path) -> None:
    link = path.with_name("link")
    link.symlink_to(path)

    assert not is_healthy(link, "/health")


def test_an_answer_that_comes_drop_by_drop_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_ANSWER_S", 0.2)
    enough = threading.Event()
    with TemporaryDirectory(prefix="ed-") as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/s")
        listener.listen()

        def drip() -> None:
            with listener.accept()[0] as client:
                while not enough.wait(0.02):
                    client.send(b"H")

        found: list[bool] = []
        dripping = threading.Thread(target=drip)
        asking = threading.Thread(target=lambda: found.append(is_healthy(Path(folder) / "s", "/health")))
        dripping.start()
        asking.start()
        asking.join(60)
        in_time = list(found)
        enough.set()
        dripping.join()
        asking.join()

    assert in_time == [False]
