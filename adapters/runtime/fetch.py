"""Inside a fetch job: download one repository from ModelScope or Hugging Face into the mounted cache."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from adapters.runtime import job


def main() -> int:
    """Fetch what /job/input/fetch.json names; return 0, or 1 after a `failed` event."""
    facts = json.loads((job.path(job.INPUT) / "fetch.json").read_text(encoding="utf-8"))
    target = job.path(facts["target"])
    job.event("message", text=f"downloading {facts['repository']} from {facts['hub']}")
    try:
        (_from_huggingface if facts["hub"] == "huggingface" else _from_modelscope)(facts, target)
    except Exception as error:  # noqa: BLE001 - whatever a hub client raises becomes the job's reason
        job.event("failed", reason=f"{type(error).__name__}: {_first_line(error)}", hint=_hint(facts))
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - this is the job's log
        return 1
    count = sum(path.is_file() for path in target.rglob("*"))
    job.event("message", text=f"{facts['repository']}: {count} files")
    return 0


def _from_huggingface(facts: dict[str, Any], target: Path) -> None:
    from huggingface_hub import snapshot_download  # noqa: PLC0415

    snapshot_download(
        facts["repository"],
        repo_type=facts["kind"],
        revision=facts["revision"] or None,
        local_dir=target,
        allow_patterns=facts["patterns"] or None,
    )


def _from_modelscope(facts: dict[str, Any], target: Path) -> None:
    from modelscope.hub.snapshot_download import (  # noqa: PLC0415
        dataset_snapshot_download,
        snapshot_download,
    )

    download = dataset_snapshot_download if facts["kind"] == "dataset" else snapshot_download
    download(
        facts["repository"],
        revision=facts["revision"] or None,
        local_dir=str(target),
        allow_patterns=facts["patterns"] or None,
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no message"])[0]


def _hint(facts: dict[str, Any]) -> str:
    name = facts["repository"]
    return f"check that {name!r} exists at {facts['hub']}, or give a local folder instead (`path`, or hub: local)"


if __name__ == "__main__":
    sys.exit(main())
