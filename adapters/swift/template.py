"""Whether the chat template of a checkpoint takes messages of plain text, which is all that SWIFT gives it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from adapters.swift.documents import read_object

_ASKED = "<image>What is this?"  # SWIFT's mark of a picture, in whose place it puts the family's own afterwards
_TOKENS = ("bos_token", "eos_token", "pad_token", "unk_token")


def takes_text(folder: Path) -> bool:
    """Return whether the template writes a message of text as it is.

    Many for models that see look for a list of parts: of plain text they would leave out all, without an error.
    """
    # As transformers makes its own: with less at hand, templates fail here that would do there.
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals.update(raise_exception=_refuse, strftime_now=lambda _format: "")
    environment.globals.update(dict.fromkeys(_TOKENS, ""), tools=None, documents=None)
    environment.filters["tojson"] = lambda value, **_how: json.dumps(value)
    messages = [{"role": "user", "content": _ASKED}]
    try:
        written = environment.from_string(_text(folder)).render(messages=messages, add_generation_prompt=True)
    except Exception:  # noqa: BLE001 - it is a program of somebody else's, and may fail in any way
        return False
    return _ASKED in written


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)


def _text(folder: Path) -> str:
    """Return the template of the tokenizer, which is the one that SWIFT asks; empty where there is none."""
    try:
        return (folder / "chat_template.jinja").read_text(encoding="utf-8")
    except (OSError, ValueError):
        pass
    template = read_object(folder / "tokenizer_config.json").get("chat_template")
    return template if isinstance(template, str) else ""
