"""What cannot be seen made visible: control characters, direction overrides and the like, as `[U+202E]`."""

from __future__ import annotations

import re

# Not here: newline and tab, which are layout; U+200C and U+200D, without which scripts and emoji fall apart.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """Return `text` with every unseen character replaced by its code point in brackets."""
    return _UNSEEN.sub(lambda match: f"[U+{ord(match[0]):04X}]", text)
