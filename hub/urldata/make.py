"""From a URL to a folder: download, check, unpack; whatever ends a step, the next start goes on from it."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import NamedTuple

from hub.adapter import Asset
from hub.files import write_atomic
from hub.text import count_of, show_size
from hub.urldata.checksum import Sums, compare, compare_with_first, remember_first, sums_of
from hub.urldata.draft import Draft
from hub.urldata.failure import DamagedError
from hub.urldata.meter import Tell
from hub.urldata.names import file_name
from hub.urldata.transfer import Patience, Transfer
from hub.urldata.unpack import Unpacked, Unpacking, most_bytes

UNPACKED = "unpacked"
STAMP = ".complete"


class Bench(NamedTuple):
    """Where the work is done (a folder that outlives a killed process), where it ends, and who hears of it.

    Attributes:
        first: the file that keeps the checksum of the first download, where the publisher gives none.
    """

    partial: Path
    destination: Path
    first: Path
    tell: Tell


def make(asset: Asset, bench: Bench, patience: Patience) -> None:
    """Make the folder `bench.destination` with the asset and its stamp in it; it appears by one rename.

    Raises:
        TransferError: the file cannot be had, is another, or cannot be unpacked.
        OSError: the disk takes no more.
    """
    unpacked = bench.partial / UNPACKED
    draft = Draft(bench.partial)
    if not (unpacked / STAMP).is_file():
        shutil.rmtree(unpacked, ignore_errors=True)
        stated = Sums(asset.sha256, asset.md5)
        Transfer(asset.location, draft, bench.tell, patience, checked=bool(stated)).run()
        try:
            _check_and_unpack(asset, draft, stated, bench)
        except DamagedError:
            draft.drop()
            raise
    draft.drop()  # what is unpacked and stamped needs it no more
    if bench.destination.exists():
        shutil.rmtree(bench.destination)  # without a stamp, or nobody would be here
    unpacked.replace(bench.destination)
    shutil.rmtree(bench.partial)


def _check_and_unpack(asset: Asset, draft: Draft, stated: Sums, bench: Bench) -> None:
    size = draft.size
    bench.tell(f"checking {show_size(size)}")
    found = sums_of(draft.path)
    if stated:
        compare(found, stated)
    else:
        compare_with_first(found, bench.first)
    out = _lay_out(asset, draft.path, bench)
    if not stated:
        remember_first(found, bench.first)
    stamp = {
        "hub": asset.hub,
        "location": asset.location,
        "sha256": found.sha256,
        "md5": found.md5,
        "stated": bool(stated),
        "etag": draft.facts.etag,
        "modified": draft.facts.modified,
        "downloaded": size,
        "files": out.files,
        "bytes": out.size,
        "at": time.time(),
    }
    os.sync()  # a stamp that outlives a power cut must not vouch for files that do not
    write_atomic(bench.partial / UNPACKED / STAMP, json.dumps(stamp, sort_keys=True) + "\n")
    bench.tell(f"{file_name(asset.location)}: {count_of(out.files, 'file')}, {show_size(out.size)}")


def _lay_out(asset: Asset, file: Path, bench: Bench) -> Unpacked:
    """Put the file, or what is in it, into the folder that becomes the asset."""
    top, size = bench.partial / UNPACKED, file.stat().st_size
    if asset.unpack:
        bench.tell(f"unpacking {show_size(size)}")
        return Unpacking(top, most_bytes(size, asset.unpacked_bytes), bench.tell).run(
            file, asset.unpack, asset.inside
        )
    if not size:
        raise DamagedError("the file is empty", "check the address")
    top.mkdir()
    top.chmod(0o755)
    file.chmod(0o644)
    place = top / file_name(asset.location)
    try:
        os.link(file, place)  # the draft goes once the folder has its stamp
    except OSError:  # a file system without second names
        shutil.copyfile(file, place)
    return Unpacked(1, size)
