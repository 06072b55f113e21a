"""Inside the VLMEvalKit environment: run the runner with a model of VLMEvalKit's kind that answers without weights.

It is known as `tiny`, writes where its weights are to output/loaded.json and answers `A`. Each question is a line in
output/asked.txt. With an argument it dies in the question of that number, as a process without memory does.
"""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

from adapters.runtime import job
from adapters.vlmevalkit.runner import __main__ as runner
from adapters.vlmevalkit.runner import compat

DIES_AT = int(sys.argv[1]) if len(sys.argv) > 1 else 0
mend = compat.mend


def mend_and_introduce() -> None:
    """Add the model to those that VLMEvalKit knows."""
    from vlmeval.config import supported_VLM
    from vlmeval.vlm.base import BaseModel

    class Tiny(BaseModel):
        def __init__(self, model_path: str) -> None:
            super().__init__()
            facts = {"path": model_path, "files": sorted(path.name for path in Path(model_path).iterdir())}
            (job.path(job.OUTPUT) / "loaded.json").write_text(json.dumps(facts))
            self.count = 0

        def generate_inner(self, message: Any, dataset: str | None = None) -> str:
            self.count += 1
            if self.count == DIES_AT:
                os._exit(9)
            with (job.path(job.OUTPUT) / "asked.txt").open("a", encoding="utf-8") as file:
                file.write(f"{message[-1]['value'].splitlines()[0]}\n")
            return "A"

    mend()
    supported_VLM["tiny"] = partial(Tiny, model_path="Tiny/Tiny2.5-34b")


compat.mend = mend_and_introduce
sys.exit(runner.main())
