"""Start the evaluator inside the job: `python -m adapters.native.runner`."""

from __future__ import annotations

import logging
import sys

from adapters.native.evaluator.run import run

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    sys.exit(run())
