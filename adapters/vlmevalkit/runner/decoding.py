"""The pictures of a table as files, each only while it is looked at.

VLMEvalKit decodes all of them before its first request, as PNG, and leaves them there: for fourteen thousand
photographs that is more than a job's scratch holds. The tables themselves are in memory anyway.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

Write = Callable[..., Any]
_PLACE = "vlmeval.dataset.image_base"
_WRITER, _SIZE = "decode_base64_to_image_file", "file_size"


def write_fast(encoded: str, path: str, **more: Any) -> None:
    """Write a picture as VLMEvalKit does, pixel for pixel, without its half a second for the compression of a PNG."""
    from vlmeval.smp import decode_base64_to_image  # noqa: PLC0415

    picture = decode_base64_to_image(encoded, **more)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, **({"compress_level": 0} if path.lower().endswith(".png") else {}))


class Decoding:
    """Stands in for VLMEvalKit's way to write a picture; many threads may look at once.

    With `at_once` a picture is also written when VLMEvalKit says so: a model of its own may open it for its prompt.
    """

    def __init__(self, write: Write = write_fast, *, at_once: bool = False) -> None:
        """Write with `write` (the encoded picture, a path)."""
        self._write, self._at_once = write, at_once
        self._before: Write | None = None
        self._encoded: dict[str, str] = {}
        self._looking: Counter[str] = Counter()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def keep(self, encoded: str, path: str, **more: Any) -> None:
        """Take a picture that belongs at `path`."""
        self._encoded[path] = encoded
        if self._at_once:
            self._write(encoded, path, **more)

    @contextmanager
    def shown(self, paths: Iterable[str]) -> Iterator[None]:
        """Have the pictures among `paths` that were taken be files for a while."""
        with ExitStack() as stack:
            for path in dict.fromkeys(paths):
                if path in self._encoded:
                    stack.enter_context(self._file(path))
            yield

    @contextmanager
    def _file(self, path: str) -> Iterator[None]:
        lock = self._locks[path]
        with lock:
            if not self._looking[path] and not Path(path).exists():
                self._write(self._encoded[path], path)
            self._looking[path] += 1
        try:
            yield
        finally:
            with lock:
                self._looking[path] -= 1
                if not self._looking[path]:
                    Path(path).unlink(missing_ok=True)

    def begin(self) -> None:
        """Stand in where VLMEvalKit's data sets write pictures."""
        module = sys.modules[_PLACE]
        self._before = self._before or getattr(module, _WRITER)
        setattr(module, _WRITER, self.keep)

    def end(self) -> None:
        """Let it write pictures itself again, as for what scores with them."""
        if self._before:
            setattr(sys.modules[_PLACE], _WRITER, self._before)


def paths_of(prompt: Any) -> list[str]:
    """Return the pictures of a prompt, or of a conversation."""
    if isinstance(prompt, dict):
        return [str(prompt["value"])] if prompt.get("type") == "image" else paths_of(prompt.get("content"))
    return [path for part in prompt for path in paths_of(part)] if isinstance(prompt, list) else []


def never_all_at_once() -> None:
    """Keep VLMEvalKit from writing every picture of a table above 1 GB to a file when it loads the table."""
    for name, module in sorted(sys.modules.items()):
        if name.startswith("vlmeval.dataset.") and hasattr(module, _SIZE):
            setattr(module, _SIZE, lambda *_: 0.0)
