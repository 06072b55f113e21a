"""The next step: the first waiting job for which there is room, or one behind it that does not delay it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hub.scheduler.items import Capacity, Device, Item, Running, ServerItem
from hub.scheduler.room import Devices, Place, Room, room_of


@dataclass(frozen=True)
class State:
    """A moment of a run.

    Attributes:
        waiting: in their order.
        later: jobs that wait, too, and whose turn has not come.
        serving: the servers that run, with their devices.
        withheld: devices that somebody else holds; nobody knows for how long.
    """

    capacity: Capacity
    servers: Mapping[str, ServerItem] = field(default_factory=dict)
    waiting: tuple[Item, ...] = ()
    later: tuple[Item, ...] = ()
    running: tuple[Running, ...] = ()
    serving: Mapping[str, Devices] = field(default_factory=dict)
    withheld: frozenset[str] = frozenset()

    @property
    def to_come(self) -> tuple[Item, ...]:
        """Return all that waits."""
        return (*self.waiting, *self.later)

    def without(self, model: str) -> State:
        """Return the state once a server is stopped."""
        return replace(self, serving={name: kept for name, kept in self.serving.items() if name != model})

    def lacking(self, item: Item) -> tuple[ServerItem, ...]:
        """Return the servers that would have to be started for a job."""
        return tuple(self.servers[model] for model in item.servers if model not in self.serving)

    def seconds(self, item: Item) -> float:
        """Return how long a job takes that is started now, the start of its servers included."""
        return item.seconds + max((server.start_s for server in self.lacking(item)), default=0.0)


@dataclass(frozen=True)
class Start:
    """Start the servers of `place`, then the job."""

    item: Item
    place: Place


@dataclass(frozen=True)
class Stop:
    """Stop a server: nobody needs it any more, or a job that is next needs what it holds."""

    model: str


Step = Start | Stop


def decide(state: State) -> Step | None:
    """Return the next step to take at once; None where there is nothing to do until a job ends, or others let go.

    Jobs are started in their order. One that only waits for its lane keeps its room while others start. One that
    lacks room is overtaken by those alone that will be over before it has room, as far as times are known; and by any
    where it waits for what somebody else holds.
    """
    if idle := _needless(state):
        return Stop(idle)
    room, lanes = _room(state), {running.item.lane for running in state.running}
    kept = set[str]()
    until_s: float | None = None  # when the first that lacks room will have it
    for item in state.waiting:
        lacking, waits = state.lacking(item), bool(item.lane) and item.lane in lanes
        place = room.place(item, lacking)
        if until_s is not None:
            if place and not waits and state.seconds(item) <= until_s:
                return Start(item, place)
        elif place and not waits:
            return Start(item, place)
        elif place:
            if item.lane not in kept:
                room = room.less(item, place, lacking)
                kept.add(item.lane)
        else:
            if not waits and (model := _in_the_way(state, room, item)):
                return Stop(model)
            until_s = _time_until(state, item)
    if state.running or not state.serving:
        return None
    return _alone(state) or Stop(max(state.serving, key=lambda model: _next_use(state, model)))


def _alone(state: State) -> Start | None:
    """Return the start of a job that only servers of its own stand beside: they may need more memory than there is.

    So may one on an empty machine; without this a server that needs all of it would be started for each of its jobs.
    """
    room = replace(_room(state), memory_bytes=None)
    for item in state.waiting:
        place = room.place(item, state.lacking(item)) if state.serving.keys() <= set(item.servers) else None
        if place:
            return Start(item, place)
    return None


def _needless(state: State) -> str | None:
    needed = {model for item in (*state.to_come, *(part.item for part in state.running)) for model in item.servers}
    return next((model for model in state.serving if model not in needed), None)


def _room(state: State, running: tuple[Running, ...] | None = None, evicted: frozenset[str] = frozenset()) -> Room:
    """Return what is free beside `running` (default: all that run) and the servers that are not `evicted`."""
    at_work = state.running if running is None else running
    serving = {model: devices for model, devices in state.serving.items() if model not in evicted}
    wanted = Counter(name for item in state.to_come for name in item.need.devices)
    room = room_of(state.capacity, wanted).but(state.withheld)
    for model, devices in serving.items():
        room = room.beside(state.servers[model].need, devices)
    for part in at_work:
        room = room.less(part.item, Place(part.devices))
    return room


def _in_the_way(state: State, room: Room, item: Item) -> str | None:
    """Return an idle server without which there would be room for a job: the one needed last, where one will do."""
    idle = [model for model in _idle(state, state.running) if model not in item.servers]
    lacking = state.lacking(item)
    idle.sort(key=lambda model: -_next_use(state, model))
    given_back = {model: room.plus(state.servers[model].need, _devices(state, model)) for model in idle}
    if alone := next((model for model in idle if given_back[model].place(item, lacking)), None):
        return alone
    for model in idle:
        room = room.plus(state.servers[model].need, _devices(state, model))
    return idle[0] if idle and room.place(item, lacking) else None


def _devices(state: State, model: str) -> tuple[Device, ...]:
    return tuple(device for device in state.capacity.devices if device.id in state.serving[model])


def _idle(state: State, running: tuple[Running, ...]) -> list[str]:
    used = {model for part in running for model in part.item.servers}
    return [model for model in state.serving if model not in used]


def _next_use(state: State, model: str) -> int:
    uses = (index for index, item in enumerate(state.to_come) if model in item.servers)
    return next(uses, len(state.to_come))


def _time_until(state: State, item: Item) -> float | None:
    """Return in how many seconds there will be room for a job; None where that is not for this run to say."""
    ending = sorted(state.running, key=lambda part: part.left_s)
    for count in range(1, len(ending) + 1):
        left = tuple(ending[count:])
        idle = frozenset(model for model in _idle(state, left) if model not in item.servers)
        waits = bool(item.lane) and any(part.item.lane == item.lane for part in left)
        if not waits and _room(state, left, idle).place(item, state.lacking(item)):
            return ending[count - 1].left_s
    return None
