"""Archives as publishers, Windows tools and attackers make them."""

import bz2
import gzip
import io
import os
import stat
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.adapter import Unpack
from hub.urldata import unpack as module
from hub.urldata.failure import DamagedError, TransferError
from hub.urldata.unpack import Unpacked, Unpacking, most_bytes

PLENTY = 10**9


class Place:
    """Where one archive is unpacked; `outside` lies beside it."""

    def __init__(self, folder: Path) -> None:
        self.top = folder / "top"
        self.archive = folder / "archive"
        self.outside = folder / "outside"
        self.outside.write_text("as it was")
        self.told: list[str] = []

    def unpack(self, kind: Unpack = "zip", *, inside: str = "", most: int = PLENTY) -> Unpacked:
        return Unpacking(self.top, most, self.told.append).run(self.archive, kind, inside)

    @property
    def found(self) -> dict[str, str]:
        files = (path for path in sorted(self.top.rglob("*")) if path.is_file())
        return {path.relative_to(self.top).as_posix(): path.read_text() for path in files}

    @property
    def beside(self) -> list[str]:
        return sorted(path.name for path in self.top.parent.iterdir())

    def zip(self, *entries: tuple[str | zipfile.ZipInfo, str], compression: int = zipfile.ZIP_DEFLATED) -> "Place":
        with warnings.catch_warnings(), zipfile.ZipFile(self.archive, "w", compression) as archive:
            warnings.simplefilter("ignore")  # of names that are there twice
            for name, text in entries:
                archive.writestr(name, text)
        return self

    def tar(self, *entries: tuple[tarfile.TarInfo, bytes], mode: str = "w") -> "Place":
        with tarfile.open(self.archive, mode) as archive:
            for info, data in entries:
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return self


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "work"
    folder.mkdir()
    return Place(folder)


def zip_link(name: str, kind: int = stat.S_IFLNK) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    return info


def tar_entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


# What is asked for


def test_a_zip_comes_out_whole(place: Place) -> None:
    out = place.zip(("data/", ""), ("data/a.txt", "one"), ("data/sub/b.txt", "two"), ("c.txt", "")).unpack()

    assert place.found == {"data/a.txt": "one", "data/sub/b.txt": "two", "c.txt": ""}
    assert out == Unpacked(3, 6)


def test_a_folder_of_it_becomes_the_top(place: Place) -> None:
    entries = [("data/a.txt", "one"), ("./data/sub/b.txt", "two"), ("database/x", "no"), ("readme", "no")]
    place.zip(*entries).unpack(inside="data/")

    assert place.found == {"a.txt": "one", "sub/b.txt": "two"}


def test_a_folder_that_is_not_there_is_named(place: Place) -> None:
    with pytest.raises(TransferError, match="the archive has no folder 'dates' with files in it"):
        place.zip(("data/a.txt", "one")).unpack(inside="dates")


def test_zips_in_a_zip_are_unpacked_where_they_lie(place: Place) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("LEval/test.jsonl", "{}")
        archive.writestr("more.ZIP", "left as it is")
    with zipfile.ZipFile(place.archive, "w") as archive:
        archive.writestr("data/LEval.zip", inner.getvalue())
        archive.writestr("data/deep/other.zip", inner.getvalue())
        archive.writestr("data/a.txt", "one")

    out = place.unpack("zips", inside="data")

    nested = {"LEval/test.jsonl": "{}", "more.ZIP": "left as it is"}
    assert place.found == {"a.txt": "one", **nested, **{f"deep/{name}": text for name, text in nested.items()}}
    assert out == Unpacked(5, 3 + 2 * 15)


def test_a_broken_zip_in_a_zip_is_no_success(place: Place) -> None:
    with pytest.raises(DamagedError):
        place.zip(("inner.zip", "no zip")).unpack("zips")


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_comes_out_whole_however_it_is_compressed(place: Place, mode: str) -> None:
    entries = [
        (tar_entry("./data", tarfile.DIRTYPE), b""),
        (tar_entry("./data/a.txt"), b"one"),
        (tar_entry("data/b.txt"), b""),
    ]
    out = place.tar(*entries, mode=mode).unpack("tar", inside="data")

    assert place.found == {"a.txt": "one", "b.txt": ""}
    assert out == Unpacked(2, 3)


def test_everybody_may_read_and_nobody_execute_whatever_umask_and_archive_say(place: Place) -> None:
    secret = zipfile.ZipInfo("sub/a.sh")
    secret.external_attr = (stat.S_IFREG | stat.S_ISUID | 0o700) << 16
    before = os.umask(0o077)
    try:
        place.zip((secret, "one")).unpack()
    finally:
        os.umask(before)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (place.top, *place.top.rglob("*"))}
    assert modes == {"top": 0o755, "sub": 0o755, "a.sh": 0o644}


def test_the_last_of_a_name_counts(place: Place) -> None:
    out = place.zip(("a", "first"), ("a", "last")).unpack()

    assert place.found == {"a": "last"}
    assert out.files == 1


# Names


def test_names_beyond_ascii_are_kept(place: Place) -> None:
    place.zip(("数据/标.txt", "one")).unpack(inside="数据")

    assert place.found == {"标.txt": "one"}


def test_a_code_page_name_keeps_its_letters(place: Place) -> None:
    place.archive.write_bytes(raw_zip("caf\x82.txt".encode("latin-1")))
    place.unpack()

    assert place.found == {"café.txt": "one"}


def test_unmarked_utf8_is_utf8(place: Place) -> None:
    place.archive.write_bytes(raw_zip("数据.txt".encode()))
    place.unpack()

    assert place.found == {"数据.txt": "one"}


def test_backslashes_of_windows_tools_are_folders(place: Place) -> None:
    place.archive.write_bytes(raw_zip(b"data\\sub\\a.txt"))
    place.unpack(inside="data")

    assert place.found == {"sub/a.txt": "one"}


def test_bytes_that_are_no_text_are_a_name_all_the_same(place: Place) -> None:
    info = tar_entry(b"caf\xe9.txt".decode("utf-8", "surrogateescape"))
    with tarfile.open(place.archive, "w", format=tarfile.GNU_FORMAT, encoding="utf-8") as archive:
        archive.addfile(info, io.BytesIO(b""))

    place.unpack("tar")

    assert [os.fsencode(path.name) for path in place.top.iterdir()] == [b"caf\xe9.txt"]


def raw_zip(name: bytes) -> bytes:
    """Return a zip whose one member has exactly these bytes for a name, and no mark that says what they are."""
    stand_in = "x" * len(name)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(stand_in, "one")
    return buffer.getvalue().replace(stand_in.encode(), name)


NAMES = ["/etc/evil", "../evil", "a/../../evil", "..", "a/..", "\\..\\..\\evil", "//evil", "..\\evil", "./../evil"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_out_of_a_zip_is_refused(place: Place, name: str) -> None:
    with pytest.raises(TransferError, match="unsafe") as caught:
        place.zip(("fine", "one"), (name, "evil")).unpack()

    assert "leads out of it" in caught.value.reason
    assert place.beside == ["archive", "outside", "top"]
    assert not isinstance(caught.value, DamagedError)


@pytest.mark.parametrize("name", [name for name in NAMES if "\\" not in name])
def test_a_name_that_leads_out_of_a_tar_is_refused(place: Place, name: str) -> None:
    with pytest.raises(TransferError, match="unsafe"):
        place.tar((tar_entry(name), b"evil")).unpack("tar")

    assert place.beside == ["archive", "outside", "top"]


def test_our_own_mark_cannot_come_out_of_an_archive(place: Place) -> None:
    with pytest.raises(TransferError, match="keeps for itself"):
        place.zip(("data/.complete", "{}")).unpack(inside="data")


def test_a_file_that_is_also_a_folder_is_refused(place: Place) -> None:
    for entries in ([("a", "file"), ("a/b", "x")], [("a/b", "x"), ("a", "file")]):
        with pytest.raises(TransferError, match="twice, as a file and as a folder"):
            place.zip(*entries).unpack()
        for path in sorted(place.top.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        place.top.rmdir()


# Links and devices


def test_links_that_stay_inside_are_kept(place: Place) -> None:
    entries = [
        (tar_entry("latest", tarfile.SYMTYPE, "v1"), b""),
        (tar_entry("v1/a"), b"one"),
        (tar_entry("v1/same", tarfile.SYMTYPE, "../v1/a"), b""),
        (tar_entry("v1/twin", tarfile.LNKTYPE, "v1/a"), b""),
    ]
    place.tar(*entries).unpack("tar")

    assert (place.top / "latest" / "a").read_text() == "one"
    assert (place.top / "v1" / "same").read_text() == "one"
    assert (place.top / "v1" / "twin").read_text() == "one"
    assert (place.top / "latest").readlink() == Path("v1")


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "a/../../outside", "..", ""])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_link_that_leads_out_is_refused(place: Place, kind: Unpack, target: str) -> None:
    if kind == "zip":
        place.zip(("a/b", "x"), (zip_link("link"), target))
    else:
        place.tar((tar_entry("a/b"), b"x"), (tar_entry("link", tarfile.SYMTYPE, target), b""))

    with pytest.raises(TransferError, match="unsafe"):
        place.unpack(kind)

    assert not (place.top / "link").is_symlink()


def test_nothing_is_written_through_a_link(place: Place) -> None:
    entries = [
        (tar_entry("link", tarfile.SYMTYPE, "inner"), b""),
        (tar_entry("inner/x"), b"one"),
        (tar_entry("link/y"), b"evil"),
    ]
    with pytest.raises(TransferError, match="twice"):
        place.tar(*entries).unpack("tar")

    assert not (place.top / "inner" / "y").exists()


@pytest.mark.parametrize("links", [("a", "."), ("a", "a"), ("a", "x")])
def test_a_link_below_a_link_is_refused(place: Place, links: tuple[str, str]) -> None:
    entries = [
        (tar_entry("x"), b"one"),
        (tar_entry(links[0], tarfile.SYMTYPE, links[1]), b""),
        (tar_entry("a/b/c", tarfile.SYMTYPE, "."), b""),
    ]
    with pytest.raises(TransferError, match="'a/b/c' is below a link"):
        place.tar(*entries).unpack("tar")


def test_an_inner_zip_is_not_unpacked_through_a_link_of_the_outer(place: Place) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("link/x", "evil")
    with zipfile.ZipFile(place.archive, "w") as archive:
        archive.writestr("real/x", "one")
        archive.writestr(zip_link("link"), "real")
        archive.writestr("inner.zip", inner.getvalue())

    with pytest.raises(TransferError, match="'link/x' is below a link"):
        place.unpack("zips")

    assert (place.top / "real" / "x").read_text() == "one"


def test_links_that_lead_out_together_are_refused(place: Place) -> None:
    entries = [
        (tar_entry("x"), b"one"),
        (tar_entry("a", tarfile.SYMTYPE, "b/.."), b""),  # is the top as long as there is no b
        (tar_entry("b", tarfile.SYMTYPE, "."), b""),
    ]
    with pytest.raises(TransferError, match="a link that leads out of it"):
        place.tar(*entries).unpack("tar")

    assert place.beside == ["archive", "outside", "top"]


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "later", "link"])
def test_a_hard_link_to_anything_but_an_earlier_file_is_refused(place: Place, target: str) -> None:
    entries = [(tar_entry("link", tarfile.LNKTYPE, target), b""), (tar_entry("later"), b"x")]
    with pytest.raises(TransferError, match="unsafe"):
        place.tar(*entries).unpack("tar")


def test_a_hard_link_is_not_written_through(place: Place) -> None:
    entries = [
        (tar_entry("a"), b"one"),
        (tar_entry("twin", tarfile.LNKTYPE, "a"), b""),
        (tar_entry("twin"), b"two"),
    ]
    place.tar(*entries).unpack("tar")

    assert place.found == {"a": "one", "twin": "two"}


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_devices_and_pipes_are_refused(place: Place, kind: bytes) -> None:
    with pytest.raises(TransferError, match="a device"):
        place.tar((tar_entry("x", kind), b"")).unpack("tar")


def test_a_device_in_a_zip_is_refused(place: Place) -> None:
    with pytest.raises(TransferError, match="neither file nor folder nor link"):
        place.zip((zip_link("x", stat.S_IFCHR), "")).unpack()


# Too much, and not enough


def test_what_grows_more_than_data_does_is_refused_before_a_byte_is_written(place: Place) -> None:
    place.zip(("bomb", "0" * 3_000_000))
    most = 100 * place.archive.stat().st_size

    with pytest.raises(TransferError, match="may be made to fill disks"):
        place.unpack(most=most)

    assert list(place.top.iterdir()) == []


def test_a_tar_that_grows_too_much_stops_there(place: Place) -> None:
    place.tar((tar_entry("a"), b"0" * 500_000), (tar_entry("bomb"), b"0" * 800_000), mode="w:gz")

    with pytest.raises(TransferError, match="may be made to fill disks"):
        place.unpack("tar", most=1_000_000)

    assert [path.name for path in place.top.iterdir()] == ["a"]


def test_zips_in_a_zip_count_towards_the_same_bound(place: Place) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", "0" * 600_000)
    with zipfile.ZipFile(place.archive, "w") as archive:
        for name in ("one.zip", "two.zip"):
            archive.writestr(f"{name[0]}/{name}", inner.getvalue())

    with pytest.raises(TransferError, match="may be made to fill disks"):
        place.unpack("zips", most=1_000_000)


def test_a_size_that_the_adapter_states_is_the_bound() -> None:
    assert most_bytes(500_000_000, 2_000_000_000) == 4_000_000_000
    assert most_bytes(500_000_000, 1) == 500_000_000
    assert most_bytes(1_000, None) == 1_000_000_000
    assert most_bytes(500_000_000, None) == 100_000_000_000


def test_a_disk_without_room_for_it_stops_it_before_it_is_full(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = module.shutil.disk_usage("/")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _path: usage._replace(free=100_000_100))
    with pytest.raises(TransferError, match=r"6\.0 kB are to be unpacked, and 100 MB are free") as caught:
        place.zip(("a", "x" * 6000)).unpack()

    assert "evaldock clean" in caught.value.mend


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_no_archive_at_all_is_damaged(place: Place, kind: Unpack) -> None:
    place.archive.write_text("<html>not found</html>")
    with pytest.raises(DamagedError, match="the archive is damaged, or none at all"):
        place.unpack(kind)


def test_a_wrong_crc_is_damage(place: Place) -> None:
    place.zip(("a", "the very content"), compression=zipfile.ZIP_STORED)
    place.archive.write_bytes(place.archive.read_bytes().replace(b"very", b"VERY"))

    with pytest.raises(DamagedError, match="CRC"):
        place.unpack()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_damage_in_a_compressed_tar_is_damage(place: Place, pack: Callable[[bytes], bytes]) -> None:
    place.tar((tar_entry("a"), os.urandom(200_000)))
    packed = bytearray(pack(place.archive.read_bytes()))
    packed[len(packed) // 2] ^= 255
    place.archive.write_bytes(packed)

    with pytest.raises(DamagedError):
        place.unpack("tar")


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_half_a_tar_is_damaged(place: Place, mode: str) -> None:
    place.tar((tar_entry("a"), os.urandom(200_000)), mode=mode)
    place.archive.write_bytes(place.archive.read_bytes()[:100_000])

    with pytest.raises(DamagedError):
        place.unpack("tar")


def test_a_tar_that_ends_between_two_files_is_damaged(place: Place) -> None:
    place.tar((tar_entry("a"), b"one"), (tar_entry("lost"), b"two"))
    place.archive.write_bytes(place.archive.read_bytes()[:1024])

    with pytest.raises(DamagedError, match="empty header"):
        place.unpack("tar")


def test_a_broken_header_is_not_the_end_of_a_tar(place: Place) -> None:
    place.tar((tar_entry("a"), b"one"), (tar_entry("lost"), b"two"))
    place.archive.write_bytes(place.archive.read_bytes().replace(b"lost", b"last"))

    with pytest.raises(DamagedError, match="bad checksum"):
        place.unpack("tar")


def test_what_goes_on_without_end_behind_the_end_is_damaged(place: Place) -> None:
    place.tar((tar_entry("a"), b"one"))
    place.archive.write_bytes(gzip.compress(place.archive.read_bytes() + bytes(65 << 20), compresslevel=1))

    with pytest.raises(DamagedError, match="goes on behind its end"):
        place.unpack("tar")


def test_an_encrypted_zip_says_so(place: Place) -> None:
    place.zip(("a", "one"))
    raw = bytearray(place.archive.read_bytes())
    raw[6] |= 1  # the flag in the local header, and that in the directory
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    place.archive.write_bytes(raw)

    with pytest.raises(TransferError, match="encrypted: 'a'"):
        place.unpack()


def test_an_unknown_compression_says_so(place: Place) -> None:
    place.zip(("a", "one"))
    raw = bytearray(place.archive.read_bytes())
    raw[8] = raw[raw.index(b"PK\x01\x02") + 10] = 97
    place.archive.write_bytes(raw)

    with pytest.raises(TransferError, match="packed in a way that Python cannot read"):
        place.unpack()


def test_an_empty_archive_is_none(place: Place) -> None:
    with pytest.raises(TransferError, match="the archive has no file"):
        place.zip().unpack()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(
        st.text(alphabet="ab./\\é数\x00\n~C: ", min_size=1, max_size=12) | st.text(min_size=1, max_size=8), max_size=5
    ),
    inside=st.sampled_from(["", "a", "a/b"]),
)
def test_whatever_the_names_nothing_leaves_the_folder(
    names: list[str], inside: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("names")
    place = Place(folder)
    try:
        place.zip(*((name, "x") for name in names))
    except (ValueError, IndexError):
        return  # zipfile cannot write such a name
    with suppress(TransferError, OSError):
        place.unpack(inside=inside)

    assert place.beside == ["archive", "outside", "top"]
    assert place.outside.read_text() == "as it was"
    assert not any(path.is_symlink() for path in folder.rglob("*"))


@settings(max_examples=150)
@given(
    links=st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c", "a/b", "b/c", "c/a/b"]),
            st.sampled_from(
                [".", "..", "a", "b", "c", "a/..", "b/..", "../a", "a/b", "a/../..", "b/../c/..", "../../x"]
            ),
        ),
        max_size=5,
    )
)
def test_whatever_the_links_none_leads_out(
    links: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = Place(tmp_path_factory.mktemp("links"))
    place.tar((tar_entry("file"), b"x"), *((tar_entry(name, tarfile.SYMTYPE, to), b"") for name, to in links))
    try:
        place.unpack("tar")
    except TransferError:
        return
    finally:
        assert place.beside == ["archive", "outside", "top"]

    top = os.path.realpath(place.top)
    found = (os.path.realpath(path) for path in place.top.rglob("*"))
    assert all(path == top or path.startswith(f"{top}/") for path in found)


@settings(max_examples=200)
@given(data=st.data())
def test_no_damage_brings_anything_but_our_own_failure(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = Place(tmp_path_factory.mktemp("damage"))
    kind: Unpack = data.draw(st.sampled_from(["zip", "tar"]))
    if kind == "zip":
        place.zip(("data/a.txt", "one" * 50), ("b", "two"), (zip_link("c"), "b"))
    else:
        place.tar((tar_entry("data/a.txt"), b"one" * 50), mode=data.draw(st.sampled_from(["w", "w:gz", "w:xz"])))
    raw = bytearray(place.archive.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    place.archive.write_bytes(raw[: data.draw(st.integers(1, len(raw)))])
    with suppress(TransferError):
        place.unpack(kind, most=10_000_000)

    assert place.beside == ["archive", "outside", "top"]
