"""Serve a checkpoint with vLLM: `python -m adapters.vllm ARGS`, which are those of `vllm serve`."""

from __future__ import annotations

import os
import sys

from adapters.vllm.arguments import with_rank


def main() -> None:
    """Become the server."""
    try:
        os.execvp("vllm", ["vllm", "serve", *with_rank(sys.argv[1:])])  # noqa: S606 - as the image has it
    except FileNotFoundError:
        sys.exit("evaldock: no program 'vllm' is in this image")


if __name__ == "__main__":
    main()
