"""Serve a checkpoint with SWIFT: `python -m adapters.swift ARGS`, which are those of `swift deploy`."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

from adapters.runtime.operators import import_torchvision
from adapters.swift.arguments import ModelType, stated, with_defaults
from adapters.swift.packages import lacking

# Nothing is to be had from there, and asking costs time: weights are folders, and a server has no network.
_QUIET = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "USE_HF": "1"}


def main() -> None:
    """Serve until told to end."""
    os.environ.update(_QUIET)
    import_torchvision()  # transformers imports it for whatever sees, and SWIFT for Qwen's pictures
    # Heavy, and only in SWIFT's own environment.
    from swift.model.model_meta import MODEL_MAPPING  # noqa: PLC0415
    from swift.pipelines import deploy_main  # noqa: PLC0415

    known = {name: _known(meta) for name, meta in MODEL_MAPPING.items()}
    argv = with_defaults(sys.argv[1:], known)
    kind = stated(argv, "model_type")
    if kind in known and known[kind].sees and (missing := lacking(known[kind].requires)):
        sys.exit(_without(kind, ", ".join(missing)))
    try:
        deploy_main(argv)
    except ImportError as error:
        # The packages that a type names are not all: what transformers and a checkpoint's own code import is unnamed.
        traceback.print_exc()
        sys.exit(_without(kind, " ".join(str(error).split())))


def _known(meta: Any) -> ModelType:
    return ModelType(meta.architectures, meta.is_multimodal, meta.candidate_templates, meta.requires)


def _without(kind: str, missing: str) -> str:
    """Return the last line of the log: it is the reason that a run gives."""
    what = f"model type {kind!r}" if kind else "checkpoint"
    return (
        f"evaldock: SWIFT cannot load this {what}, for its environment here lacks packages: {missing}; "
        "serve the checkpoint with another engine (transformers, vllm, sglang)"
    )


if __name__ == "__main__":
    main()
