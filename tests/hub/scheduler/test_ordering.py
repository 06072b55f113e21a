import time

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.scheduler import Capacity, Device, Item, Need, Schedule, ServerItem, best_order, simulate
from tests.hub.scheduler.optimum import shortest


def machine(gpus: int, slots: int = 16) -> Capacity:
    return Capacity(tuple(Device(str(number)) for number in range(gpus)), slots)


def single(seconds: list[int]) -> tuple[Item, ...]:
    return tuple(Item(f"j{index}", Need(gpus=1), length) for index, length in enumerate(seconds))


def planned(items: tuple[Item, ...], capacity: Capacity, servers: dict[str, ServerItem] | None = None) -> Schedule:
    return simulate(best_order(items, servers or {}, capacity), servers or {}, capacity)


few_jobs = st.integers(1, 4).flatmap(
    lambda gpus: st.tuples(
        st.just(gpus), st.lists(st.tuples(st.integers(1, gpus), st.integers(1, 6)), min_size=1, max_size=7)
    )
)


@settings(max_examples=60)
@given(few_jobs)
def test_up_to_seven_jobs_take_no_tenth_more_than_the_shortest_schedule_there_is(
    task: tuple[int, list[tuple[int, int]]],
) -> None:
    gpus, jobs = task
    items = tuple(Item(f"j{index}", Need(gpus=count), length) for index, (count, length) in enumerate(jobs))

    assert planned(items, machine(gpus)).seconds <= 1.1 * shortest(tuple(jobs), gpus)


@settings(max_examples=60)
@given(st.integers(1, 6), st.lists(st.integers(1, 20), min_size=1, max_size=24))
def test_jobs_of_one_gpu_keep_grahams_bound_in_whatever_order(gpus: int, seconds: list[int]) -> None:
    most = (2 - 1 / gpus) * max(*seconds, sum(seconds) / gpus)

    assert simulate(single(seconds), {}, machine(gpus)).seconds <= most
    assert planned(single(seconds), machine(gpus)).seconds <= most


def test_the_shortest_schedule_is_found_where_the_tasks_order_and_the_longest_first_miss_it() -> None:
    items = single([2, 2, 2, 3, 3])  # 3 + 3 beside 2 + 2 + 2

    assert simulate(items, {}, machine(2)).seconds == 7
    assert planned(items, machine(2)).seconds == 6


def test_the_tasks_order_stays_where_no_other_is_clearly_shorter() -> None:
    items = (*single([20, 20]), Item("last", Need(gpus=1), 20.5))  # that one first would gain a hundredth

    assert best_order(items, {}, machine(2)) == items


def test_one_job_at_a_time_keeps_the_tasks_order() -> None:
    items = single([1, 5, 2])

    assert best_order(items, {}, machine(2, slots=1)) == items


def test_jobs_of_one_model_come_together_so_that_its_server_starts_once() -> None:
    servers = {model: ServerItem(model, Need(gpus=1), 60) for model in "ab"}
    items = tuple(Item(f"j{number}", servers=(model,)) for number, model in enumerate("abab"))

    schedule = planned(items, machine(1), servers)

    assert [stint.model for stint in schedule.stints] == ["a", "b"]
    assert next(bar.job for bar in sorted(schedule.bars, key=lambda bar: bar.began_s)) == "j0"


def test_lanes_run_beside_each_other() -> None:
    items = tuple(Item(f"j{number}", lane=lane) for number, lane in enumerate("aabb"))

    assert planned(items, machine(0, slots=4)).seconds == 2


def test_a_job_that_can_never_run_comes_last_and_stops_nobody() -> None:
    too_big, small = Item("big", Need(gpus=3)), Item("small", Need(gpus=1))

    order = best_order((too_big, small), {}, machine(2))

    assert order == (small, too_big)
    assert simulate(order, {}, machine(2)).never == ("big",)


def test_many_jobs_are_ordered_in_seconds() -> None:
    items = tuple(Item(f"j{n}", Need(gpus=n % 3), 1 + n * 7 % 11, lane=str(n % 5)) for n in range(20))
    before = time.process_time()

    schedule = planned(items, machine(4, slots=4))

    assert time.process_time() - before < 20
    assert len(schedule.bars) == 20
