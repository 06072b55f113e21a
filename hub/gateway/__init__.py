"""The gateway: the hub's own OpenAI-compatible proxy, the only way from a job to a model.

This is the hub's side, light to import; the server is a process of its own, `python -m hub.gateway`.
"""

from hub.gateway.client import Gateway
from hub.gateway.config import Books, Interceptor, Prices, Retry, Route, Upstream, Verdict
from hub.gateway.folders import sweep_sockets

__all__ = [
    "Books",
    "Gateway",
    "Interceptor",
    "Prices",
    "Retry",
    "Route",
    "Upstream",
    "Verdict",
    "sweep_sockets",
]
