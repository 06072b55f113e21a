"""Why a file could not be had, told apart by what another try would bring; each with what to do."""

from __future__ import annotations

AGAIN = "what arrived is kept: run again to go on"
ANEW = "it was removed: run again; if it comes so again, its publisher has it so, or something on the way changes it"
BY_HAND = "get the data by hand, look at them, and give their folder by `path`"


class TransferError(Exception):
    """No try will bring it; `mend` says what to do."""

    def __init__(self, reason: str, mend: str = BY_HAND) -> None:
        """Keep what happened and what to do apart."""
        super().__init__(reason)
        self.reason = reason
        self.mend = mend


class PassingError(TransferError):
    """Another try may bring it, once `wait_s` (the server's own word) has passed."""

    def __init__(self, reason: str, mend: str = AGAIN, *, wait_s: float = 0.0) -> None:
        """See TransferError."""
        super().__init__(reason, mend)
        self.wait_s = wait_s


class DamagedError(TransferError):
    """What arrived is not the file that was asked for; it must not be kept."""

    def __init__(self, reason: str, mend: str = ANEW) -> None:
        """See TransferError."""
        super().__init__(reason, mend)
