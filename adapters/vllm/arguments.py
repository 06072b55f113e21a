"""What `vllm serve` is told beyond what the task says: how much room LoRA adapters need."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from adapters.runtime import job

_MODULES, _ROOM = "--lora-modules", "--max-lora-rank"
_DEFAULT = 16
_ROOMS = (32, 64, 128, 256, 320, 512)  # vLLM takes these alone, and sets memory aside for whichever it is


def with_rank(argv: Sequence[str]) -> list[str]:
    """Return the arguments with as much room as the adapters need, where the user does not say how much.

    vLLM refuses an adapter of a higher rank than 16 unless it is told beforehand.
    """
    rank = max((_rank(folder) for folder in _adapters(argv)), default=0)
    stated = any(argument.partition("=")[0].replace("_", "-") == _ROOM for argument in argv)
    room = next((room for room in _ROOMS if room >= rank), _ROOMS[-1])
    return [*argv] if stated or rank <= _DEFAULT else [*argv, _ROOM, str(room)]


def _adapters(argv: Sequence[str]) -> Iterator[str]:
    """Yield the folders of the adapters, each given as `NAME=FOLDER`."""
    flag = ""
    for argument in argv:
        if argument.startswith("--"):
            flag = argument
        elif flag == _MODULES:
            yield argument.partition("=")[2]


def _rank(folder: str) -> int:
    """Return the highest rank of an adapter; 0 where its configuration does not say."""
    try:
        config = json.loads((job.path(folder) / "adapter_config.json").read_text(encoding="utf-8"))
        ranks = [config.get("r"), *(config.get("rank_pattern") or {}).values()]
    except (OSError, ValueError, AttributeError):
        return 0  # vLLM will say what is wrong with it
    return max((rank for rank in ranks if isinstance(rank, int)), default=0)
