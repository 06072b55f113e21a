"""Load a checkpoint for the server: the engine, the vocabulary, and what identifies them."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

from adapters.native.contract import NativeLoading, NativeModel
from adapters.native.evaluator.errors import ModelError
from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.folder_digest import content_digest
from adapters.native.evaluator.models.local import load_checkpoint
from adapters.native.evaluator.models.weights import Kind
from adapters.native.server.application import Card, Model
from adapters.native.server.engine import CheckpointEngine
from adapters.native.server.serve import Loaded
from adapters.native.server.settings import Settings
from adapters.native.server.sight import SeeingVocabulary, load_processor, sees
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
    seeing = sees(folder)
    kind: Kind = "AutoModelForImageTextToText" if seeing else "AutoModelForCausalLM"
    checkpoint, facts = load_checkpoint(target, folder, batch_tokens=settings.batch_tokens, kind=kind)
    checkpoint = replace(checkpoint, context=_context(settings.context, checkpoint.context))
    facts = {"weights": content_digest(folder), **facts}
    card = Card(settings.name, settings.weights, checkpoint.context, facts)
    vocabulary = _vocabulary(checkpoint, folder, settings, seeing=seeing)
    return Loaded(CheckpointEngine(checkpoint, alone=seeing), Model(card, vocabulary))


def _vocabulary(checkpoint: Checkpoint, folder: Path, settings: Settings, *, seeing: bool) -> TokenizerVocabulary:
    """Return the vocabulary, with a tokenizer of its own: the engine uses the checkpoint's in another thread."""
    size = int(checkpoint.model.get_input_embeddings().weight.shape[0])
    if seeing:
        processor = load_processor(folder, trust_remote_code=settings.trust_remote_code)
        return SeeingVocabulary(processor, bos=checkpoint.bos, padding=checkpoint.padding, size=size)
    tokenizer = copy.deepcopy(checkpoint.tokenizer)
    return TokenizerVocabulary(tokenizer, bos=checkpoint.bos, padding=checkpoint.padding, size=size)


def _context(wanted: int | None, most: int | None) -> int | None:
    if wanted is not None and most is not None and wanted > most:
        raise ModelError(f"--context {wanted}: the model can look at {most} tokens", hint=f"Use {most} at most.")
    return most if wanted is None else wanted
