"""Names made safe for files."""

from __future__ import annotations

import re

_UNSAFE = re.compile(r"[^a-z0-9_-]+")


def file_name(label: str) -> str:
    """Return a data set's label as the name of its folders.

    In lower case and without dots: VLMEvalKit replaces a data set's name, and the ending of a file, in whole paths.
    """
    return _UNSAFE.sub("-", label.lower()).strip("-") or "x"
