"""The jobs of a live run: each is read or started in its turn, its calls are accounted for, its report is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import replace
from pathlib import Path

from hub import answers
from hub.accounting import Account, account_of, gather_ledger
from hub.demand import workload_of
from hub.devicelocks import DeviceLocks
from hub.dispatch import Dispatch, Orders, Turn
from hub.engine import Engine, Placement
from hub.errors import GatewayError, ServerError
from hub.execution import Workplace, execute, no_verdict, not_begun, read_again
from hub.files import write_atomic
from hub.gateway import Gateway, Route
from hub.interrupts import held
from hub.job import Ending
from hub.jobfolder import PREVIOUS as SHELF
from hub.jobfolder import shelve, with_past
from hub.ledger import count_rows
from hub.observer import Observer, Preparing, Said
from hub.outset import Course, Outset
from hub.plan import PlannedJob
from hub.prepare import Environments
from hub.reading import OUTPUT, read_outcome
from hub.registry import load_adapter
from hub.report import JobReport, JobState
from hub.routes import Ways, books_of, route_of
from hub.runs import JobRecord, RunFolder
from hub.serving import Servers
from hub.serving.live import Ground, LiveServers
from hub.serving.place import server_socket, sockets_dir
from hub.settings import Settings

_FORMER_ENDS_S = 20.0  # a gateway whose hub was killed lets calls end that are under way


class Jobs:
    """What is left to do of a run.

    Attributes:
        lost: why no job can reach its model any more; empty while they can.
    """

    def __init__(
        self, folder: RunFolder, outset: Outset, settings: Settings, planned: tuple[PlannedJob, ...]
    ) -> None:
        """Hold the jobs; `planned` are those of the outset that are not kept, with all that is known by now."""
        self.lost = ""
        self._folder = folder
        self._outset = outset
        self._settings = settings
        self._planned = planned
        self._dispatch: Dispatch | None = None
        self._state_file = answers.run_file(settings.state_dir, folder.record.run_id)

    def carry_out(self, engine: Engine, environments: Environments, observe: Observer) -> Iterator[JobReport]:
        """Yield the report of each job, once it is in job.json; ends early where the user or the gateway ends."""
        lines = tuple(self._placed(job, environments) for job in self._folder.record.jobs)
        self._folder.update(state="running", jobs=lines, environments=tuple(environments.values()))
        # The ends of gateway and servers, too, are not to be cut short.
        with held() as interrupted, self._gateway(engine) as gateway, ExitStack() as stack:
            servers = self._servers(engine, environments, observe, lambda: interrupted() or bool(self._failure()))
            stack.enter_context(servers)
            if gateway:
                answers.belong_to(self._settings.state_dir, self._folder.record.run_id, self._folder.path)
            work = Workplace(
                self._folder.record.run_id,
                engine,
                environments,
                observe,
                lambda: _loss(gateway),
                interrupted,
                broken=self._failure,
                verdict=gateway.verdict if gateway else no_verdict,
                settle=self._account,
            )
            self._dispatch = self._dispatched(work, gateway, servers)
            with closing(self._dispatch.reports()) as reports:
                for report in reports:
                    yield report
                    if self._job(report.id).job.gateway:
                        self.lost = _loss(gateway)

    def _failure(self) -> str:
        """Return why the run cannot go on; empty while it can."""
        return self._dispatch.failure if self._dispatch else ""

    def _dispatched(self, work: Workplace, gateway: Gateway | None, servers: Servers) -> Dispatch:
        """Return what starts the jobs, each in its turn."""
        locks = DeviceLocks(self._settings.state_dir, f"run {work.run_id}", lambda: _clear(work))
        plan = self._outset.plan.with_jobs(self._planned)

        def in_turn(turn: Turn) -> JobReport:
            return self._in_turn(turn, gateway, work, servers)

        def refuse(job: str, why: str) -> JobReport:
            return self._kept(not_begun(self._job(job), why, work))

        def halted() -> bool:
            return work.interrupted() or bool(self.lost)

        orders = Orders(in_turn, refuse, halted, lambda job, text: work.observe(Said(job, text)))
        return Dispatch(workload_of(plan, self._settings), servers, locks, orders)

    def _in_turn(self, turn: Turn, gateway: Gateway | None, work: Workplace, servers: Servers) -> JobReport:
        """Carry a job out on its devices, once its servers answer."""
        planned = self._job(turn.job)
        planned = replace(planned, job=replace(planned.job, gpus=turn.devices))
        record = self._folder.record.job(turn.job)
        if record and record.gpus != turn.devices:
            self._folder.update_job(turn.job, gpus=turn.devices)
        try:
            for name, devices in turn.servers.items():
                servers.start(name, devices)
        except ServerError as error:
            return self._kept(not_begun(planned, error.message, work))

        def loss() -> str:
            return _loss(gateway) or next(filter(None, map(servers.lost, planned.servers)), "")

        return self._kept(self._carry_out(planned, gateway, replace(work, loss=loss)))

    def _job(self, job_id: str) -> PlannedJob:
        return next(planned for planned in self._planned if planned.id == job_id)

    def _servers(
        self, engine: Engine, environments: Environments, observe: Observer, interrupted: Callable[[], bool]
    ) -> LiveServers:
        run_id, folder = self._folder.record.run_id, self._folder.path
        sockets = sockets_dir(self._settings, engine.isolation)
        ground = Ground(run_id, folder, sockets, engine, environments, observe, interrupted)
        return LiveServers(self._outset.plan.servers, ground)

    def _placed(self, job: JobRecord, environments: Environments) -> JobRecord:
        """Return a job's line with what it will run in, and on which weights."""
        planned = next((part for part in self._planned if part.id == job.id), None)
        if planned is None:
            return job
        return job.model_copy(update={"environment": environments[planned.job.image], "weights": planned.weights})

    def _gateway(self, engine: Engine) -> AbstractContextManager[Gateway | None]:
        """Return the gateway of the jobs that need one; None where no job does."""
        gate, run_id = self._outset.plan.gateway, self._folder.record.run_id
        routes = [
            self._route(planned, engine, self._starts(planned) + 1)
            for planned in self._planned
            if planned.job.gateway
        ]
        if not routes:
            return nullcontext()
        books = books_of(gate, self._settings, run_id)
        patience_s = _FORMER_ENDS_S if self._outset.resumed else 0.0
        return Gateway.start(self._settings, run_id, tuple(routes), books, patience_s=patience_s)

    def _route(self, planned: PlannedJob, engine: Engine, session: int) -> Route:
        gate, folder = self._outset.plan.gateway, self._folder.job_folder(planned.id)
        user = engine.job_user(folder)
        return route_of(planned, gate, self._ways(engine), user=user, session=session, folder=folder)

    def _ways(self, engine: Engine) -> Ways:
        place, run_id = sockets_dir(self._settings, engine.isolation), self._folder.record.run_id
        names = (server.name for server in self._outset.plan.servers)
        sockets = {name: server_socket(place, run_id, number) for number, name in enumerate(names)}
        return Ways(self._outset.who, sockets)

    def _carry_out(self, planned: PlannedJob, gateway: Gateway | None, work: Workplace) -> JobReport:
        """Read what the job left where that is all it needs, else run it."""
        folder, adapter = self._folder.job_folder(planned.id), load_adapter(planned.evaluation.backend)
        course = self._outset.course(planned.id)
        if course.step == "read" and (outcome := read_outcome(folder)):
            report = read_again(planned, adapter, folder, outcome, work)
            if report.state is JobState.SUCCEEDED or work.interrupted():
                return report
        if self._starts(planned):
            self._account(planned)
            shelve(folder)
        sockets = gateway.socket_dir(planned.id) if gateway and planned.job.gateway else None

        def settle(job: PlannedJob) -> Account:
            if gateway and job.job.gateway and gateway.alive():
                _end(gateway, job.id)
            return self._account(job)

        def serve_again(job: PlannedJob) -> None:
            if gateway and job.job.gateway:
                gateway.end_job(job.id)
                gateway.begin_job(self._route(job, work.engine, self._starts(job)))

        place = Placement(work.run_id, folder, sockets)

        def calls() -> int:
            return count_rows(self._state_file, planned.id)

        work = replace(work, settle=settle, serve_again=serve_again, calls=calls)
        return execute(_with_past(planned, folder, course), adapter, place, work)

    def _account(self, planned: PlannedJob) -> Account:
        """Write down, for good, what the starts of a job have asked; return what it means."""
        start = self._starts(planned)
        rows = gather_ledger(self._folder.job_folder(planned.id), planned.id, self._state_file, start)
        return account_of(planned, rows, self._outset.plan, load_adapter(planned.evaluation.backend), start)

    def _kept(self, report: JobReport) -> JobReport:
        record = self._folder.record.job(report.id)
        whole = report.model_copy(update={"starts": record.starts if record else 1})
        folder = self._folder.job_folder(report.id)
        folder.mkdir(parents=True, exist_ok=True)  # a job whose server did not come up has none
        write_atomic(folder / "job.json", whole.model_dump_json(indent=2) + "\n")
        return whole

    def _starts(self, planned: PlannedJob) -> int:
        record = self._folder.record.job(planned.id)
        return record.starts if record else 0


def _clear(work: Workplace) -> None:
    """Remove the jobs of a dead hub: one may still be at work on a device that was its own."""
    for line in work.engine.reap():
        work.observe(Preparing("leftovers", line))


def ended_well(folder: Path) -> bool:
    """Return whether a job came to its end with exit code 0 while evaldock watched."""
    outcome = read_outcome(folder)
    return outcome is not None and outcome.ending is Ending.SUCCEEDED


def _end(gateway: Gateway, job_id: str) -> None:
    """Have a job's rows written down; what a gateway that dies meanwhile has written by then is all there is."""
    try:
        gateway.end_job(job_id)
    except GatewayError:
        if gateway.alive():
            raise


def _loss(gateway: Gateway | None) -> str:
    """Return why the gateway is no more, in its own last words; nothing while it lives, or where none is needed."""
    if gateway is None or gateway.alive():
        return ""
    last = gateway.last_words().strip().rpartition("\n")[2]
    return "the gateway died, through which jobs reach their models" + (f": {last}" if last else "")


def _with_past(planned: PlannedJob, folder: Path, course: Course) -> PlannedJob:
    """Return the job with what its last start left, where it loads the weights itself: no cache remembers that."""
    past = folder / SHELF / OUTPUT
    if course.anew or planned.evaluation.model.via != "in_job" or not past.is_dir():
        return planned
    return replace(planned, job=with_past(planned.job, past))
