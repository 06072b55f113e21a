from collections.abc import Mapping
from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.scheduler import (
    Bar,
    Capacity,
    Device,
    Item,
    Need,
    Running,
    Schedule,
    ServerItem,
    Start,
    State,
    Stop,
    decide,
    simulate,
    why_never,
)

TWO = Capacity((Device("0"), Device("1")), slots=4)
SERVERS = {model: ServerItem(model, Need(gpus=1), 1) for model in "abc"}


def needs(gpus: int, job: str = "j", **more: object) -> Item:
    return replace(Item(job, Need(gpus=gpus)), **more)  # type: ignore[arg-type]


def started(step: object) -> str:
    assert isinstance(step, Start)
    return step.item.id


def test_the_first_that_waits_is_started_on_the_first_free_device() -> None:
    step = decide(State(TWO, waiting=(needs(1, "x"), needs(1, "y"))))

    assert started(step) == "x"
    assert isinstance(step, Start)
    assert step.place.devices == ("0",)


def test_a_job_is_not_overtaken_by_one_that_would_delay_it() -> None:
    state = State(
        TWO, waiting=(needs(2, "wide"), needs(1, "long", seconds=9)), running=(Running(needs(1), ("0",), 5),)
    )

    assert decide(state) is None


def test_a_job_that_lacks_room_is_overtaken_by_one_that_is_over_before_there_is_room() -> None:
    state = State(
        TWO, waiting=(needs(2, "wide"), needs(1, "short", seconds=4)), running=(Running(needs(1), ("0",), 5),)
    )

    assert started(decide(state)) == "short"


def test_a_job_that_waits_for_its_lane_keeps_its_room() -> None:
    state = State(
        Capacity(slots=3),
        waiting=(needs(0, "x", lane="m"), needs(0, "y", seconds=99), needs(0, "z", seconds=99)),
        running=(Running(needs(0, "w", lane="m"), (), 1),),
    )

    assert started(decide(state)) == "y"
    y = Running(needs(0, "y"), (), 99)
    assert decide(replace(state, waiting=(state.waiting[0], state.waiting[2]), running=(*state.running, y))) is None


def test_devices_are_explicit_where_they_are_named_and_others_leave_them_to_whom_they_are_named_for() -> None:
    named = Item("named", Need(devices=("0",)))
    state = State(TWO, waiting=(needs(1, "any"), named))

    step = decide(state)

    assert isinstance(step, Start)
    assert step.place.devices == ("1",)


def test_a_device_with_too_little_memory_is_not_given() -> None:
    capacity = Capacity((Device("0", 8), Device("1", 80)), slots=2)
    large = Item("large", Need(gpus=1, device_bytes=40))

    step = decide(State(capacity, waiting=(large,)))

    assert isinstance(step, Start)
    assert step.place.devices == ("1",)
    assert why_never(replace(large, need=Need(gpus=1, device_bytes=90)), {}, capacity) == (
        "it needs 1 GPU of its own at once, each with 90 B or more; there are 2"
    )


def test_a_small_job_leaves_the_large_device_free() -> None:
    capacity = Capacity((Device("0", 80), Device("1", 8)), slots=2)

    step = decide(State(capacity, waiting=(Item("small", Need(gpus=1, device_bytes=4)),)))

    assert isinstance(step, Start)
    assert step.place.devices == ("1",)


def test_memory_is_respected_and_a_job_that_wants_more_than_all_runs_alone() -> None:
    capacity = Capacity(slots=4, memory_bytes=10)
    huge = Item("huge", Need(memory_bytes=99))
    beside = State(capacity, waiting=(huge,), running=(Running(Item("j", Need(memory_bytes=1)), (), 1),))

    assert decide(beside) is None
    assert started(decide(State(capacity, waiting=(huge,)))) == "huge"


def test_a_server_is_started_with_its_first_job_and_stopped_after_its_last() -> None:
    item = Item("j", servers=("a",))

    step = decide(State(TWO, SERVERS, waiting=(item,)))

    assert isinstance(step, Start)
    assert step.place.servers == (("a", ("0",)),)
    serving = {"a": ("0",)}
    assert decide(State(TWO, SERVERS, running=(Running(item),), serving=serving)) is None
    assert decide(State(TWO, SERVERS, serving=serving)) == Stop("a")


def test_an_idle_server_makes_room_and_the_one_that_is_needed_last_goes() -> None:
    state = State(
        TWO,
        SERVERS,
        waiting=(Item("x", servers=("c",)), Item("y", servers=("a",)), Item("z", servers=("b",))),
        serving={"a": ("0",), "b": ("1",)},
    )

    assert decide(state) == Stop("b")
    assert started(decide(state.without("b"))) == "x"


def test_a_server_whose_job_waits_for_what_another_run_holds_lets_its_device_go() -> None:
    wide = Item("j", Need(gpus=1), servers=("a",))
    state = State(TWO, SERVERS, waiting=(wide,), serving={"a": ("0",)}, withheld=frozenset({"1"}))

    assert decide(state) == Stop("a")
    assert decide(state.without("a")) is None


def test_a_server_that_needs_all_memory_is_up_for_its_jobs_one_after_the_other() -> None:
    capacity = Capacity(slots=4, memory_bytes=10)
    servers = {"a": ServerItem("a", Need(memory_bytes=12), 5), "b": ServerItem("b", Need(memory_bytes=1), 5)}
    jobs = [Item(name, Need(memory_bytes=1), servers=(model,)) for name, model in zip("xyz", "baa", strict=True)]

    schedule = simulate(tuple(jobs), servers, capacity)

    assert [stint.model for stint in schedule.stints] == ["b", "a"]
    assert [bar.job for bar in schedule.bars] == ["x", "y", "z"]
    assert schedule.seconds == 13


def test_who_waits_for_another_runs_device_is_overtaken() -> None:
    state = State(TWO, waiting=(needs(2, "wide"), needs(1, "long", seconds=99)), withheld=frozenset({"1"}))

    assert started(decide(state)) == "long"


needs_of_all_kinds = st.builds(
    Need,
    gpus=st.integers(0, 3),
    devices=st.lists(st.sampled_from("0123"), unique=True, max_size=2).map(tuple),
    device_bytes=st.sampled_from((0, 10, 50)),
    memory_bytes=st.integers(0, 12),
)
tasks = st.tuples(
    st.lists(
        st.builds(
            Item,
            id=st.uuids().map(str),
            need=needs_of_all_kinds,
            seconds=st.integers(1, 9).map(float),
            servers=st.lists(st.sampled_from("abc"), unique=True, max_size=2).map(tuple),
            lane=st.sampled_from(("", "", "x", "y")),
        ),
        max_size=12,
    ),
    st.fixed_dictionaries(
        {model: st.builds(ServerItem, st.just(model), needs_of_all_kinds, st.integers(0, 3)) for model in "abc"}
    ),
    st.builds(
        Capacity,
        st.lists(st.sampled_from((0, 20, 80)), max_size=4).map(
            lambda sizes: tuple(Device(str(number), size) for number, size in enumerate(sizes))
        ),
        slots=st.integers(1, 4),
        memory_bytes=st.sampled_from((0, 5, 20)),
    ),
)


MORE_THAN_ALL_BESIDE_NOTHING = (
    [*(Item(name) for name in "xyz"), Item("ab", servers=("a", "b"))],
    {model: ServerItem(model, Need(memory_bytes=size)) for model, size in {"a": 5, "b": 1, "c": 0}.items()},
    Capacity(slots=2, memory_bytes=5),
)


@settings(max_examples=300)
@given(tasks)
@example(MORE_THAN_ALL_BESIDE_NOTHING)
def test_every_job_that_can_run_does_and_nothing_is_ever_shared(
    task: tuple[list[Item], Mapping[str, ServerItem], Capacity],
) -> None:
    items, servers, capacity = task

    schedule = simulate(tuple(items), servers, capacity)

    able = {item.id for item in items if not why_never(item, servers, capacity)}
    assert {bar.job for bar in schedule.bars} == able
    assert len(schedule.bars) == len(able)
    assert set(schedule.never) == {item.id for item in items} - able
    _assert_within(schedule, {item.id: item for item in items}, servers, capacity)


def _assert_within(
    schedule: Schedule, items: Mapping[str, Item], servers: Mapping[str, ServerItem], capacity: Capacity
) -> None:
    sizes = {device.id: device.memory_bytes for device in capacity.devices}
    for moment in {part.began_s for part in (*schedule.bars, *schedule.stints)}:
        bars = [bar for bar in schedule.bars if bar.began_s <= moment < bar.ended_s]
        stints = [stint for stint in schedule.stints if stint.began_s <= moment < stint.ended_s]
        held = [name for part in (*bars, *stints) for name in part.devices]
        assert len(held) == len(set(held)), "a device is shared"
        assert set(held) <= set(sizes)
        assert len(bars) <= capacity.slots
        lanes = [items[bar.job].lane for bar in bars if items[bar.job].lane]
        assert len(lanes) == len(set(lanes)), "a lane is shared"
        assert {model for bar in bars for model in bar.servers} <= {stint.model for stint in stints}
        needs = [items[bar.job].need for bar in bars] + [servers[stint.model].need for stint in stints]
        if capacity.memory_bytes and len(needs) > 1:
            shares = [min(need.memory_bytes, capacity.memory_bytes) for need in needs]
            # A job may need more than all together with its own servers; one that needs none is in nobody's way.
            asking = [bar for bar in bars if any(need.memory_bytes for need in _needs_of(bar, items, servers))]
            assert sum(shares) <= capacity.memory_bytes or len(asking) == 1
    for part, need in (
        *((bar, items[bar.job].need) for bar in schedule.bars),
        *((stint, servers[stint.model].need) for stint in schedule.stints),
    ):
        assert len(part.devices) == need.count
        if need.devices:
            assert set(part.devices) == set(need.devices)
        else:
            assert all(not sizes[name] or sizes[name] >= need.device_bytes for name in part.devices)


def _needs_of(bar: Bar, items: Mapping[str, Item], servers: Mapping[str, ServerItem]) -> list[Need]:
    return [items[bar.job].need, *(servers[model].need for model in bar.servers)]
