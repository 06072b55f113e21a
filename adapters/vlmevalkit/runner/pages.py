"""Pages of PDF files as pictures, in the place of PyMuPDF: the few calls of it that VLMEvalKit makes, by pypdfium2.

PyMuPDF's licence is the AGPL, and so it is not in the image. Edges of letters may differ by shades from its pictures.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

_POINTS_PER_INCH = 72
_NAME = "fitz"  # PyMuPDF's, in imports


class _Picture:
    def __init__(self, image: Any) -> None:
        self._image = image

    def tobytes(self, output: str = "png") -> bytes:
        content = io.BytesIO()
        self._image.save(content, output.upper())
        return content.getvalue()


class _Page:
    def __init__(self, page: Any) -> None:
        self._page = page

    def get_pixmap(self, dpi: int = _POINTS_PER_INCH) -> _Picture:
        return _Picture(self._page.render(scale=dpi / _POINTS_PER_INCH).to_pil())


class _Document:
    def __init__(self, content: bytes) -> None:
        from pypdfium2 import PdfDocument  # noqa: PLC0415

        self._document = PdfDocument(content)

    def __enter__(self) -> _Document:  # noqa: PYI034 - Self is newer than Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self._document.close()

    def __len__(self) -> int:
        return len(self._document)

    def __getitem__(self, pages: slice) -> Sequence[_Page]:
        return [_Page(self._document[number]) for number in range(len(self))[pages]]


def stand_in() -> None:
    """Make `import fitz` find the stand-in."""
    module: Any = ModuleType(_NAME)
    module.open = lambda stream, filetype="pdf": _Document(stream.read())  # noqa: ARG005 - PyMuPDF's names
    sys.modules[_NAME] = module
