"""What a run must download first: from where, how much, and what of it is here already."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hub.adapter import Asset
from hub.check import to_fetch
from hub.finding import Finding
from hub.hubcache import found_elsewhere
from hub.hublist import offer
from hub.offer import Offer
from hub.plan import Plan, host_path
from hub.settings import Settings
from hub.text import count_of, show_size
from hub.urldata.draft import Draft
from hub.urldata.offering import offer_of

BIG_BYTES = 2_000_000_000  # above this a person is asked
_AT_ONCE = 8


@dataclass(frozen=True)
class Download:
    """One asset that is not in the cache; `here` is what an interrupted download has left of it, in bytes."""

    asset: Asset
    offer: Offer
    here: int = 0
    elsewhere: Path | None = None

    @property
    def left(self) -> int:
        """Return the bytes still to come; 0 where the size is not known."""
        return max(0, (self.offer.size or 0) - self.here)

    @property
    def disk(self) -> int:
        """Return the bytes that it still takes on disk, as far as they are known: an archive, and what is in it."""
        return self.left + (self.asset.unpacked_bytes or 0)

    @property
    def size_line(self) -> str:
        """Return how big it is, for a person, and what of it is here."""
        size = "size unknown" if self.offer.size is None else show_size(self.offer.size)
        if self.asset.unpack:
            unpacked = self.asset.unpacked_bytes
            size += ", unpacked " + ("unknown" if unpacked is None else show_size(unpacked))
        return f"{size}, {show_size(self.here)} of it are here" if self.here else size

    @property
    def line(self) -> str:
        """Return what is downloaded, for a person."""
        return f"{self.asset.kind} {self.asset.name!r}: {self.asset.origin} ({self.size_line})"


def downloads_of(plan: Plan, settings: Settings) -> tuple[Download, ...]:
    """Return what a run of `plan` would download; asks the hubs for sizes, all at once, each within seconds."""
    assets = to_fetch(plan, settings)
    if not assets:
        return ()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        offers = pool.map(lambda asset: _offer(asset, settings), assets)
        return tuple(_download(asset, found, settings) for asset, found in zip(assets, offers, strict=True))


def _offer(asset: Asset, settings: Settings) -> Offer:
    if asset.hub != "url":
        return offer(asset, os.environ)
    draft = Draft(_partial(asset, settings))
    # What is whole is only to be unpacked, and needs no server.
    return Offer(size=draft.size) if draft.whole else offer_of(asset.location)


def _download(asset: Asset, found: Offer, settings: Settings) -> Download:
    partial = _partial(asset, settings)
    if asset.hub == "url":
        here = Draft(partial).size
    else:
        here = size_of(host_path(asset, settings.cache_dir)) + size_of(partial)
    return Download(asset, found, here, found_elsewhere(asset, os.environ))


def _partial(asset: Asset, settings: Settings) -> Path:
    folder = host_path(asset, settings.cache_dir)
    return folder.with_name(f"{folder.name}.partial")


def size_of(folder: Path) -> int:
    """Return the bytes of all files below `folder`; 0 where there is none. Follows no link."""
    total = 0
    for top, _, names in os.walk(folder):
        for name in names:
            try:
                found = os.lstat(os.path.join(top, name))  # noqa: PTH118 - a cache may hold 100 000 files
            except OSError:
                continue  # gone since it was listed
            total += found.st_size if stat.S_ISREG(found.st_mode) else 0
    return total


def total_left(downloads: Iterable[Download]) -> int:
    """Return the bytes still to come, as far as they are known."""
    return sum(download.left for download in downloads)


def total_line(downloads: tuple[Download, ...]) -> str:
    """Return the sum for a person."""
    unknown = sum(download.offer.size is None for download in downloads)
    if unknown == len(downloads):
        return f"{count_of(unknown, 'download')} of unknown size"
    more = f", and {unknown} of unknown size" if unknown else ""
    return f"{show_size(total_left(downloads))} to download{more}"


def download_findings(downloads: Iterable[Download]) -> Iterator[Finding]:
    """Yield what a check says of each download: a hub that refuses is missing, the rest will be downloaded."""
    for download in downloads:
        subject = f"{download.asset.kind} {download.asset.name!r}"
        where = download.asset.origin
        if download.elsewhere:
            message = f"not in evaldock's cache, but a hub client's cache has it: {download.elsewhere}"
            yield Finding("warning", subject, f"{message}; a run downloads it again", _use(download))
        elif download.offer.refusal:
            yield Finding("missing", subject, f"{where}: {download.offer.refusal}", download.offer.mend)
        elif download.offer.size is None:
            doubt = f"its size is unknown: {download.offer.doubt}"
            yield Finding("warning", subject, f"will be downloaded: {where}; {doubt}")
        else:
            yield Finding("warning", subject, f"will be downloaded: {where} ({download.size_line})")


def _use(download: Download) -> str:
    key = "checkpoint" if download.asset.kind == "model" else "path"
    return f"to use it as it is, write `{key}: {download.elsewhere}` in the task"
