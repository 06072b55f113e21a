"""Play a schedule through: every step of `decide`, with the times that are expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hub.scheduler.decide import Start, State, Step, decide
from hub.scheduler.items import Capacity, Item, Running, ServerItem

_ZERO_S = 1e-9


@dataclass(frozen=True)
class Bar:
    """One job of a schedule: from when to when, in seconds from its beginning, and where."""

    job: str
    began_s: float
    ended_s: float
    devices: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stint:
    """The time for which a server runs; one that makes room and is needed again has several."""

    model: str
    began_s: float
    ended_s: float
    devices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Schedule:
    """What is expected to run when; `never` are jobs for which the machine has too little."""

    bars: tuple[Bar, ...] = ()
    stints: tuple[Stint, ...] = ()
    never: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Return how long it takes until the last job has ended."""
        return max((bar.ended_s for bar in self.bars), default=0.0)


@dataclass(frozen=True)
class Play:
    """A moment of a simulation: its state, its time, and what has come of it so far.

    Attributes:
        since: when each server that runs was started.
    """

    state: State
    now_s: float = 0.0
    bars: tuple[Bar, ...] = ()
    stints: tuple[Stint, ...] = ()
    since: Mapping[str, float] = field(default_factory=dict)

    def taken(self, step: Step) -> Play:
        """Return the moment after a step."""
        return self._started(step) if isinstance(step, Start) else self._stopped(step.model)

    def _started(self, step: Start) -> Play:
        item, place = step.item, step.place
        seconds = self.state.seconds(item)
        state = replace(
            self.state,
            waiting=tuple(other for other in self.state.waiting if other is not item),
            running=(*self.state.running, Running(item, place.devices, seconds)),
            serving={**self.state.serving, **dict(place.servers)},
        )
        bar = Bar(item.id, self.now_s, self.now_s + seconds, place.devices, item.servers)
        since = {**self.since, **dict.fromkeys((model for model, _ in place.servers), self.now_s)}
        return replace(self, state=state, bars=(*self.bars, bar), since=since)

    def _stopped(self, model: str) -> Play:
        stint = Stint(model, self.since[model], self.now_s, self.state.serving[model])
        return replace(self, state=self.state.without(model), stints=(*self.stints, stint))

    def settled(self) -> Play:
        """Return the moment after all steps that can be taken now."""
        play = self
        while step := decide(play.state):
            play = play.taken(step)
        return play

    def advanced(self) -> Play:
        """Return the moment at which the next job has ended."""
        passed_s = min(running.left_s for running in self.state.running)
        left = (replace(running, left_s=running.left_s - passed_s) for running in self.state.running)
        state = replace(self.state, running=tuple(running for running in left if running.left_s > _ZERO_S))
        return replace(self, state=state, now_s=self.now_s + passed_s)


def simulate(items: tuple[Item, ...], servers: Mapping[str, ServerItem], capacity: Capacity) -> Schedule:
    """Return the schedule of jobs in their order."""
    play = Play(State(capacity, servers, items)).settled()
    while play.state.running:
        play = play.advanced().settled()
    return Schedule(play.bars, play.stints, tuple(item.id for item in play.state.waiting))
