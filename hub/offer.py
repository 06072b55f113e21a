"""What a hub or a server says of an asset before anything is downloaded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Offer:
    """What is offered.

    Attributes:
        size: bytes of the wanted files; None where it is not known.
        refusal: why nothing can be had, and `mend` what to do; empty where nobody refused.
        doubt: why the size is not known, where nobody refused.
    """

    size: int | None = None
    refusal: str = ""
    mend: str = ""
    doubt: str = ""
