"""Which request meets which misfortune: stated by share, by number, by the time, or by the model's name."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from hub.mock import draw

Fault = Literal["429", "500", "refuse", "hang", "trickle", "garbage", "html", "truncated", "drop", "empty"]
FAULTS: tuple[Fault, ...] = get_args(Fault)
_BY_MODEL: dict[str, Fault] = {f"fault-{fault}": fault for fault in FAULTS}


@dataclass(frozen=True)
class FaultPlan:
    """What goes wrong, and how often.

    Attributes:
        faults: one of them is drawn each time; empty: none.
        rate: share of requests.
        first: the first N requests; None: no such rule.
        after_s, lasting_s: when it goes wrong, counted from the first request; lasting_s None: to the end.
        retry_after_s: what 429 tells the client; None: nothing.
    """

    faults: tuple[Fault, ...] = ()
    rate: float = 1.0
    first: int | None = None
    after_s: float = 0.0
    lasting_s: float | None = None
    seed: int = 0
    retry_after_s: float | None = 1.0


class Faults:
    """Draws faults: from the request and how often it came before, so that neither order nor retries change them."""

    def __init__(self, plan: FaultPlan, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing asked."""
        self.plan = plan
        self._clock = clock
        self._began_s: float | None = None
        self._met = 0
        self._asked: Counter[bytes] = Counter()

    def pick(self, model: str, body: bytes) -> Fault | None:
        """Return what befalls a request."""
        named = _BY_MODEL.get(model)
        if named or not self.plan.faults or not self._is_time():
            return named
        if self.plan.first is not None:
            self._met += 1
            return self._one(body, self._met) if self._met <= self.plan.first else None
        key = draw.digest(body)
        self._asked[key] += 1
        times = self._asked[key]
        falls = draw.fraction(self.plan.seed, "fault", key, times) < self.plan.rate
        return self._one(key, times) if falls else None

    def _is_time(self) -> bool:
        now_s, plan = self._clock(), self.plan
        self._began_s = now_s if self._began_s is None else self._began_s
        passed_s = now_s - self._began_s
        return passed_s >= plan.after_s and (plan.lasting_s is None or passed_s < plan.after_s + plan.lasting_s)

    def _one(self, *source: object) -> Fault:
        faults: Sequence[Fault] = self.plan.faults
        return faults[draw.number(self.plan.seed, "which", *source) % len(faults)]
