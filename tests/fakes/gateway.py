"""A fake gateway at the seam of hub.gateway.Gateway: it remembers what it is told, and says what it was told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from hub.errors import GatewayError
from hub.gateway import Books, Route, Verdict
from hub.ledger import LedgerRow, write_ledger
from hub.settings import Settings


@dataclass
class FakeGateway:
    """Stands in the place of the class; it holds its rows back until their job is ended, as the real one may.

    Attributes:
        dies: whether it is dead; may be set while a job runs.
        dies_at_end: whether it dies as soon as a job is to be ended.
    """

    dies: bool = False
    dies_at_end: bool = False
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    rows: dict[str, list[LedgerRow]] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    books: Books | None = None
    ended: list[str] = field(default_factory=list)

    def start(
        self, _settings: Settings, _run_id: str, routes: tuple[Route, ...], books: Books, **_: Any
    ) -> FakeGateway:
        self.routes, self.books = routes, books
        books.ledger.parent.mkdir(parents=True, exist_ok=True)
        return self

    def socket_dir(self, job_id: str) -> Path:
        return Path("/nowhere") / job_id

    def alive(self) -> bool:
        return not self.dies

    def last_words(self) -> str:
        return "Traceback\n  ...\nMemoryError" if self.dies else ""

    def verdict(self, job_id: str) -> Verdict | None:
        return self.verdicts.get(job_id)

    def end_job(self, job_id: str) -> None:
        self.dies = self.dies or self.dies_at_end
        if self.dies:
            raise GatewayError("the gateway died")
        assert self.books is not None
        self.ended.append(job_id)
        write_ledger(self.books.ledger, job_id, self.rows.get(job_id, ()))

    def begin_job(self, route: Route) -> None:
        if self.dies:
            raise GatewayError("the gateway died")
        self.routes = (*(known for known in self.routes if known.job_id != route.job_id), route)

    def answer(self, job_id: str, count: int, dataset: str = "echo", **more: Any) -> None:
        """Have answered so many calls of a job's candidate."""
        session = next(route.session for route in self.routes if route.job_id == job_id)
        self.rows.setdefault(job_id, []).extend(_rows(range(count), session, dataset, more))

    def __enter__(self) -> FakeGateway:  # noqa: PYI034 - typing.Self is of Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End nothing."""


def _rows(numbers: Iterable[int], session: int, dataset: str, more: dict[str, Any]) -> Iterable[LedgerRow]:
    for number in numbers:
        facts = {"outcome": "ok", "key": f"{number:x}", "attempts": 1, "tokens_in": 10, "tokens_out": 1, **more}
        yield LedgerRow(session, 1.0, "candidate", dataset, "chat/completions", **facts)
