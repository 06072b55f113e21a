"""The gateway's process is killed at any moment: what a client has, it gets again, and nothing is asked twice."""

import http.client
import itertools
import json
import random
import socket
import threading
from collections import Counter
from dataclasses import replace

import pytest

from hub.gateway import Books, Gateway, Route, Upstream
from hub.ledger import read_rows
from hub.settings import load_settings
from tests.fakes.upstream import FakeUpstream, last_message
from tests.hub.gateway.support import CHAT, question

CLIENTS = 4


class Job:
    """Clients that ask their questions one after the other, each question twice, until they are done or cut off."""

    def __init__(self, folder):
        self._socket = folder / "gateway.sock"
        self.got = {}
        self.started = threading.Semaphore(0)

    def run(self):
        threads = [threading.Thread(target=self._ask_all, args=(client,)) for client in range(CLIENTS)]
        for thread in threads:
            thread.start()
        return threads

    def _ask_all(self, client):
        connection = http.client.HTTPConnection("gateway")
        try:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(str(self._socket))
            for number, turn in itertools.product(range(25), range(2)):
                asked = f"{client}.{number}"
                body = question(asked, stream=number % 3 == 0)
                connection.request("POST", f"/candidate/arc/{CHAT}", json.dumps(body))
                response = connection.getresponse()
                said = response.read()
                if response.status != 200:
                    return
                self.got[asked, turn] = said
                self.started.release()
        except (OSError, http.client.HTTPException):
            pass  # it was killed
        finally:
            connection.close()


@pytest.mark.parametrize("seed", range(4))
def test_every_answer_that_a_client_has_comes_again(tmp_path, seed):
    words = itertools.count()
    settings = replace(load_settings({}), runtime_dir=tmp_path / "rt")
    ledger = tmp_path / "answers" / "run.sqlite"
    books, moments = Books(ledger, "run", ledger), random.Random(seed)
    first_got, killed = {}, 0
    with FakeUpstream(answer=lambda _body: f"answer {next(words)}") as up:
        for session in range(1, 4):
            route = Route("job", {"candidate": Upstream(up.base_url, "m", concurrency=CLIENTS)}, session=session)
            with Gateway.start(settings, "run", (route,), books) as gateway:
                job = Job(gateway.socket_dir("job"))
                threads = job.run()
                if session < 3:
                    for _ in range(moments.randrange(20, 120)):
                        job.started.acquire(timeout=60)
                    gateway._process.kill()
                    killed += 1
                for thread in threads:
                    thread.join()
                if session == 3:
                    gateway.end_job("job")
            assert {place: said for place, said in job.got.items() if place in first_got} == {
                place: said for place, said in first_got.items() if place in job.got
            }
            first_got = {**job.got, **first_got}
        asked = Counter(last_message(request.json) for request in up.requests)

    assert len(first_got) == CLIENTS * 25 * 2
    assert len(set(first_got.values())) == len(first_got)
    assert sum(asked.values()) <= CLIENTS * 25 * 2 + killed * CLIENTS  # those that were under way
    rows = [row for row in read_rows(ledger, "job") if row.session == 3]
    assert Counter(row.number for row in rows if row.delivered) == {0: 100, 1: 100}
