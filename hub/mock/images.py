"""Say what an image in a request is, from its data URL; an address is named and never fetched."""

from __future__ import annotations

import base64
import binascii

from hub.mock.request import BadRequestError
from hub.pictures import size_of
from hub.text import show_size

_SHOWN_URL = 80


def describe(url: str) -> str:
    """Return e.g. `[image/png 640x480, 12 kB]`.

    Raises:
        BadRequestError: it is neither an address nor a readable data URL.
    """
    if url.startswith(("http://", "https://")):
        return f"[image at {url[:_SHOWN_URL]}, not fetched]"
    head, comma, data = url.partition(",")
    if not head.startswith("data:") or not comma or not head.endswith(";base64"):
        raise BadRequestError("image_url must be http(s)://... or data:<type>;base64,<data>", "messages")
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequestError(f"image_url: the data are not base64: {error}", "messages") from error
    kind = head.removeprefix("data:").split(";")[0] or "image"
    size = size_of(raw)
    shape = f" {size[0]}x{size[1]}" if size else ""
    return f"[{kind[:_SHOWN_URL]}{shape}, {show_size(len(raw))}]"
