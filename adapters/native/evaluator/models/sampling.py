"""Draw answers so that each is its own request's: by its seed and name, whatever else is in its batch."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any


def drawing(parameters: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    """Return logits processors that turn greedy decoding into sampling; `names` has one entry a row.

    transformers draws a whole batch from one stream, so that an answer depends on its neighbours; here a row has its
    own, and a resumed evaluation draws what an uninterrupted one would have. Order as in transformers: temperature,
    top_k, top_p.
    """
    from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    warpers: list[Any] = [TemperatureLogitsWarper(float(parameters["temperature"]))]
    if parameters.get("top_k"):
        warpers.append(TopKLogitsWarper(int(parameters["top_k"])))
    if float(parameters.get("top_p", 1.0)) < 1.0:
        warpers.append(TopPLogitsWarper(float(parameters["top_p"])))
    return [*warpers, _draw(int(parameters.get("seed", 0)), names)]


def _draw(seed: int, names: Sequence[str]) -> Any:
    import torch
    from transformers import LogitsProcessor

    # Python's generator: the same numbers on every device.
    streams = [random.Random(f"{seed} {name}") for name in names]  # noqa: S311 - reproducible, not secret

    class Draw(LogitsProcessor):  # type: ignore[misc]
        def __call__(self, _: Any, scores: Any) -> Any:
            heights = torch.softmax(scores.float(), dim=-1).cumsum(dim=-1, dtype=torch.float64)
            levels = torch.tensor([[stream.random()] for stream in streams], dtype=torch.float64)
            chosen = torch.searchsorted(heights, levels.to(heights.device) * heights[:, -1:], right=True)
            chosen.clamp_(
                max=scores.shape[-1] - 1
            )  # a model that computes NaN must not end in an index beyond the last
            return torch.full_like(scores, -torch.inf).scatter_(1, chosen, 0.0)

    return Draw()
