"""Inside the VLMEvalKit environment: run the runner where the class for Qwen believes in a GPU that is not there."""

from __future__ import annotations

import sys
from typing import Any

from adapters.vlmevalkit.runner import __main__ as runner
from adapters.vlmevalkit.runner import compat

mend = compat.mend


def mend_and_pretend() -> None:
    """Let tensors that go to the GPU stay where they are, and answers be short."""
    import transformers
    from vlmeval.config import supported_VLM
    from vlmeval.vlm.qwen2_vl import model

    def stay(self: Any, *_: object, **__: object) -> Any:
        return self

    mend()
    model.get_gpu_memory = lambda: [1]
    transformers.BatchFeature.to = stay
    supported_VLM["Qwen2.5-VL-3B-Instruct"].keywords["max_new_tokens"] = 4


compat.mend = mend_and_pretend
sys.exit(runner.main())
