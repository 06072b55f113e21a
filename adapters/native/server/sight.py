"""Checkpoints that see: whether one does, its processor, and conversations with pictures as it wants them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adapters.native.evaluator.errors import ModelError
from adapters.native.evaluator.models.load_reason import explain
from adapters.native.server.errors import RefusedError
from adapters.native.server.pictures import pictures, seen_turn
from adapters.native.server.request import Message
from adapters.native.server.vocabulary import Conversation, TokenizerVocabulary

_PROCESSORS = ("preprocessor_config.json", "processor_config.json")


def sees(folder: Path) -> bool:
    """Return whether a checkpoint takes pictures: by its type, and because it says how they are prepared."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

    known = _json(folder / "config.json").get("model_type") in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
    return known and any((folder / name).is_file() for name in _PROCESSORS)


def load_processor(folder: Path, *, trust_remote_code: bool) -> Any:
    """Return the checkpoint's processor; one that takes videos too is made without that, which needs torchvision.

    Raises:
        ModelError: it cannot be loaded.
    """
    from transformers import AutoProcessor

    safe = {"local_files_only": True, "trust_remote_code": trust_remote_code}
    try:
        try:
            return AutoProcessor.from_pretrained(str(folder), **safe)
        except ImportError:
            return _without_videos(folder, safe)
    except Exception as error:
        reason, hint = explain(error, "tokenizer")
        raise ModelError(f"the checkpoint in {folder.name!r} {reason}", hint=hint) from error


def _without_videos(folder: Path, safe: Mapping[str, Any]) -> Any:
    from transformers import AutoImageProcessor, AutoTokenizer
    from transformers.models.auto.processing_auto import processor_class_from_name

    names = (_json(folder / name).get("processor_class") for name in (*_PROCESSORS, "tokenizer_config.json"))
    kind = processor_class_from_name(next(name for name in names if name))

    class OfPictures(kind):  # type: ignore[misc, valid-type]
        def check_argument_for_proper_class(self, name: str, given: Any) -> Any:
            return None if name == "video_processor" else super().check_argument_for_proper_class(name, given)

    tokenizer = AutoTokenizer.from_pretrained(str(folder), **safe)
    processor = AutoImageProcessor.from_pretrained(str(folder), **safe)
    return OfPictures(
        image_processor=processor,
        tokenizer=tokenizer,
        video_processor=None,
        chat_template=_template(folder) or tokenizer.chat_template,
    )


def _template(folder: Path) -> str | None:
    """Return the processor's own chat template: older checkpoints have it in a JSON file."""
    found = _json(folder / "chat_template.json").get("chat_template")
    return found if isinstance(found, str) else None


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


class SeeingVocabulary(TokenizerVocabulary):
    """A processor's tokenizer, and conversations in which pictures are among the tokens."""

    def __init__(self, processor: Any, *, bos: Sequence[int], padding: int, size: int) -> None:
        """Keep the processor."""
        super().__init__(processor.tokenizer, bos=bos, padding=padding, size=size)
        self._processor = processor
        self.template = str(processor.chat_template or "")

    def chat(
        self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], more: Mapping[str, Any], begun: str
    ) -> Conversation:
        """Return a conversation in tokens, with what the model is given of its pictures."""
        images = pictures(messages)
        text = self._written(self._processor, [seen_turn(message) for message in messages], tools, more) + begun
        bos = self._processor.tokenizer.bos_token
        special = not (bos and text.startswith(bos))
        try:
            made = self._processor(
                text=[text], images=images or None, return_tensors="pt", add_special_tokens=special
            )
        except (TypeError, ValueError) as error:
            raise RefusedError(f"the model's processor refuses this: {error}", param="messages") from error
        inputs = dict(made)
        return Conversation(tuple(inputs.pop("input_ids")[0].tolist()), inputs)
