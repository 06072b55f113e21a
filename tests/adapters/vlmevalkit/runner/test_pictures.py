"""Small copies of pictures: what cannot be copied is left out, and stops nothing."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from adapters.vlmevalkit.runner.pictures import Pictures


class BombError(Exception):
    """As Pillow's for a picture of too many pixels: of no kind that anybody would expect."""


@pytest.mark.parametrize("error", [OSError, ValueError, SyntaxError, BombError])
def test_a_picture_that_cannot_be_opened_has_no_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def broken(_: str) -> None:
        raise error

    monkeypatch.setitem(sys.modules, "PIL", SimpleNamespace(Image=SimpleNamespace(open=broken)))

    assert Pictures(tmp_path, lambda _: nullcontext()).copy("a.png") == ""
