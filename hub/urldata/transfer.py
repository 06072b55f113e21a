"""Get a whole file over a bad line: go on where the last try stopped, and give up where tries bring nothing more."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from hub.text import show_size
from hub.urldata.draft import Draft, Facts
from hub.urldata.failure import PassingError, TransferError
from hub.urldata.meter import Meter, Tell
from hub.urldata.web import Answer, ask, refusal

_PIECE = 256 << 10
_RESERVE_BYTES = 100_000_000  # a disk that is full to the last byte harms others
_STEP_BYTES = 1 << 20  # a try that brought less (or a hundredth of a small file) has brought nothing


@dataclass(frozen=True)
class Patience:
    """How long a bad line is borne.

    Attributes:
        tries: in a row that bring nothing more, then it is given up.
        first_wait_s, longest_wait_s: bounds of the growing, random pauses between them.
        stall_s: so long without a byte, and a connection counts as broken.
    """

    tries: int = 6
    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0
    stall_s: float = 30.0
    sleep: Callable[[float], None] = time.sleep


PATIENCE = Patience()


class Transfer:
    """The download of one URL into one draft; `checked` says that its publisher's checksum will be compared."""

    def __init__(self, url: str, draft: Draft, tell: Tell, patience: Patience, *, checked: bool) -> None:
        """Ask nothing yet."""
        self._url = url
        self._host = urlsplit(url).hostname or ""
        self._draft = draft
        self._tell = tell
        self._patience = patience
        self._checked = checked
        self._most = draft.size

    def run(self) -> None:
        """Download until the draft is whole.

        Raises:
            TransferError: the server refuses, or the last tries brought nothing; what is there can be gone on with.
            OSError: the disk takes no more.
        """
        import tenacity  # noqa: PLC0415 - it brings asyncio along, and a plan needs neither

        patience = self._patience
        jitter = tenacity.wait_random_exponential(patience.first_wait_s, patience.longest_wait_s)

        def pause(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            return max(jitter(state), error.wait_s if isinstance(error, PassingError) else 0.0)

        while not self._draft.whole:
            tenacity.Retrying(
                sleep=patience.sleep,
                stop=tenacity.stop_after_attempt(patience.tries),
                wait=pause,
                retry=tenacity.retry_if_exception_type(PassingError),
                before_sleep=lambda state: self._tell(f"{state.outcome.exception()}; trying again"),  # type: ignore[union-attr]
                reraise=True,
            )(self._try)

    def _try(self) -> None:
        """Try once; a try that broke off returns where it has brought something.

        Raises:
            PassingError: it has brought nothing.
        """
        try:
            self._ask()
        except PassingError as error:
            if self._draft.size < self._most + self._step:
                raise
            self._tell(f"{error}; going on")
        finally:
            self._most = max(self._most, self._draft.size)

    @property
    def _step(self) -> int:
        total = self._draft.facts.total
        return _STEP_BYTES if total is None else max(1, min(_STEP_BYTES, total // 100))

    def _ask(self) -> None:
        draft = self._draft
        with ask(self._url, self._range(), self._patience.stall_s) as answer:
            if not self._is_to_be_read(answer):
                return
            self._check_room()
            self._tell(self._beginning())
            meter = Meter(self._tell, draft.size, draft.facts.total)
            with draft.append() as file:
                while piece := answer.read(_PIECE):
                    file.write(piece)
                    meter.add(len(piece))
                file.flush()
                os.fsync(file.fileno())
        if draft.facts.total is None:
            draft.end()
        elif draft.size < draft.facts.total:
            reason = f"{self._host} ended at {show_size(draft.size)} of {show_size(draft.facts.total)}"
            raise PassingError(reason)
        elif draft.size > draft.facts.total:
            draft.drop()
            raise PassingError(f"{self._host} sent more than it announced")

    def _range(self) -> dict[str, str]:
        """Return the headers that ask for the rest, none where what is here may be of another file by now."""
        size, validator = self._draft.size, self._draft.facts.validator
        if not size or not (validator or self._checked):
            return {}
        return {"Range": f"bytes={size}-", **({"If-Range": validator} if validator else {})}

    def _is_to_be_read(self, answer: Answer) -> bool:
        """Settle what the answer is part of; return whether there is anything to read.

        Raises:
            TransferError: a refusal, a web page; PassingError: a part that does not fit.
        """
        draft, found = self._draft, _facts_of(answer)
        if answer.status == 416 and found.total == draft.size:
            draft.end()  # it announced more than it has
            return False
        if answer.status not in {200, 206, 416}:
            raise refusal(answer, self._host)
        if answer.status == 200 or (answer.status == 206 and answer.part[0] == 0):
            self._refuse_page(answer)
            draft.begin(found)
            return True
        if answer.status == 206 and answer.part[0] == draft.size and _is_same(draft.facts, found):
            draft.learn(replace(draft.facts, total=draft.facts.total or found.total))
            return True
        draft.drop()
        raise PassingError(f"{self._host} has another file there now: starting anew")

    def _refuse_page(self, answer: Answer) -> None:
        page = answer.header("Content-Type").partition(";")[0].strip().lower() == "text/html"
        if page and not urlsplit(self._url).path.endswith((".html", ".htm")):
            mend = "open the address in a browser: a log-in or a proxy may be in the way"
            raise TransferError(f"{self._host} answers with a web page instead of the file", mend)

    def _check_room(self) -> None:
        total = self._draft.facts.total
        left = 0 if total is None else total - self._draft.size
        free = shutil.disk_usage(self._draft.path.parent).free
        if left + _RESERVE_BYTES > free:
            reason = f"{show_size(left)} are to come, and {show_size(free)} are free at {self._draft.path.parent}"
            raise TransferError(reason, "make room (`evaldock clean` shows what can go), or set EVALDOCK_CACHE")

    def _beginning(self) -> str:
        facts, size = self._draft.facts, self._draft.size
        whole = "" if facts.total is None else f" ({show_size(facts.total)})"
        return f"going on at {show_size(size)}{whole}" if size else f"downloading {self._url}{whole}"


def _facts_of(answer: Answer) -> Facts:
    total = answer.length if answer.status == 200 else answer.part[1]
    return Facts(total, answer.header("ETag"), answer.header("Last-Modified"))


def _is_same(ours: Facts, theirs: Facts) -> bool:
    """Return whether a part is of the file that is begun, whatever the server makes of If-Range."""
    if None not in {ours.total, theirs.total} and ours.total != theirs.total:
        return False
    if ours.etag and theirs.etag:
        return ours.etag == theirs.etag
    return not (ours.modified and theirs.modified) or ours.modified == theirs.modified
