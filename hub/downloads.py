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
from hub.hublist import Offer, offer
from hub.plan import Plan, host_path
from hub.settings import Settings
from hub.text import count_of, show_size

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
    def line(self) -> str:
        """Return what is downloaded, for a person."""
        asset = self.asset
        size = "size unknown" if self.offer.size is None else show_size(self.offer.size)
        some = f", {show_size(self.here)} of it are here" if self.here else ""
        return f"{asset.kind} {asset.name!r}: {asset.location} at {asset.hub} ({size}{some})"


def downloads_of(plan: Plan, settings: Settings) -> tuple[Download, ...]:
    """Return what a run of `plan` would download; asks the hubs for sizes, all at once, each within seconds."""
    assets = to_fetch(plan, settings)
    if not assets:
        return ()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        offers = pool.map(lambda asset: offer(asset, os.environ), assets)
        return tuple(_download(asset, found, settings) for asset, found in zip(assets, offers, strict=True))


def _download(asset: Asset, found: Offer, settings: Settings) -> Download:
    folder = host_path(asset, settings.cache_dir)
    here = sum(size_of(path) for path in (folder, folder.with_name(f"{folder.name}.partial")))
    return Download(asset, found, here, found_elsewhere(asset, os.environ))


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
        where = f"{download.asset.location} at {download.asset.hub}"
        if download.elsewhere:
            message = f"not in evaldock's cache, but a hub client's cache has it: {download.elsewhere}"
            yield Finding("warning", subject, f"{message}; a run downloads it again", _use(download))
        elif download.offer.refusal:
            yield Finding("missing", subject, f"{where}: {download.offer.refusal}", download.offer.mend)
        elif download.offer.size is None:
            doubt = f"its size is unknown: {download.offer.doubt}"
            yield Finding("warning", subject, f"will be downloaded: {where}; {doubt}")
        else:
            size = show_size(download.offer.size)
            some = f" ({show_size(download.here)} of it are here)" if download.here else ""
            yield Finding("warning", subject, f"will be downloaded: {where}, {size}{some}")


def _use(download: Download) -> str:
    key = "checkpoint" if download.asset.kind == "model" else "path"
    return f"to use it as it is, write `{key}: {download.elsewhere}` in the task"
