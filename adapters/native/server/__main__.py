"""Serve a checkpoint: `python -m adapters.native.server --weights FOLDER --socket PATH`."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import NoReturn

from adapters.native.server.loading import load
from adapters.native.server.serve import serve
from adapters.native.server.settings import parse


def main() -> NoReturn:
    """Serve until told to end."""
    settings = parse(sys.argv[1:])
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    code = asyncio.run(serve(settings, load))
    logging.shutdown()
    # At once: what the interpreter would tidy up takes seconds, and its thread may be in the middle of a step.
    os._exit(code)


if __name__ == "__main__":
    main()
