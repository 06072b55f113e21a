"""A runner's view of its job: where its files lie, how it reaches a model, how it tells the hub what it does.

The hub reads /job/output/events.jsonl while the job runs. Events, one JSON object a line:
    {"event": "planned",  "dataset": label, "total": n}
    {"event": "progress", "dataset": label, "done": n, "total": n, "errors": n}
    {"event": "finished", "dataset": label}
    {"event": "message",  "text": "..."}                 shown to the user as it is
    {"event": "failed",   "reason": "...", "hint": ""}   why the runner gives up; the last one is the job's reason
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import quote

INPUT = "/job/input"
OUTPUT = "/job/output"
PREVIOUS = "/job/previous"  # what the job's last start left in its output; not there in the first start


def path(target: str) -> Path:
    """Return where `target` (an absolute path of the job, e.g. /data/gsm8k) lies for this process."""
    return Path(os.environ.get("EVALDOCK_ROOT", "") + target)


def gateway_url(role: str, dataset: str) -> str:
    """Return the OpenAI-compatible base URL, ending in /v1, of `role` (candidate, judge) for one data set."""
    return f"{os.environ['EVALDOCK_GATEWAY']}/{quote(role, safe='')}/{quote(dataset, safe='')}/v1"


def event(kind: str, **fields: object) -> None:
    """Append one event; a line is one write, so that a reader never sees half of a short one."""
    line = json.dumps({"event": kind, **fields}, ensure_ascii=False) + "\n"
    with open(path(OUTPUT) / "events.jsonl", "a", encoding="utf-8") as file:
        file.write(line)
