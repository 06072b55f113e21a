"""What the ledger saw, laid over what a backend wrote: a failed request is never a score."""

from hub.overlay.results import Judge, Terms, lay_over

__all__ = ["Judge", "Terms", "lay_over"]
