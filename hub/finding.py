"""Finding: one line of what a check found, with the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# What needs no GPU: jobs that load weights, and servers, are asked apart.
ON_PROCESSORS = "compute on the processors: `gpus: 0` under `resources`, and under the `serve` of what is served"


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and what to do about it (empty when all is well)."""

    level: Literal["ok", "warning", "missing"]
    subject: str
    message: str
    mend: str = ""
