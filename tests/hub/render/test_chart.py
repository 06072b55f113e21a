from hub.demand import Workload
from hub.render.chart import chart_lines, schedule_to_json
from hub.scheduler import Capacity, Device, Item, Need, ServerItem

GPUS = Capacity((Device("0"), Device("1")), slots=4)


def test_a_chart_shows_when_where_and_beside_which_server() -> None:
    items = (
        Item("1-a", Need(gpus=1), 100, servers=("q",)),
        Item("2-b", Need(gpus=1), 100),
        Item("3-c", Need(gpus=5), 100),
    )
    work = Workload(items, {"q": ServerItem("q", Need(gpus=1), 100)}, GPUS)

    assert list(chart_lines(work)) == [
        "schedule (up to 4 jobs at once; how long they take is not known: all count alike)",
        "  server q  GPU 1            ---------------------------",
        "  1-a       GPU 0, server q  ###########################",
        "  2-b       GPU 0                                       #############",
        "  3-c: never, for want of GPUs",
    ]


def test_a_chart_says_what_its_times_rest_on() -> None:
    work = Workload((Item("a", seconds=90), Item("b", seconds=90)), {}, Capacity(slots=1), timed=("a",))

    assert next(chart_lines(work)) == (
        "schedule (one job at a time; about 3 min 00 s, by the number of calls where it is known)"
    )


def test_a_schedule_is_json_too() -> None:
    work = Workload((Item("a", Need(gpus=1), 90),), {}, GPUS)

    assert schedule_to_json(work) == {
        "at_once": 4,
        "timed": [],
        "jobs": [{"job": "a", "begins_s": 0, "ends_s": 90, "gpus": ["0"], "servers": []}],
        "servers": [],
        "never": [],
    }
