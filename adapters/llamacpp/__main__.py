"""Serve a GGUF checkpoint with llama.cpp: `python -m adapters.llamacpp PLACE ARGS`; ARGS are llama-server's."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from adapters.llamacpp.weights import weights_in

_PROGRAM = Path("/app/llama-server")  # as the project's image has it


def main() -> None:
    """Become the server."""
    try:
        weights = weights_in(sys.argv[1])
    except ValueError as error:
        sys.exit(f"evaldock: {error}")
    # Its libraries lie beside it, where some of the project's builds do not look for them.
    folders = (str(_PROGRAM.parent), os.environ.get("LD_LIBRARY_PATH"))
    os.environ["LD_LIBRARY_PATH"] = ":".join(filter(None, folders))
    try:
        os.execv(_PROGRAM, [str(_PROGRAM), "--model", str(weights), *sys.argv[2:]])  # noqa: S606 - no shell is the point
    except FileNotFoundError:
        sys.exit(f"evaldock: no program {str(_PROGRAM)!r} is in this image")


if __name__ == "__main__":
    main()
