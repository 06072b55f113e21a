"""What a server says of a file before it is downloaded: how big it is, or why it cannot be had."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit

from hub.offer import Offer
from hub.urldata.failure import PassingError, TransferError
from hub.urldata.web import Answer, ask, refusal

DEADLINE_S = 8.0


def offer_of(url: str, *, deadline_s: float = DEADLINE_S) -> Offer:
    """Ask for the headers alone, and where a server gives none, for the first byte.

    In a thread: name resolution and a chain of redirects know no total time-out.
    """
    found: list[Offer] = []
    thread = threading.Thread(target=lambda: found.append(_offer(url, deadline_s)), daemon=True)
    thread.start()
    thread.join(deadline_s)
    return found[0] if found else Offer(doubt=f"{urlsplit(url).hostname} gave no answer within {deadline_s:g} s")


def _offer(url: str, timeout_s: float) -> Offer:
    try:
        size = _size(url, timeout_s)
    except PassingError as error:
        return Offer(doubt=error.reason)
    except TransferError as error:
        return Offer(refusal=error.reason, mend=error.mend)
    if size is None:
        return Offer(doubt=f"{urlsplit(url).hostname} does not say it")
    return Offer(size=size)


def _size(url: str, timeout_s: float) -> int | None:
    with ask(url, {}, timeout_s, method="HEAD") as answer:
        if answer.status == 200 and answer.length is not None:
            return answer.length
    # Storage behind signed addresses allows one method, and small servers know no other.
    with ask(url, {"Range": "bytes=0-0"}, timeout_s) as answer:
        return _told(answer, url)


def _told(answer: Answer, url: str) -> int | None:
    if answer.status == 206:
        return answer.part[1]
    if answer.status == 416:  # an empty file has no first byte
        return answer.part[1]
    if answer.status != 200:
        raise refusal(answer, urlsplit(url).hostname or "")
    return answer.length
