"""Start the runner: `python -m adapters.vlmevalkit.runner`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from adapters.vlmevalkit.runner import compat


def main() -> int:
    """Settle the environment before VLMEvalKit is imported, then run the task."""
    scratch = Path(tempfile.mkdtemp(prefix="vlmevalkit-"))
    compat.settle(scratch)
    try:
        compat.prepare()
        from adapters.vlmevalkit.runner.run import read_task, run  # noqa: PLC0415

        compat.mend()
        return run(read_task(), scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
