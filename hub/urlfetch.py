"""Download one asset that is a URL, in the hub's own process."""

from __future__ import annotations

from pathlib import Path

from hub.adapter import Asset
from hub.cachelock import alone, cache_errors
from hub.check import is_cached
from hub.errors import PrerequisiteError
from hub.observer import Observer, Preparing
from hub.urldata.failure import TransferError
from hub.urldata.make import Bench, make
from hub.urldata.transfer import PATIENCE, Patience


def fetch_url(asset: Asset, destination: Path, observe: Observer, patience: Patience = PATIENCE) -> None:
    """Download `asset` to `destination`, alone among all hubs; what an interrupted download got is kept.

    `destination` appears by one rename, with `.complete` in it: {hub, location, sha256, md5, stated (by the
    publisher), etag, modified, downloaded, files, bytes, at}.

    Raises:
        PrerequisiteError: the file cannot be had, is another, cannot be unpacked, or the cache cannot be written.
    """

    def tell(line: str) -> None:
        observe(Preparing(f"{asset.kind} {asset.name}", line))

    with cache_errors(destination), alone(destination, tell):
        if is_cached(destination):
            return
        partial = destination.with_name(f"{destination.name}.partial")
        partial.mkdir(exist_ok=True)
        bench = Bench(partial, destination, destination.with_name(f".{destination.name}.sha256"), tell)
        try:
            make(asset, bench, patience)
        except TransferError as error:
            message = f"{asset.kind} {asset.name!r} could not be fetched: {asset.origin}: {error.reason}"
            raise PrerequisiteError(message, hint=error.mend) from error
