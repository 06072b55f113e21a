"""Clients that ask, leave, come back and ask twice, over several starts of a job: whatever they do, each number of a
request has one answer, the upstream is asked for it once, and a new start gets the same answers in the same order.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections import Counter, defaultdict
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hub.gateway.books import open_books
from hub.gateway.cache import Cache
from hub.gateway.call import Answer
from hub.gateway.config import Books
from hub.gateway.ending import Ending, row_of
from hub.gateway.room import Room
from tests.hub.gateway.played import BROKEN, call

PROMPTS = ("a", "b")


class Upstream:
    """Never says the same twice; answers when it is told to."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, int]] = Counter()
        self.under_way: list[asyncio.Future[Answer]] = []
        self._words = itertools.count()

    async def __call__(self, asked):
        self.asked[asked.account.key, asked.account.number] += 1
        answer = asyncio.get_running_loop().create_future()
        self.under_way.append(answer)
        return await answer

    def answer(self, place: int, *, fails: bool) -> None:
        word = f'{{"choices": ["{next(self._words)}"]}}'.encode()
        answer = Answer.failed(BROKEN) if fails else Answer(200, (), word)
        self.under_way.pop(place % len(self.under_way)).set_result(answer)


@dataclass
class Client:
    """One call of a client that is there until it leaves."""

    prompt: str
    session: int
    there: bool = True
    task: asyncio.Task[Answer] = field(init=False)
    call: object = None


class Occurrences(RuleBasedStateMachine):
    """A job's clients, and what they may expect."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.upstream = Upstream()
        self.session = 0
        self.again: Counter[tuple[str, int]] = Counter()  # how often it may be asked once more
        self.said: dict[tuple[str, int], bytes] = {}  # by prompt and number
        self.clients: list[Client] = []
        self.start()

    def start(self) -> None:
        """Start the job anew, with a new process."""
        self.session += 1
        self.clients = []
        self.upstream.under_way = []
        self.delivered: dict[str, list[int]] = defaultdict(list)
        self.books = AsyncExitStack()
        file = self.folder / "run.sqlite"
        opened = self.run(self.books.enter_async_context(open_books(Books(file, "run", file), print)))
        self.ledger = opened.ledger
        self.step = Cache("run", opened.ledger, opened.answers, Room()).with_answers(self.upstream)

    def run(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def settle(self) -> None:
        """Let everything happen that can happen by itself."""

        async def turns() -> None:
            for _ in range(10):
                await asyncio.sleep(0)

        self.run(turns())

    @rule(prompt=st.sampled_from(PROMPTS))
    def ask(self, prompt):
        taken = {client.call.account.number for client in self.clients if client.there and client.prompt == prompt}
        client = Client(prompt, self.session)
        client.task = self.loop.create_task(self._call(client))
        self.settle()
        self.clients.append(client)
        free = (number for number in itertools.count() if number not in {*taken, *self.delivered[prompt]})
        assert client.call.account.number == next(free)

    async def _call(self, client: Client) -> Answer:
        client.call = call(
            fields={"prompt": client.prompt},
            session=client.session,
            connected=lambda: client.there,
            expires_at=self.loop.time() + 60,
        )
        return await self.step(client.call)

    @precondition(lambda self: self.upstream.under_way)
    @rule(place=st.integers(0, 9), fails=st.sampled_from([False, False, True]))
    def answer(self, place, fails):
        self.upstream.answer(place, fails=fails)
        self.settle()
        self.deliver()

    def deliver(self) -> None:
        """Give every client its answer that there is one for, and account the calls that have ended."""
        for client in [client for client in self.clients if client.task.done()]:
            self.clients.remove(client)
            self._end(client, client.task.result())

    def _end(self, client: Client, answer: Answer) -> None:
        account = client.call.account
        place = (client.prompt, account.number)
        if answer.failure is None:
            assert self.said.setdefault(place, answer.body) == answer.body
        else:
            self.again[account.key, account.number] += 1
        ending = Ending(0.0, 0.0, failure=answer.failure, delivered=client.there)
        self.ledger.write("job", row_of(client.call, ending))
        account.leave()
        if client.there and answer.failure is None:
            assert account.number not in self.delivered[client.prompt]
            self.delivered[client.prompt].append(account.number)

    @precondition(lambda self: self.clients)
    @rule(place=st.integers(0, 9))
    def leave(self, place):
        self.clients[place % len(self.clients)].there = False

    @rule()
    def deliver_what_was_kept(self):
        self.deliver()

    @rule()
    def start_anew(self):
        self.finish()
        self.start()

    def finish(self) -> None:
        """End the process: what is under way is lost."""
        for client in self.clients:
            client.task.cancel()
            self.again[client.call.account.key, client.call.account.number] += 1
        self.settle()
        self.run(self.books.aclose())

    @invariant()
    def clients_that_are_there_are_given_different_numbers(self):
        there = [(client.prompt, client.call.account.number) for client in self.clients if client.there]
        assert len(there) == len(set(there))

    @invariant()
    def the_upstream_is_asked_once_for_each_number(self):
        assert all(times <= 1 + self.again[place] for place, times in self.upstream.asked.items())

    def teardown(self):
        # A last start: whoever asks one after the other gets what was said first, first, and nothing is asked again.
        self.finish()
        self.start()
        for prompt in PROMPTS:
            known = sorted(number for name, number in self.said if name == prompt)
            for number in range(len(known)):
                if number != known[number]:
                    break  # the answer to a lower number was never seen by anybody
                asked = self.upstream.asked.total()
                self.ask(prompt)
                assert self.upstream.asked.total() == asked
                client = self.clients[-1]
                self.deliver()
                assert client.task.result().body == self.said[prompt, number]
        self.finish()
        self.loop.close()
        self.stack.close()


Occurrences.TestCase.settings = settings(
    max_examples=30, stateful_step_count=30, suppress_health_check=list(HealthCheck)
)
TestOccurrences = Occurrences.TestCase
