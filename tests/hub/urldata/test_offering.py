"""How big a file is, before anything of it is fetched."""

import pytest

from hub.offer import Offer
from hub.urldata.offering import offer_of
from tests.fakes.file_server import FileServer

CONTENT = b"x" * 5000


def test_the_headers_alone_say_the_size() -> None:
    with FileServer(CONTENT) as server:
        assert offer_of(server.url("moved/2/data.zip")) == Offer(size=5000)

    assert server.gets == []


def test_a_server_without_head_is_asked_for_one_byte() -> None:
    with FileServer(CONTENT, head=False) as server:
        assert offer_of(server.url()) == Offer(size=5000)

    assert [asked.range for asked in server.gets] == ["bytes=0-0"]


def test_storage_that_refuses_head_is_asked_for_one_byte() -> None:
    with FileServer(CONTENT, statuses=[403]) as server:
        assert offer_of(server.url()) == Offer(size=5000)


def test_a_server_with_neither_head_nor_ranges_says_it_with_the_file_that_nobody_reads() -> None:
    with FileServer(CONTENT, head=False, ranges=False) as server:
        assert offer_of(server.url()) == Offer(size=5000)


def test_a_size_that_nobody_says_is_in_doubt() -> None:
    with FileServer(CONTENT, chunked=True, ranges=False) as server:
        assert offer_of(server.url()) == Offer(doubt="127.0.0.1 does not say it")


@pytest.mark.parametrize(("status", "words"), [(404, "no such file (404)"), (403, "refuses access (403)")])
def test_a_file_that_cannot_be_had_is_refused_with_what_to_do(status: int, words: str) -> None:
    with FileServer(CONTENT, statuses=[status, status]) as server:
        found = offer_of(server.url())

    assert words in found.refusal
    assert found.mend


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_in_trouble_leaves_the_size_in_doubt(status: int) -> None:
    with FileServer(CONTENT, statuses=[status, status]) as server:
        assert offer_of(server.url()) == Offer(doubt=f"127.0.0.1 answers with HTTP {status}")


def test_nobody_there_leaves_the_size_in_doubt() -> None:
    assert offer_of("http://127.0.0.1:9/x") == Offer(doubt="127.0.0.1 refused the connection")


def test_a_silent_server_is_not_waited_for() -> None:
    with FileServer(CONTENT, mute=True) as server:
        found = offer_of(server.url(), deadline_s=0.2)

    assert found.doubt in {"127.0.0.1 gave no answer within 0.2 s", "127.0.0.1 sent nothing for too long"}
