"""Serve a checkpoint: `python -m adapters.native.server --weights FOLDER --socket PATH`."""

from __future__ import annotations

import asyncio
import logging
import sys

from adapters.native.server.loading import load
from adapters.native.server.serve import serve
from adapters.native.server.settings import parse


def main() -> int:
    """Serve until told to end."""
    settings = parse(sys.argv[1:])
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    return asyncio.run(serve(settings, load))


if __name__ == "__main__":
    sys.exit(main())
