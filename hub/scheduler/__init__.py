"""The scheduler: which job is started when, on which GPUs, beside which model servers. Pure: it decides, others act.

The jobs have an order, found once (`best_order`); nobody who is first in it is made to wait for one behind him.
`decide` says the next single step for a state; `simulate` plays all steps through with expected times, for a chart.
"""

from hub.scheduler.decide import Start, State, Step, Stop, decide
from hub.scheduler.items import PROCESSORS, Capacity, Device, Item, Need, Running, ServerItem
from hub.scheduler.ordering import best_order
from hub.scheduler.room import why_never
from hub.scheduler.simulate import Bar, Schedule, Stint, simulate

__all__ = [
    "PROCESSORS",
    "Bar",
    "Capacity",
    "Device",
    "Item",
    "Need",
    "Running",
    "Schedule",
    "ServerItem",
    "Start",
    "State",
    "Step",
    "Stint",
    "Stop",
    "best_order",
    "decide",
    "simulate",
    "why_never",
]
