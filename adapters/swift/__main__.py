"""Serve a checkpoint with SWIFT: `python -m adapters.swift ARGS`, which are those of `swift deploy`."""

from __future__ import annotations

import os
import sys

from adapters.swift.arguments import with_defaults

# Nothing is to be had from there, and asking costs time: weights are folders, and a server has no network.
_QUIET = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "USE_HF": "1"}


def main() -> None:
    """Serve until told to end."""
    os.environ.update(_QUIET)
    # Heavy, and only in SWIFT's own environment.
    from swift.model.model_meta import MODEL_MAPPING  # noqa: PLC0415
    from swift.pipelines import deploy_main  # noqa: PLC0415

    known = {name: (tuple(meta.architectures), meta.is_multimodal) for name, meta in MODEL_MAPPING.items()}
    deploy_main(with_defaults(sys.argv[1:], known))


if __name__ == "__main__":
    main()
