"""What a run sets out with: its plan, its engine, and what becomes of each job. New runs start all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from hub.engines import Choice
from hub.plan import Plan, PlannedJob
from hub.prepare import Environments
from hub.routes import WhoAnswers


class Course(NamedTuple):
    """What a run does with one job: keep its report, read what it left, or start it; `anew`: without its past."""

    step: Literal["keep", "read", "start"]
    anew: bool = False


def just_begin(_environments: Environments, _jobs: tuple[PlannedJob, ...]) -> None:
    """Change nothing: the run is new."""


@dataclass(frozen=True)
class Outset:
    """What a run sets out with.

    Attributes:
        plan: all its jobs, those that are kept, too.
        courses: by job; one that is missing is started.
        who: says who answers at an endpoint.
        begin: called once all is prepared. It raises where that is not what the run began with; else it makes the run
            folder ready. Until it returns, a run that is resumed can still be left as it was.
        resumed: whether the run had begun before.
    """

    plan: Plan
    choice: Choice
    who: WhoAnswers
    courses: Mapping[str, Course]
    begin: Callable[[Environments, tuple[PlannedJob, ...]], None] = just_begin
    resumed: bool = False

    def course(self, job_id: str) -> Course:
        """Return what becomes of a job."""
        return self.courses.get(job_id, Course("start"))

    @property
    def kept(self) -> tuple[str, ...]:
        """Return the ids of the jobs whose reports stay."""
        return tuple(planned.id for planned in self.plan.jobs if self.course(planned.id).step == "keep")
