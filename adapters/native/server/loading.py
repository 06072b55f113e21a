"""Load a checkpoint for the server: the engine, the vocabulary, and what identifies them."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from adapters.native.contract import NativeLoading, NativeModel
from adapters.native.evaluator.errors import ModelError
from adapters.native.evaluator.models.folder_digest import content_digest
from adapters.native.evaluator.models.local import load_checkpoint
from adapters.native.server.application import Card, Model
from adapters.native.server.engine import CheckpointEngine
from adapters.native.server.serve import Loaded
from adapters.native.server.settings import Settings
from adapters.native.server.vocabulary import TokenizerVocabulary
from adapters.runtime import job


def load(settings: Settings) -> Loaded:
    """Load the model.

    Raises:
        ModelError: the folder does not hold a model that transformers can load, or not one for these settings.
    """
    loading = NativeLoading(
        adapter=settings.adapter,
        attention=settings.attention,
        trust_remote_code=settings.trust_remote_code,
    )
    target = NativeModel("transformers", settings.name, settings.weights, settings.dtype, None, loading)
    folder = job.path(settings.weights)
    checkpoint, facts = load_checkpoint(target, folder, batch_tokens=settings.batch_tokens)
    checkpoint = replace(checkpoint, context=_context(settings.context, checkpoint.context))
    vocabulary = TokenizerVocabulary(
        copy.deepcopy(checkpoint.tokenizer),
        bos=checkpoint.bos,
        padding=checkpoint.padding,
        size=_size(checkpoint.model),
    )
    facts = {"weights": content_digest(folder), **facts}
    card = Card(settings.name, settings.weights, checkpoint.context, facts)
    return Loaded(CheckpointEngine(checkpoint), Model(card, vocabulary))


def _context(wanted: int | None, most: int | None) -> int | None:
    if wanted is not None and most is not None and wanted > most:
        raise ModelError(f"--context {wanted}: the model can look at {most} tokens", hint=f"Use {most} at most.")
    return most if wanted is None else wanted


def _size(model: Any) -> int:
    return int(model.get_input_embeddings().weight.shape[0])
