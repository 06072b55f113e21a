"""Print why broken checkpoints cannot be loaded."""

import json
import sys
from pathlib import Path

from adapters.native.evaluator.errors import ModelError
from adapters.native.evaluator.models.weights import load_pretrained

found = []
for folder in sys.argv[1:]:
    try:
        load_pretrained(Path(folder), "float32", device="cpu")
        found.append({"reason": "", "hint": ""})
    except ModelError as error:  # noqa: PERF203 - every folder is to fail
        found.append({"reason": error.reason, "hint": error.hint})
sys.stdout.write(json.dumps(found))
