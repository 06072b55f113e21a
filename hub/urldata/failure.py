"""Why a file could not be had, told apart by what another try would bring."""

from __future__ import annotations


class TransferError(Exception):
    """No try will bring it; `mend` says what to do."""

    def __init__(self, reason: str, mend: str = "") -> None:
        """Keep what happened and what to do apart."""
        super().__init__(reason)
        self.reason = reason
        self.mend = mend


class PassingError(TransferError):
    """Another try may bring it, once `wait_s` (the server's own word) has passed."""

    def __init__(self, reason: str, mend: str = "", *, wait_s: float = 0.0) -> None:
        """See TransferError."""
        super().__init__(reason, mend)
        self.wait_s = wait_s


class DamagedError(TransferError):
    """What arrived is not the file that was asked for; it must not be kept."""
