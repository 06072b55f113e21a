"""Asks one model for one data set: counts what it answered, and keeps apart what it did not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from adapters.vlmevalkit.runner.failures import Failures
from adapters.vlmevalkit.runner.reasons import describe
from adapters.vlmevalkit.runner.wire import Line, RequestError

Messages = list[dict[str, Any]]


@dataclass
class Client:
    """The candidate or the judge, as one data set asks it.

    Attributes:
        name: what requests call the model; the gateway puts the upstream's own name in its place.
        parameters: of every request.
        told: is called after each request, with whether it failed.
    """

    role: Literal["candidate", "judge"]
    name: str
    line: Line
    failures: Failures
    parameters: Mapping[str, Any] = field(default_factory=dict)
    told: Callable[[bool], None] = lambda _failed: None
    answered: int = 0

    def answer(self, compose: Callable[[], Messages], sample: str, parameters: Mapping[str, Any]) -> str:
        """Return an answer; an empty text where there is none, which is noted.

        `compose` makes the messages; where it cannot, a picture that is none for example, the request failed too.
        """
        try:
            body = {"model": self.name, "messages": compose(), **self.parameters, **parameters}
            text = self.line.ask(body, sample)
        except RequestError as error:
            return self._failed(sample, str(error), seen=error.seen)
        except Exception as error:  # noqa: BLE001 - VLMEvalKit makes the messages, of pictures and texts of any kind
            return self._failed(sample, f"the request cannot be made: {describe(error)}", seen=False)
        self.answered += 1  # whether there was one is asked, not how many: threads may lose a count
        if not text:
            self.failures.note_empty(self.role, sample)
        self.told(False)
        return text

    def _failed(self, sample: str, error: str, *, seen: bool) -> str:
        self.failures.note(self.role, sample, error, seen=seen)
        self.told(True)
        return ""
