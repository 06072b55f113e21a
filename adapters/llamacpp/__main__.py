"""Serve a GGUF checkpoint with llama.cpp: `python -m adapters.llamacpp PLACE ARGS`; ARGS are llama-server's."""

from __future__ import annotations

import os
import sys

from adapters.llamacpp.weights import weights_in

_PROGRAM = "/app/llama-server"  # as the project's image has it


def main() -> None:
    """Become the server."""
    try:
        weights = weights_in(sys.argv[1])
    except ValueError as error:
        sys.exit(f"evaldock: {error}")
    os.execv(_PROGRAM, [_PROGRAM, "--model", str(weights), *sys.argv[2:]])  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
