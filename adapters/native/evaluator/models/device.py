"""Which device a checkpoint is computed on: the GPUs that its job was given, else the processors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from adapters.native.evaluator.errors import ModelError
from adapters.native.evaluator.workers.devices import visible_gpus

# Of the driver, of a GPU, and of Windows' where Linux runs inside it.
_NODES = ("nvidiactl", "nvidia0", "dxg")
_HINT = (
    "Is torch a build for CUDA, and the driver new enough for it? The job's log may say more. "
    "`resources: {gpus: 0}` (of a server, `serve: {gpus: 0}`) computes on the processors."
)


def device_of(
    environment: Mapping[str, str], *, cuda: bool, torch: str, devices: Path = Path("/dev")
) -> Literal["cuda", "cpu"]:
    """Return `cuda` where torch has it; `cuda`: whether it does, `torch`: its version.

    Raises:
        ModelError: the job was given GPUs, the machine has some, and torch finds none. On the processors it would
            take a hundred times as long, and nobody would be told.
    """
    if cuda:
        return "cuda"
    given = visible_gpus(environment, devices)
    if given and any((devices / name).exists() for name in _NODES):
        raise ModelError(f"the job was given GPU {', '.join(given)}, and torch {torch} finds none", hint=_HINT)
    return "cpu"


def keep_kernels_steady(torch: Any) -> None:
    """Have attention computed without cuDNN, which prepares itself anew for every shape.

    Hardly two passes of ours have one shape. On an H100 that was half of the time of a step in bfloat16.
    """
    torch.backends.cuda.enable_cudnn_sdp(False)


def free_bytes(torch: Any) -> int:
    """Return how much memory of the job's GPUs nobody uses."""
    return sum(int(torch.cuda.mem_get_info(number)[0]) for number in range(torch.cuda.device_count()))
