"""Inside a fetch job: download one repository into the mounted cache, check it, and say what arrived."""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.runtime import job, snapshot
from adapters.runtime.fetch_reason import explain, redacted
from adapters.runtime.hubs import Facts, Listing, client

_TELL_EVERY_S = 5.0


def main() -> int:
    """Fetch what /job/input/fetch.json names; return 0, or 1 after a `failed` event."""
    given = json.loads((job.path(job.INPUT) / "fetch.json").read_text(encoding="utf-8"))
    target = job.path(given.pop("target")).resolve()
    facts = Facts(**given)
    os.umask(0o022)  # other users' jobs read the cache too
    job.event("message", text=f"downloading {facts.repository} from {facts.hub}")
    try:
        listing = _fetch(facts, target)
    except Exception as error:  # noqa: BLE001 - whatever a hub client raises becomes the job's reason
        reason, hint = explain(error, facts)
        job.event("failed", reason=redacted(reason), hint=hint)
        sys.stderr.write(redacted("".join(traceback.format_exception(error))))
        return 1
    _say_what_arrived(facts, listing, target)
    return 0


def _fetch(facts: Facts, target: Path) -> Listing:
    snapshot.clear_orphans(target)
    list_files, download = client(facts.hub)
    listing = list_files(facts)
    if not listing.files:
        raise snapshot.EmptyError  # the clients take it for success
    with _progress(facts, listing, target):
        download(facts, listing, target)
    snapshot.check(listing.files, target)
    return listing


@contextmanager
def _progress(facts: Facts, listing: Listing, target: Path) -> Iterator[None]:
    """Tell every few seconds how much is there."""
    done = threading.Event()
    total = sum(file.size or 0 for file in listing.files.values())

    def tell() -> None:
        while not done.wait(_TELL_EVERY_S):
            text = f"{facts.repository}: {_megabytes(snapshot.size_of(target))} of {_megabytes(total)}"
            job.event("message", text=text)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _say_what_arrived(facts: Facts, listing: Listing, target: Path) -> None:
    size = snapshot.size_of(target)
    fetched = {"commit": listing.commit, "files": len(listing.files), "bytes": size}
    (job.path(job.OUTPUT) / "fetched.json").write_text(json.dumps(fetched) + "\n", encoding="utf-8")
    at = f" at {listing.commit[:12]}" if listing.commit else ""
    job.event("message", text=f"{facts.repository}{at}: {len(listing.files)} files, {_megabytes(size)}")


def _megabytes(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
