"""From a URL to a folder of the cache, whatever happens on the way."""

import hashlib
import io
import json
import threading
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.adapter import Asset
from hub.check import is_cached
from hub.errors import PrerequisiteError
from hub.observer import Event, Preparing
from hub.plan import host_path
from hub.urldata.draft import Draft, Facts
from hub.urldata.transfer import Patience
from hub.urlfetch import fetch_url
from tests.fakes.file_server import FileServer

QUICK = Patience(tries=2, stall_s=5.0, sleep=lambda _seconds: None)


def packed(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (files or {"a": "one", "b": "two"}).items():
            archive.writestr(f"data/{name}.txt", text)
    return buffer.getvalue()


ZIP = packed()


class Cache:
    """A cache folder, and what was heard of the downloads into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[Event] = []

    def get(self, asset: Asset) -> Path:
        destination = self.place(asset)
        fetch_url(asset, destination, self.events.append, QUICK)
        return destination

    def place(self, asset: Asset) -> Path:
        return host_path(asset, self.folder)

    def partial(self, asset: Asset) -> Path:
        return self.place(asset).with_name(f"{self.place(asset).name}.partial")

    @property
    def lines(self) -> list[str]:
        return [event.line for event in self.events if isinstance(event, Preparing)]

    def names(self, asset: Asset) -> list[str]:
        """Return what lies in the cache, by what it is of."""
        name = self.place(asset).name
        return sorted(path.name.replace(name, "NAME") for path in self.place(asset).parent.iterdir())


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def asset(server: FileServer, **facts: Any) -> Asset:
    facts = {"unpack": "zip", "inside": "data", **facts}
    return Asset("dataset", "ARC_c", "/data/opencompass", "url", server.url(), **facts)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def test_an_archive_is_unpacked_once_and_leaves_nothing_else(cache: Cache) -> None:
    with FileServer(ZIP) as server:
        wanted = asset(server, sha256=sha256(ZIP).upper())
        folder = cache.get(wanted)
        cache.get(wanted)

    assert len(server.gets) == 1
    assert is_cached(folder)
    assert {path.name: path.read_text() for path in folder.glob("*.txt")} == {"a.txt": "one", "b.txt": "two"}
    assert cache.names(wanted) == [".NAME.lock", "NAME"]


def test_the_stamp_says_what_came_from_where(cache: Cache) -> None:
    with FileServer(ZIP) as server:
        wanted = asset(server, sha256=sha256(ZIP))
        stamp = json.loads((cache.get(wanted) / ".complete").read_text())

    assert stamp.pop("at") > 0
    assert stamp == {
        "hub": "url",
        "location": wanted.location,
        "sha256": sha256(ZIP),
        "md5": md5(ZIP),
        "stated": True,
        "etag": server.etag,
        "modified": server.modified,
        "downloaded": len(ZIP),
        "files": 2,
        "bytes": 6,
    }


def test_every_step_is_told(cache: Cache) -> None:
    with FileServer(ZIP) as server:
        cache.get(asset(server))

    assert [line.partition(" ")[0] for line in cache.lines] == ["downloading", "checking", "unpacking", "data.zip:"]
    assert cache.lines[-1] == "data.zip: 2 files, 6 B"


def test_a_plain_file_lies_in_a_folder_under_its_own_name(cache: Cache) -> None:
    with FileServer(b"{}\n") as server:
        location = server.url("human-eval-v2-20210705.jsonl?raw=true")
        folder = cache.get(replace(asset(server, unpack="", inside=""), location=location))

    assert (folder / "human-eval-v2-20210705.jsonl").read_text() == "{}\n"
    assert sorted(path.name for path in folder.iterdir()) == [".complete", "human-eval-v2-20210705.jsonl"]


def test_an_empty_file_is_none(cache: Cache) -> None:
    with FileServer(b"") as server, pytest.raises(PrerequisiteError, match="the file is empty"):
        cache.get(asset(server, unpack="", inside=""))


# Checksums


@pytest.mark.parametrize(("name", "wrong"), [("sha256", "0" * 64), ("md5", "0" * 32)])
def test_another_file_than_the_publisher_means_is_removed_and_said(cache: Cache, name: str, wrong: str) -> None:
    with FileServer(ZIP) as server:
        wanted = asset(server, **{name: wrong})
        with pytest.raises(PrerequisiteError) as caught:
            cache.get(wanted)

    said = caught.value.message
    assert said.startswith(f"dataset 'ARC_c' could not be fetched: {wanted.location}: another file arrived")
    assert wrong in said
    assert hashlib.new(name, ZIP).hexdigest() in said
    assert "run again" in caught.value.hint
    assert list(cache.partial(wanted).iterdir()) == []


def test_after_a_wrong_file_the_right_one_comes(cache: Cache) -> None:
    with FileServer(ZIP[:-1] + b"x") as server:
        wanted = asset(server, md5=md5(ZIP))
        with pytest.raises(PrerequisiteError):
            cache.get(wanted)
        server.content = ZIP

        assert is_cached(cache.get(wanted))


def test_without_a_checksum_the_first_download_is_remembered_beyond_the_cache(cache: Cache) -> None:
    with FileServer(ZIP) as server:
        wanted = asset(server)
        folder = cache.get(wanted)
        assert cache.names(wanted) == [".NAME.lock", ".NAME.sha256", "NAME"]
        folder.rename(cache.folder / "cleaned")
        server.content, server.etag = packed(a="changed"), '"two"'
        with pytest.raises(PrerequisiteError) as caught:
            cache.get(wanted)

        record = folder.with_name(f".{folder.name}.sha256")
        assert f"expected SHA-256 {sha256(ZIP)}, got {sha256(server.content)}" in caught.value.message
        assert f"`rm {record}`" in caught.value.hint
        record.unlink()
        assert (cache.get(wanted) / "a.txt").read_text() == "changed"


def test_a_broken_first_download_is_not_remembered(cache: Cache) -> None:
    with FileServer(ZIP[:-30]) as server:
        wanted = asset(server)
        with pytest.raises(PrerequisiteError, match="the archive is damaged"):
            cache.get(wanted)
        server.content, server.etag = ZIP, '"two"'

        assert is_cached(cache.get(wanted))


# What ended on the way


def test_an_unpacking_that_was_killed_begins_anew_without_a_download(cache: Cache) -> None:
    with FileServer(ZIP) as server:
        wanted = asset(server)
        half = cache.partial(wanted) / "unpacked"
        half.mkdir(parents=True)
        (half / "stray.txt").write_text("of the half")
        draft = Draft(half.parent)
        draft.begin(Facts(len(ZIP), server.etag))
        draft.path.write_bytes(ZIP)
        folder = cache.get(wanted)

    assert server.requests == []
    assert sorted(path.name for path in folder.iterdir()) == [".complete", "a.txt", "b.txt"]


def test_a_folder_without_its_stamp_is_not_believed(cache: Cache) -> None:
    with FileServer(ZIP) as server:
        wanted = asset(server)
        cache.place(wanted).mkdir(parents=True)
        (cache.place(wanted) / "stray.txt").write_text("of whom?")
        folder = cache.get(wanted)

    assert sorted(path.name for path in folder.iterdir()) == [".complete", "a.txt", "b.txt"]


@pytest.mark.parametrize("archive_is_left", [True, False])
def test_one_that_was_killed_after_its_stamp_is_only_put_in_its_place(cache: Cache, archive_is_left: bool) -> None:
    with FileServer(ZIP) as server:
        wanted = asset(server)
        folder = cache.get(wanted)
        partial = cache.partial(wanted)
        partial.mkdir()
        folder.rename(partial / "unpacked")
        if archive_is_left:
            (partial / "download").write_bytes(ZIP)
        server.requests.clear()
        cache.get(wanted)

    assert server.requests == []
    assert cache.names(wanted) == [".NAME.lock", ".NAME.sha256", "NAME"]


def test_an_unsafe_archive_is_kept_and_refused_again_without_a_download(cache: Cache) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../evil", "x")
    with FileServer(buffer.getvalue()) as server:
        wanted = asset(server, inside="")
        for _ in range(2):
            with pytest.raises(PrerequisiteError, match=r"unsafe: '\.\./evil' leads out of it"):
                cache.get(wanted)

    assert len(server.gets) == 1
    assert not cache.place(wanted).exists()


def test_who_comes_second_waits_and_finds_it(cache: Cache) -> None:
    second = Cache(cache.folder)
    with FileServer(ZIP, stall_at=50) as server:
        wanted = asset(server)
        first = threading.Thread(target=cache.get, args=(wanted,))
        first.start()
        assert server.stalled.wait(10)
        server.stall_at = None

        def let_go(event: Event) -> None:
            second.events.append(event)
            server.closing.set()  # the held line ends, and the first goes on

        fetch_url(wanted, second.place(wanted), let_go, QUICK)
        first.join(10)

    assert second.lines == ["another evaldock downloads it; waiting"]
    assert is_cached(second.place(wanted))
    assert len(server.gets) == 2  # both of the first: the broken one, and the rest


# Places and limits


def test_one_file_is_one_place_whatever_is_needed_of_it_and_whoever_asks(cache: Cache) -> None:
    one = Asset("dataset", "a", "/data/a", "url", "https://example.invalid/x/data.zip", unpack="zip")
    same = replace(one, name="b", target="/data/b", patterns=("*.json",), unpacked_bytes=7, hint="look")
    others = [replace(one, sha256="0" * 64), replace(one, inside="data"), replace(one, unpack="zips")]
    others += [replace(one, location="https://example.invalid/y/data.zip")]

    assert cache.place(one) == cache.place(same)
    assert len({cache.place(part) for part in (one, *others)}) == 5
    assert cache.place(one).relative_to(cache.folder).parts[:2] == ("datasets", "url")
    assert cache.place(one).name.startswith("data.zip-")


@pytest.mark.parametrize(
    "location", ["https://example.invalid/", "https://example.invalid/..", "https://e.invalid/%2F"]
)
def test_an_address_without_a_name_has_a_place_too(cache: Cache, location: str) -> None:
    place = cache.place(Asset("dataset", "a", "/data/a", "url", location))

    assert place.parent == cache.folder / "datasets" / "url"
    assert not place.name.startswith(".")


def test_a_cache_that_cannot_be_written_is_a_prerequisite(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(PrerequisiteError, match="the cache cannot be written"):
        Cache(tmp_path / "cache").get(Asset("dataset", "a", "/data/a", "url", "http://127.0.0.1:9/x"))


def test_a_server_that_is_away_is_named_with_what_to_do(cache: Cache) -> None:
    with pytest.raises(PrerequisiteError) as caught:
        cache.get(Asset("dataset", "a", "/data/a", "url", "http://127.0.0.1:9/x"))

    assert "could not be fetched: http://127.0.0.1:9/x: 127.0.0.1 refused the connection" in caught.value.message
    assert "run again to go on" in caught.value.hint
