"""What each sample's model is given: which sample a prompt belongs to, and an account of all prompts."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from adapters.vlmevalkit.contract import IMAGES
from adapters.vlmevalkit.runner.pictures import Pictures, Shown

SAMPLES = "samples.jsonl"
Build = Callable[..., Any]


class Prompt(list[Any]):
    """A prompt of VLMEvalKit that knows its sample: nothing else on the way to the model says it."""

    sample = ""


class Turn(dict[str, Any]):
    """The first turn of a conversation, with the same knowledge."""

    sample = ""


def sample_of(prompt: Any) -> str:
    """Return the sample of a prompt, or of a conversation so far; an empty text where it has none."""
    first = prompt[0] if isinstance(prompt, list) and prompt else None
    return str(getattr(prompt, "sample", "") or getattr(first, "sample", ""))


def marked(prompt: Any, sample: str) -> Any:
    """Return a prompt that knows its sample; a plain text cannot."""
    if not isinstance(prompt, list):
        return prompt
    found = Prompt(prompt)
    found.sample = sample
    if found and isinstance(found[0], dict) and "content" in found[0]:
        first = Turn(found[0])
        first.sample = sample
        found[0] = first
    return found


class Account:
    """The prompts of one data set, as images/<file>/samples.jsonl has them, with small copies of their pictures."""

    def __init__(self, output: Path, file: str, shown: Shown) -> None:
        """Go on with what the folder holds; a picture can be opened within `shown`."""
        self.shown = shown
        self._where = f"{IMAGES}/{file}"
        self._folder = output / IMAGES / file
        self._folder.mkdir(parents=True, exist_ok=True)
        self._pictures = Pictures(self._folder, shown)
        self._digests: dict[str, str] = {}
        self._read()

    def watch(self, build: Build) -> Build:
        """Return `build` (a row in, a prompt out), with an account of each prompt that it makes."""

        def watched(line: Any, *more: Any, **named: Any) -> Any:
            prompt = build(line, *more, **named)
            sample = str(line["index"])
            if sample not in self._digests:
                self._write(sample, prompt)
            return marked(prompt, sample)

        return watched

    def digest(self) -> str:
        """Return the SHA-256 of all prompts, whatever the order in which they were made; pictures do not count."""
        whole = json.dumps(self._digests, sort_keys=True)
        return hashlib.sha256(whole.encode()).hexdigest() if self._digests else ""

    def _write(self, sample: str, prompt: Any) -> None:
        shown = [self._turn(role, parts) for role, parts in turns_of(prompt)]
        line = json.dumps({"sample": sample, "prompt": shown}, ensure_ascii=False) + "\n"
        with (self._folder / SAMPLES).open("a", encoding="utf-8", errors="replace") as file:
            file.write(line)
        self._digests[sample] = _digest(shown)

    def _turn(self, role: str, parts: Sequence[Any]) -> dict[str, Any]:
        shown = [found for part in parts for found in self._shown(part)]
        return {"role": role, "content": shown}

    def _shown(self, part: Any) -> list[dict[str, str]]:
        if not isinstance(part, Mapping):
            return [{"type": "text", "text": str(part)}]
        if part.get("type") == "text":
            return [{"type": "text", "text": str(part["value"])}]
        name = self._pictures.copy(str(part["value"])) if part.get("type") == "image" else ""
        return [{"type": "image", "path": f"{self._where}/{name}"}] if name else []

    def _read(self) -> None:
        file = self._folder / SAMPLES
        text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
        if text and not text.endswith("\n"):  # the last line of a job that was killed
            file.write_text(f"{text}\n", encoding="utf-8")
        for line in text.splitlines():
            with contextlib.suppress(ValueError, LookupError, TypeError):
                entry = json.loads(line)
                self._digests[entry["sample"]] = _digest(entry["prompt"])


def turns_of(prompt: Any) -> list[tuple[str, Sequence[Any]]]:
    """Return role and parts of each turn that is known before the model has answered."""
    parts = prompt if isinstance(prompt, list) else [prompt]
    if parts and all(isinstance(part, Mapping) and "content" in part for part in parts):
        return [(part["role"], _parts(part["content"])) for part in parts if part["role"] != "assistant"]
    roles = dict.fromkeys(_role(part) for part in parts)
    return [(role, [part for part in parts if _role(part) == role]) for role in sorted(roles, key="system".__ne__)]


def _parts(content: Any) -> Sequence[Any]:
    return content if isinstance(content, list) else [content]


def _role(part: Any) -> str:
    return str(part.get("role", "user")) if isinstance(part, Mapping) else "user"


def _digest(shown: Sequence[Mapping[str, Any]]) -> str:
    texts = [
        [turn["role"], [part.get("text") for part in turn["content"] if part["type"] == "text"]] for turn in shown
    ]
    return hashlib.sha256(json.dumps(texts).encode("utf-8", "replace")).hexdigest()
