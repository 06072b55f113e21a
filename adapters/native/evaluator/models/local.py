"""A local checkpoint: load it with transformers, and share the work between likelihoods and generation."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from adapters.native.contract import NativeModel
from adapters.native.evaluator.errors import ModelError
from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.device import device_of, free_bytes, keep_kernels_steady
from adapters.native.evaluator.models.folder_digest import content_digest
from adapters.native.evaluator.models.generation import Answering
from adapters.native.evaluator.models.likelihood import likelihoods
from adapters.native.evaluator.models.lora import merge
from adapters.native.evaluator.models.room import Room, room_of
from adapters.native.evaluator.models.weights import Kind, load_pretrained
from adapters.native.evaluator.request import Deliver, Generation, Likelihood, Request
from adapters.runtime import job

LOG = logging.getLogger(__name__)
# How many tokens a batch may hold, padding included, and how many rows: measured to be past the point of gain.
BATCH_TOKENS = {"cpu": 4096, "cuda": 16384}
BATCH_ROWS = {"cpu": 32, "cuda": 128}
NEEDS_GPU = frozenset({"flash_attention_2", "flex_attention"})


class LocalModel:
    """Answers requests by its weights."""

    def __init__(self, checkpoint: Checkpoint, facts: Mapping[str, str]) -> None:
        """Keep the checkpoint."""
        self._checkpoint = checkpoint
        self.chat = checkpoint.chat
        self.facts = dict(facts)
        self._answering = Answering(checkpoint)

    def answer(
        self, dataset: str, requests: Sequence[Request], deliver: Deliver, *, known: Collection[int] = ()
    ) -> None:
        """Answer every request; those of one data set are all of one kind.

        Answers that are `known` are not generated again. Of likelihoods, a batch that is known is left out, and one
        with any other is computed whole: what is computed beside a prompt may change the last bits of its numbers,
        so that these are those of an uninterrupted run.
        """
        LOG.info("%s: %d requests", dataset, len(requests))
        asked = [request for request in requests if isinstance(request, Likelihood)]
        if asked:
            likelihoods(self._checkpoint, asked, deliver, known=known)
        else:
            self._answering.generate([r for r in requests if isinstance(r, Generation)], deliver, known=known)
            self.facts |= self._answering.facts


def load(target: NativeModel, folder: Path, *, batch_tokens: int | None) -> LocalModel:
    """Load weights and tokenizer from `folder`, as `load_checkpoint` does."""
    return LocalModel(*load_checkpoint(target, folder, batch_tokens=batch_tokens))


def load_checkpoint(
    target: NativeModel, folder: Path, *, batch_tokens: int | None, kind: Kind = "AutoModelForCausalLM"
) -> tuple[Checkpoint, Mapping[str, str]]:
    """Return the model in `folder`, loaded as `kind`, and what is to be said of it.

    No network, no code from the checkpoint unless it is trusted. `dtype: auto` is the checkpoint's own on a GPU and
    float32 on a CPU, where half precision is slow and inexact.

    Raises:
        ModelError: the folder does not hold a model that transformers can load, or torch finds no GPU of the job's.
    """
    import torch

    device = device_of(os.environ, cuda=torch.cuda.is_available(), torch=torch.__version__)
    dtype = ("float32" if device == "cpu" else "auto") if target.dtype == "auto" else target.dtype
    if device == "cuda":
        keep_kernels_steady(torch)
    loading, several = target.loading, torch.cuda.device_count() > 1
    if loading.attention in NEEDS_GPU and device == "cpu":  # to compile it for a CPU may end the process
        raise ModelError(f"attention: {loading.attention} needs a GPU", hint="Use attention: sdpa.")
    model, tokenizer = load_pretrained(
        folder, dtype, device="auto" if several else device, loading=loading, kind=kind
    )
    if loading.adapter:
        merge(model, job.path(loading.adapter))
    model.eval()
    checkpoint = Checkpoint(
        model=model,
        tokenizer=tokenizer,
        device=device,
        chat=_chat(target, tokenizer),
        bos=_bos(tokenizer),
        context=_context(model.config),
        batch_tokens=batch_tokens or BATCH_TOKENS[device],
        batch_rows=BATCH_ROWS[device],
        room=_room(model, torch) if device == "cuda" and batch_tokens is None else None,
    )
    return checkpoint, _facts(target, model, device)


def _facts(target: NativeModel, model: Any, device: str) -> dict[str, str]:
    """Return what is to be said of a loaded model."""
    import torch
    import transformers

    return {
        "kind": "transformers",
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "dtype": str(model.dtype).removeprefix("torch."),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        **_added(target, model),
    }


def _room(model: Any, torch: Any) -> Room | None:
    number_bytes = max(2, torch.finfo(model.dtype).bits // 8)  # weights may be smaller than what is computed with
    return room_of(model.config, number_bytes=number_bytes, free_bytes=free_bytes(torch))


def _added(target: NativeModel, model: Any) -> dict[str, str]:
    """Return what was put on the checkpoint, and how it attends, for the summary."""
    loading = target.loading
    adapter = {"adapter": content_digest(job.path(loading.adapter))} if loading.adapter else {}
    quantization = {"quantization": json.dumps(loading.quantization, sort_keys=True)} if loading.quantization else {}
    attention = getattr(model.config, "_attn_implementation", None)
    # The folder's mark covers its code; whether that or transformers' own class of the same name ran, this says.
    trusted = {"trust_remote_code": "true"} if loading.trust_remote_code else {}
    return {**adapter, **quantization, **({"attention": str(attention)} if attention else {}), **trusted}


def _chat(target: NativeModel, tokenizer: Any) -> bool:
    has_template = bool(getattr(tokenizer, "chat_template", None))
    if target.chat and not has_template:
        raise ModelError(f"model {target.name!r} has no chat template", hint="Remove chat: true from the model.")
    return has_template if target.chat is None else target.chat


def _bos(tokenizer: Any) -> tuple[int, ...]:
    ids = list(tokenizer("")["input_ids"])
    return (ids[0],) if ids and ids[0] == tokenizer.bos_token_id else ()


def _context(config: Any) -> int | None:
    text = config.get_text_config()
    names = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length")
    return next(
        (int(value) for name in names if isinstance(value := getattr(text, name, None), int) and value > 0), None
    )
