"""Attention for VLMEvalKit's own models where the package flash_attn is not: many of them insist on it."""

from __future__ import annotations

from typing import Any

from adapters.runtime import job

_FLASH = "flash_attention_2"
_OTHER = "sdpa"  # PyTorch's own: the same sums, in another order
_NAMES = ("attn_implementation", "_attn_implementation")


def attend_without_flash() -> None:
    """Have transformers take PyTorch's attention where flash_attn is asked for and is not installed."""
    from transformers import PreTrainedModel  # noqa: PLC0415
    from transformers.utils import is_flash_attn_2_available  # noqa: PLC0415

    if is_flash_attn_2_available():
        return
    load = PreTrainedModel.from_pretrained.__func__

    def loaded(kind: Any, *weights: Any, **settings: Any) -> Any:
        return load(kind, *weights, **without_flash(settings))

    PreTrainedModel.from_pretrained = classmethod(loaded)


def without_flash(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a model without a wish for flash_attn; the user is told where there was one."""
    wished = [name for name in _NAMES if settings.get(name) == _FLASH]
    old_way = bool(settings.get("use_flash_attention_2"))
    if not wished and not old_way:
        return settings
    job.event("message", text="flash_attn is not in this environment: PyTorch's own attention takes its place")
    kept = {name: value for name, value in settings.items() if name != "use_flash_attention_2"}
    return {**kept, **dict.fromkeys(wished or _NAMES[:1], _OTHER)}
