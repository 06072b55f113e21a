"""What a client inside a job knows of the gateway: how a sample is named, how it says no, how long it may be away."""

from __future__ import annotations

from urllib.parse import quote

SAMPLE_HEADER = "X-Evaldock-Sample"

# Types of errors, as the gateway and the forwarder write them.
BUDGET_SPENT = "budget_spent"
UPSTREAM_DOWN = "upstream_down"
UNREACHABLE = "gateway_unreachable"

# A gateway that was restarted is back within seconds, and has kept every answer: to ask once more costs nothing.
# What it answers itself is final; it has tried again already.
WAITS_S = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 6.4)


def sample_headers(sample: str) -> dict[str, str]:
    """Return the header that tells the gateway which sample a request is for; any text can be a sample's name."""
    return {SAMPLE_HEADER: quote(sample, safe="/ :+,;=@()!~")}


def error_type(body: object) -> str:
    """Return the type in an error of OpenAI's shape, an empty string where `body` (decoded JSON) is none."""
    error = body.get("error") if isinstance(body, dict) else None
    kind = error.get("type") if isinstance(error, dict) else None
    return kind if isinstance(kind, str) else ""
