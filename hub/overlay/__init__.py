"""What the ledger saw, laid over what a backend wrote: a failed request is never a score."""

from hub.overlay.results import Terms, lay_over

__all__ = ["Terms", "lay_over"]
