"""Pictures in messages: data URLs that become images, and the turns that a processor's chat template wants."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterator, Sequence
from typing import Any

from adapters.native.server.errors import RefusedError
from adapters.native.server.request import ImageUrl, Message, Part

# A picture of more is a bomb, or of no use to a model: it is scaled down to a fraction of that.
_MOST_PIXELS = 100_000_000


def pictures(messages: Sequence[Message]) -> list[Any]:
    """Return the pictures of a conversation in their order, as PIL images in RGB.

    Raises:
        RefusedError: one is no data URL, or no picture.
    """
    return [_image(_url(part)) for message in messages for part in _parts(message) if part.image_url is not None]


def seen_turn(message: Message) -> dict[str, Any]:
    """Return a turn whose content is a list of texts and pictures.

    Raises:
        RefusedError: a part is neither.
    """
    if message.content is None or isinstance(message.content, str):
        content = [{"type": "text", "text": message.content or ""}]
    else:
        content = list(_content(message))
    role = "system" if message.role == "developer" else message.role
    return {"role": role, "content": content}


def _content(message: Message) -> Iterator[dict[str, Any]]:
    for part in _parts(message):
        if part.image_url is not None:
            yield {"type": "image"}
        elif part.text is not None:
            yield {"type": "text", "text": part.text}
        else:
            reason = f"the model takes texts and pictures, not a part of type {part.type!r}"
            raise RefusedError(reason, param="messages")


def _parts(message: Message) -> tuple[Part, ...]:
    return message.content if isinstance(message.content, tuple) else ()


def _url(part: Part) -> str:
    return part.image_url.url if isinstance(part.image_url, ImageUrl) else part.image_url or ""


def _image(url: str) -> Any:
    data = _bytes(url)
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as found:
            if found.width * found.height > _MOST_PIXELS:
                message = f"image_url: a picture of {found.width} x {found.height} pixels is too large"
                raise RefusedError(message, param="messages")
            return found.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise RefusedError("image_url: the data are no picture that can be read", param="messages") from error


def _bytes(url: str) -> bytes:
    head, comma, data = url.partition(",")
    if not head.startswith("data:") or not comma or not head.endswith(";base64"):
        message = "image_url must be data:<type>;base64,<data>: this server has no network and fetches nothing"
        raise RefusedError(message, param="messages")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError(f"image_url: the data are not base64: {error}", param="messages") from error
