"""The order of the jobs: the task's own, unless another is over clearly sooner or starts fewer servers."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace

from hub.scheduler.decide import State
from hub.scheduler.items import Capacity, Item, ServerItem
from hub.scheduler.room import why_never
from hub.scheduler.simulate import Play, simulate

_ALL_UP_TO = 7  # jobs: their orders are all tried
_SOME = 60  # of more jobs
_WORTH = 0.95  # of its time: what gains less is not worth another order, for the times are expectations

Order = tuple[Item, ...]
Score = tuple[float, int]


def best_order(items: Order, servers: Mapping[str, ServerItem], capacity: Capacity) -> Order:
    """Return an order whose schedule is short, and starts few servers; same input, same order.

    Of up to seven jobs none is shorter by more than a twentieth. Of those that are alike the task's own comes first.
    Jobs that can never run come last.
    """
    able = tuple(item for item in items if not why_never(item, servers, capacity))
    unable = tuple(item for item in items if item not in able)
    if len(able) < 2 or (capacity.slots == 1 and not servers):
        return (*able, *unable)
    search = _Search(able, servers, capacity)
    for order in _by_rules(able):
        search.try_whole(order)
    if len(able) <= _ALL_UP_TO:
        search.try_all()
    else:
        for order in _drawn(search.best):
            search.try_whole(order)
    return (*search.best, *unable)


class _Search:
    """The best order so far."""

    def __init__(self, items: Order, servers: Mapping[str, ServerItem], capacity: Capacity) -> None:
        self.best = items
        self._place = {item.id: index for index, item in enumerate(items)}
        self._servers = servers
        self._capacity = capacity
        self._score = self._measure(items)
        self._bound_s = least_seconds(items, capacity)
        self._fewest = len({model for item in items for model in item.servers})

    def try_whole(self, order: Order) -> None:
        """Take an order where it is better."""
        if not self._can_win(self._bound_s, self._fewest):
            return
        score = self._measure(order)
        if self._can_win(*score):
            self.best, self._score = order, score

    def try_all(self) -> None:
        """Try every order, job by job, and leave each beginning that cannot become better than the best."""
        self._extend(Play(State(self._capacity, self._servers, later=self.best)), ())

    def _extend(self, play: Play, begun: Order) -> None:
        left = play.state.later
        if not left:
            self.try_whole(begun)
        tried = set[Item]()
        for item in left:
            shape = replace(item, id="")
            if shape in tried:  # like one that was next before
                continue
            tried.add(shape)
            state = replace(play.state, waiting=(item,), later=tuple(other for other in left if other is not item))
            after = _begun(replace(play, state=state))
            if begun and after.now_s == play.now_s and self._place[item.id] < self._place[begun[-1].id]:
                continue  # both begin now: the other way round it is the same
            if self._can_win(self._at_least(after), len(after.since)):
                self._extend(after, (*begun, item))

    def _at_least(self, play: Play) -> float:
        """Return a time that no schedule beats which goes on from here."""
        left, running = play.state.later, play.state.running
        bounds = [bar.ended_s for bar in play.bars]
        bounds += [play.now_s + item.seconds for item in left]
        if gpus := len(self._capacity.devices):
            work = sum(item.seconds * item.need.count for item in left)
            work += sum(part.left_s * len(part.devices) for part in running)
            bounds.append(play.now_s + work / gpus)
        slots = sum(item.seconds for item in left) + sum(part.left_s for part in running)
        bounds.append(play.now_s + slots / self._capacity.slots)
        return max(bounds)

    def _can_win(self, seconds: float, starts: int) -> bool:
        known_s, known = self._score
        return seconds < known_s * _WORTH or (seconds <= known_s and starts < known)

    def _measure(self, order: Order) -> Score:
        schedule = simulate(order, self._servers, self._capacity)
        return schedule.seconds, len(schedule.stints)


def _begun(play: Play) -> Play:
    """Return the moment at which the job whose turn it is has begun."""
    play = play.settled()
    while play.state.waiting:
        play = play.advanced().settled()
    return play


def _drawn(items: Order) -> Iterator[Order]:
    """Yield orders near a good one, drawn by the same lots every time."""
    draw = random.Random(len(items))  # noqa: S311 - no secret
    for _ in range(_SOME):
        mixed = list(items)
        for first in range(len(mixed) - 1):
            second = min(first + draw.choice((0, 0, 1, 2, 3)), len(mixed) - 1)
            mixed[first], mixed[second] = mixed[second], mixed[first]
        yield tuple(mixed)


def _by_rules(items: Order) -> Iterator[Order]:
    place = {item.id: index for index, item in enumerate(items)}
    first_use: dict[tuple[str, ...], int] = {}
    for item in items:
        first_use.setdefault(item.servers, place[item.id])
    turn: dict[str, int] = {}  # the how-manieth of its lane
    turns = {}
    for item in items:
        turn[item.lane] = turn.get(item.lane, 0) + 1
        turns[item.id] = turn[item.lane] if item.lane else 0
    yield tuple(sorted(items, key=lambda item: -item.seconds))
    yield tuple(sorted(items, key=lambda item: (-item.need.count, -item.seconds)))
    yield tuple(sorted(items, key=lambda item: (first_use[item.servers], -item.seconds)))
    yield tuple(sorted(items, key=lambda item: (turns[item.id], -item.seconds)))
    yield tuple(sorted(items, key=lambda item: -item.seconds * max(1, item.need.count)))


def least_seconds(items: Order, capacity: Capacity) -> float:
    """Return a time that no schedule can beat."""
    bounds = [max(item.seconds for item in items), sum(item.seconds for item in items) / capacity.slots]
    work = sum(item.seconds * item.need.count for item in items)
    if work:
        bounds.append(work / len(capacity.devices))
        bounds.append(_pigeonholes([item.seconds for item in items if item.need.count], len(capacity.devices)))
    bounds.append(_pigeonholes([item.seconds for item in items], capacity.slots))
    lanes: dict[str, float] = {}
    for item in items:
        lanes[item.lane] = lanes.get(item.lane, 0.0) + item.seconds
    bounds += [seconds for lane, seconds in lanes.items() if lane]
    return max(bounds)


def _pigeonholes(seconds: list[float], holes: int) -> float:
    """Return a bound for jobs of which one hole takes one at a time: of n*holes + 1 of them, one takes n + 1."""
    longest = sorted(seconds, reverse=True)
    ends = range(holes + 1, len(longest) + 1, holes)
    return max((sum(longest[end - (count + 2) : end]) for count, end in enumerate(ends)), default=0.0)
