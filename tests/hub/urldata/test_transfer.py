"""A file over bad lines and from bad servers, on loopback."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from hub.urldata import transfer as module
from hub.urldata.draft import Draft
from hub.urldata.failure import PassingError, TransferError
from hub.urldata.transfer import Patience, Transfer
from tests.fakes.file_server import FileServer

CONTENT = bytes(range(256)) * 400


class Line:
    """What one download did: what was told, and how long it would have waited."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[str] = []
        self.waits: list[float] = []

    def get(self, url: str, *, checked: bool = False, **patience: Any) -> bytes:
        facts = {"tries": 3, "stall_s": 5.0, "sleep": self.waits.append, **patience}
        Transfer(url, self.draft, self.told.append, Patience(**facts), checked=checked).run()
        return self.draft.path.read_bytes()

    @property
    def draft(self) -> Draft:
        return Draft(self.folder)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path)


def ranges(server: FileServer) -> list[str]:
    return [asked.range for asked in server.gets]


def test_a_file_comes_whole_and_its_size_is_told(line: Line) -> None:
    with FileServer(CONTENT) as server:
        assert line.get(server.url()) == CONTENT

    assert line.told == [f"downloading {server.url()} (102 kB)"]
    assert line.waits == []


def test_a_connection_that_breaks_is_gone_on_with_where_it_stopped(line: Line) -> None:
    with FileServer(CONTENT, breaks=[30_000, 40_000]) as server:
        assert line.get(server.url()) == CONTENT

    assert ranges(server) == ["", "bytes=30000-", "bytes=70000-"]
    assert {asked.headers.get("if-range") for asked in server.gets[1:]} == {server.etag}
    assert line.waits == []  # each try brought something
    assert "ended at 30 kB of 102 kB; going on" in line.told[1]


def test_what_another_process_began_is_gone_on_with(line: Line) -> None:
    with FileServer(CONTENT, breaks=[50_000, 0, 0, 0]) as server:
        with pytest.raises(PassingError):
            line.get(server.url())
        assert line.get(server.url()) == CONTENT

    assert ranges(server)[-1] == "bytes=50000-"


def test_a_whole_draft_asks_nothing(line: Line) -> None:
    with FileServer(CONTENT) as server:
        line.get(server.url())
        server.requests.clear()

        assert line.get(server.url()) == CONTENT

    assert server.requests == []


def test_a_file_that_changed_meanwhile_is_begun_anew(line: Line) -> None:
    with FileServer(CONTENT, breaks=[50_000, 0, 0, 0]) as server:
        with pytest.raises(PassingError):
            line.get(server.url())
        server.content, server.etag = CONTENT[::-1], '"two"'

        assert line.get(server.url()) == CONTENT[::-1]


@pytest.mark.parametrize("new", [{"etag": '"two"'}, {"etag": "", "modified": "Wed, 15 Nov 2023 22:13:20 GMT"}])
def test_a_server_that_ignores_if_range_mixes_no_two_files(line: Line, new: dict[str, str]) -> None:
    with FileServer(CONTENT, breaks=[50_000, 0, 0, 0], conditions=False) as server:
        with pytest.raises(PassingError):
            line.get(server.url())
        server.content = CONTENT[::-1]
        for name, value in new.items():
            setattr(server, name, value)

        assert line.get(server.url()) == CONTENT[::-1]


def test_another_length_is_another_file(line: Line) -> None:
    with FileServer(CONTENT, breaks=[50_000, 0, 0, 0], etag="") as server:
        with pytest.raises(PassingError):
            line.get(server.url())
        server.content = CONTENT[::-1] + b"more"

        assert line.get(server.url()) == CONTENT[::-1] + b"more"


def test_without_ranges_it_starts_anew(line: Line) -> None:
    with FileServer(CONTENT, breaks=[50_000], ranges=False) as server:
        assert line.get(server.url()) == CONTENT

    assert len(server.gets) == 2


def test_what_nothing_vouches_for_is_not_gone_on_with(line: Line) -> None:
    with FileServer(CONTENT, breaks=[50_000], etag='W/"weak"', modified="") as server:
        assert line.get(server.url()) == CONTENT

    assert ranges(server) == ["", ""]


def test_a_checksum_vouches_where_the_server_does_not(line: Line) -> None:
    with FileServer(CONTENT, breaks=[50_000], etag="", modified="") as server:
        assert line.get(server.url(), checked=True) == CONTENT

    assert ranges(server) == ["", "bytes=50000-"]


def test_a_weak_etag_leaves_the_date_to_compare(line: Line) -> None:
    with FileServer(CONTENT, breaks=[50_000], etag='W/"weak"') as server:
        assert line.get(server.url()) == CONTENT

    assert server.gets[1].headers["if-range"] == server.modified


def test_a_line_that_goes_silent_is_cut_and_gone_on_with(line: Line) -> None:
    with FileServer(CONTENT, stall_at=60_000) as server:

        def heal() -> None:
            server.stalled.wait()
            server.stall_at = None

        threading.Thread(target=heal, daemon=True).start()
        assert line.get(server.url(), stall_s=0.3) == CONTENT

    assert ranges(server) == ["", "bytes=60000-"]
    assert "sent nothing for too long; going on" in line.told[1]


def test_a_slow_server_is_no_silent_one(line: Line) -> None:
    with FileServer(CONTENT[:3000], pace_s=0.1) as server:
        assert line.get(server.url(), stall_s=0.25) == CONTENT[:3000]

    assert len(server.gets) == 1


def test_tries_that_bring_nothing_end_with_growing_pauses_between(line: Line) -> None:
    with FileServer(CONTENT, breaks=[0] * 9) as server, pytest.raises(PassingError) as caught:
        line.get(server.url(), tries=5, first_wait_s=1.0, longest_wait_s=4.0)

    assert len(server.gets) == 5
    assert len(line.waits) == 4
    assert all(0 <= wait <= most for wait, most in zip(line.waits, (1, 2, 4, 4), strict=True))
    assert "127.0.0.1 ended at 0 B of 102 kB" in caught.value.reason
    assert "run again to go on" in caught.value.mend


def test_a_server_that_always_breaks_off_before_the_same_byte_is_given_up(line: Line) -> None:
    with FileServer(CONTENT, breaks=[50_000] * 9, ranges=False) as server, pytest.raises(PassingError):
        line.get(server.url())

    assert len(server.gets) == 1 + 3  # the first brought something


def test_a_server_that_announces_more_than_it_has_is_believed_at_its_last_word(line: Line) -> None:
    with FileServer(CONTENT, length=len(CONTENT) + 7) as server:
        assert line.get(server.url()) == CONTENT

    assert ranges(server) == ["", f"bytes={len(CONTENT)}-"]


def test_without_ranges_a_wrong_length_is_given_up(line: Line) -> None:
    wrong = FileServer(CONTENT, length=len(CONTENT) + 7, ranges=False)
    with wrong as server, pytest.raises(PassingError, match="ended at 102 kB of 102 kB"):
        line.get(server.url())


def test_no_length_at_all_ends_with_the_connection(line: Line) -> None:
    with FileServer(CONTENT, length=-1) as server:
        assert line.get(server.url()) == CONTENT
        assert line.get(server.url()) == CONTENT

    assert len(server.gets) == 1


def test_chunks_that_break_off_are_not_taken_for_the_whole(line: Line) -> None:
    with FileServer(CONTENT, chunked=True, breaks=[50_000]) as server:
        assert line.get(server.url()) == CONTENT

    assert ranges(server) == ["", "bytes=50000-"]


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_a_status_that_may_pass_is_tried_again(line: Line, status: int) -> None:
    with FileServer(CONTENT, statuses=[status, status]) as server:
        assert line.get(server.url()) == CONTENT

    assert len(line.waits) == 2
    assert f"answers with HTTP {status}; trying again" in line.told[0]


def test_retry_after_is_obeyed_within_bounds(line: Line) -> None:
    with FileServer(CONTENT, statuses=[503], retry_after="7") as server:
        line.get(server.url(), first_wait_s=0.1, longest_wait_s=0.1)
        line.draft.drop()
        server.statuses, server.retry_after = [503], "86400"
        line.get(server.url(), first_wait_s=0.1, longest_wait_s=0.1)

    assert line.waits == [7.0, 60.0]


@pytest.mark.parametrize(("status", "words"), [(404, "no such file"), (410, "no such file"), (403, "refuses access")])
def test_a_refusal_is_not_tried_again(line: Line, status: int, words: str) -> None:
    with FileServer(CONTENT, statuses=[status]) as server, pytest.raises(TransferError) as caught:
        line.get(server.url())

    assert words in caught.value.reason
    assert len(server.gets) == 1
    assert caught.value.mend


def test_a_web_page_is_not_the_file(line: Line) -> None:
    with FileServer(b"<html>log in</html>", kind="text/html; charset=utf-8") as server:
        with pytest.raises(TransferError, match="a web page instead of the file"):
            line.get(server.url())
        assert line.draft.size == 0

        assert line.get(server.url("page.html")) == b"<html>log in</html>"


def test_redirects_are_followed_and_every_try_begins_at_the_first_address(line: Line) -> None:
    with FileServer(CONTENT, breaks=[50_000]) as server:
        assert line.get(server.url("moved/3/data.zip")) == CONTENT

    paths = [asked.path for asked in server.requests]
    assert paths == 2 * ["/moved/3/data.zip", "/moved/2/data.zip", "/moved/1/data.zip", "/data.zip"]
    assert server.gets[-1].range == "bytes=50000-"


def test_no_credentials_are_sent_anywhere(line: Line, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_TOKEN", "canary")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password canary\n")
    with FileServer(CONTENT) as server:
        line.get(server.url("moved/1/data.zip"))

    headers = {name for asked in server.requests for name in asked.headers}
    assert not headers & {"authorization", "cookie", "proxy-authorization"}
    assert "canary" not in str(server.requests)


def test_redirects_without_end_are_given_up(line: Line) -> None:
    with FileServer(CONTENT) as server, pytest.raises(TransferError, match="redirects more than 10 times"):
        line.get(server.url("moved/99/data.zip"))


@pytest.mark.parametrize("aim", ["file:///etc/passwd", "ftp://example.invalid/x", ""])
def test_a_redirect_leads_to_web_addresses_alone(line: Line, aim: str) -> None:
    with FileServer(CONTENT) as server:
        server.aim = aim or "data:,x"
        with pytest.raises(TransferError, match="redirects to no web address"):
            line.get(server.url("moved/1/data.zip"))


def test_a_signed_address_behind_a_redirect_is_shown_to_nobody(line: Line) -> None:
    signed = FileServer(CONTENT, aim="http://127.0.0.1:9/data.zip?signature=canary")
    with signed as server, pytest.raises(PassingError) as caught:
        line.get(server.url("moved/1/data.zip"))

    assert "canary" not in f"{caught.value}{caught.value.mend}{line.told}"
    assert "refused the connection" in caught.value.reason


def test_a_refused_connection_is_tried_again_and_then_named(line: Line) -> None:
    with pytest.raises(PassingError, match=r"127\.0\.0\.1 refused the connection"):
        line.get("http://127.0.0.1:9/data.zip")

    assert len(line.waits) == 2


def test_a_disk_without_room_for_the_rest_stops_it_before_it_is_full(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = module.shutil.disk_usage("/")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _path: usage._replace(free=100_050_000))
    with FileServer(CONTENT) as server, pytest.raises(TransferError, match="102 kB are to come, and 100 MB are free"):
        line.get(server.url())


def test_unreadable_facts_of_a_draft_are_no_facts(line: Line) -> None:
    (line.folder / "download").write_bytes(CONTENT[:10])
    (line.folder / "download.json").write_text("{")
    with FileServer(CONTENT) as server:
        assert line.get(server.url()) == CONTENT

    assert ranges(server) == [""]
    assert json.loads((line.folder / "download.json").read_text())["total"] == len(CONTENT)
