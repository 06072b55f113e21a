"""The run folder: made, locked, written, found again. run.json is the truth about a run's state."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from hub.errors import PrerequisiteError, RunError, RunNotFoundError
from hub.files import write_atomic
from hub.jobevents import read_events
from hub.report import EnvironmentRecord, JobReport, JobState, Report, Sample
from hub.samples import parse_sample, sample_lines, samples_file
from hub.text import did_you_mean

RUN_SCHEMA_VERSION = 1
RunState = Literal["preparing", "running", "succeeded", "partial", "failed", "cancelled"]
_EVENTS = "events.jsonl"
FINAL: frozenset[str] = frozenset({"succeeded", "partial", "failed", "cancelled"})


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class JobRecord(_Record):
    """One job's line in run.json.

    Attributes:
        starts: how often it was begun, the last start included.
        weights: identities of the models whose weights the job, or a server of the run, loads, with their digests.
        gpus: the devices that its last start had.
        data: fingerprints of the user's own data (`hub.owndata`), by where the job sees them; empty where there are
            none, or a version wrote it that knew none.
    """

    id: str
    model: str
    backend: str
    state: JobState = JobState.QUEUED
    reason: str = ""
    environment: EnvironmentRecord | None = None
    starts: int = 0
    weights: str = ""
    gpus: tuple[str, ...] = ()
    data: dict[str, str] = {}


class RunRecord(_Record):
    """run.json.

    Attributes:
        folder: where the task's relative paths start; empty where a version wrote it that knew no resume.
        upstreams: what stood behind each endpoint when it was first asked (`hub.identity`).
        environments: all that the run prepared, those of its servers among them.
        warnings: what a reader of the report must know beyond the plan.
        resumed_at: seconds since the epoch.
    """

    schema_version: int = RUN_SCHEMA_VERSION
    evaldock_version: str
    run_id: str
    task: str
    task_file: str
    state: RunState = "preparing"
    reason: str = ""
    created_at: float
    ended_at: float | None = None
    engine: str = ""
    engine_reason: str = ""
    hardware: dict[str, str] = {}
    folder: str = ""
    upstreams: tuple[dict[str, Any], ...] = ()
    environments: tuple[EnvironmentRecord, ...] = ()
    warnings: tuple[str, ...] = ()
    resumed_at: tuple[float, ...] = ()
    jobs: tuple[JobRecord, ...] = ()

    def job(self, job_id: str) -> JobRecord | None:
        """Return one job's line."""
        return next((job for job in self.jobs if job.id == job_id), None)


class RunFolder:
    """One run's folder, and the record in it; holds the record in memory while the run is live."""

    def __init__(self, path: Path, record: RunRecord) -> None:
        """Wrap an existing folder."""
        self.path = path
        self.record = record
        self._guard = threading.RLock()  # jobs change it in threads

    def job_folder(self, job_id: str) -> Path:
        """Return the folder of one job."""
        return self.path / "jobs" / job_id

    def update(self, **changes: Any) -> None:
        """Change fields of the record and write run.json."""
        with self._guard:
            record = self.record.model_copy(update=changes)
            write_atomic(self.path / "run.json", record.model_dump_json(indent=2) + "\n")
            self.record = record  # only now: the record is what the file says

    def update_job(self, job_id: str, **changes: Any) -> None:
        """Change fields of one job and write run.json."""
        with self._guard:
            jobs = (job.model_copy(update=changes) if job.id == job_id else job for job in self.record.jobs)
            self.update(jobs=tuple(jobs))

    def log_event(self, event: dict[str, Any]) -> None:
        """Append one event, with its time, to events.jsonl."""
        line = json.dumps({"time": round(time.time(), 3), **event}, ensure_ascii=False)
        with self._guard, (self.path / _EVENTS).open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield what events.jsonl holds by now, whole lines only."""
        return read_events(self.path / _EVENTS)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run's lock: whoever finds it free knows that no hub drives this run.

        Raises:
            RunError: another process drives this run.
        """
        with (self.path / ".lock").open("a", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise self.driven_by_another() from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def driven_by_another(self) -> RunError:
        """Return the refusal of what only the process that holds the lock may do."""
        hint = "`evaldock status --follow` shows it, `evaldock stop` ends it"
        return RunError(f"run {self.record.run_id!r} is driven by {self.driver()}", hint=hint)

    def driver(self) -> str:
        """Return who holds the lock of a live run: `process 123`."""
        try:
            return f"process {int((self.path / '.lock').read_text(encoding='utf-8'))}"
        except (OSError, ValueError):
            return "another process"


@contextmanager
def create_run(runs_dir: Path, record: RunRecord, *, task_text: str, plan_text: str) -> Iterator[RunFolder]:
    """Make the run folder with task.yaml, plan.json and run.json, and hold its lock.

    It is made under another name and appears by one rename, whole and locked. What a killed evaldock leaves of it
    (`.<id>.tmp`) is no run to anyone.

    Raises:
        PrerequisiteError: the runs folder cannot be written.
    """
    path = runs_dir / record.run_id
    draft = RunFolder(runs_dir / f".{record.run_id}.tmp", record)
    with ExitStack() as stack:
        try:
            draft.path.mkdir(parents=True)
            stack.callback(shutil.rmtree, draft.path, ignore_errors=True)  # once renamed, it is not there
            _give_to_owner_of(runs_dir, draft.path)
            (draft.path / "jobs").mkdir()
            write_atomic(draft.path / "task.yaml", task_text)
            write_atomic(draft.path / "plan.json", plan_text)
            draft.update()
            stack.enter_context(draft.lock())  # of the file, not of its name: it outlives the rename
            draft.path.rename(path)
        except OSError as error:
            message = f"cannot write the run folder {path}: {error.strerror}"
            raise PrerequisiteError(message, hint="choose another place with EVALDOCK_RUNS or --runs") from error
        yield RunFolder(path, record)


def _give_to_owner_of(runs_dir: Path, path: Path) -> None:
    """Let a run that root makes belong to whose folder of runs it is; jobs in containers then run as that user."""
    owner = runs_dir.stat()
    if os.getuid() == 0 and owner.st_uid:
        os.chown(path, owner.st_uid, owner.st_gid)


def new_run_id(task: str, text: str, now: float) -> str:
    """Return `<utc time>-<task name>-<8 hex>`; the hash takes in the process, so two at once differ."""
    stamp = datetime.fromtimestamp(now, tz=timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(f"{text}{now!r}{os.getpid()}".encode()).hexdigest()[:8]
    return f"{stamp}-{task}-{digest}"


def open_run(path: Path) -> RunFolder:
    """Read the run in `path`.

    Raises:
        RunNotFoundError: there is no run.json.
        RunError: it cannot be read.
    """
    try:
        record = RunRecord.model_validate_json((path / "run.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunNotFoundError(f"{path} is not a run folder: it has no run.json") from error
    except (ValidationError, OSError, UnicodeDecodeError) as error:
        raise RunError(f"{path / 'run.json'} cannot be read: {error}") from error
    return RunFolder(path, record)


def list_runs(runs_dir: Path) -> tuple[RunFolder, ...]:
    """Return all readable runs, oldest first."""
    found = (_readable(runs_dir / name) for name in _ids(runs_dir))
    return tuple(sorted((run for run in found if run), key=lambda run: run.record.created_at))


def _ids(runs_dir: Path) -> tuple[str, ...]:
    """Return the names of all run folders; those that begin with a dot are still being made."""
    # [!.]: unlike a shell's, pathlib's `*` takes names with a dot.
    return tuple(sorted(path.parent.name for path in runs_dir.glob("[!.]*/run.json")))


def _readable(path: Path) -> RunFolder | None:
    try:
        return open_run(path)
    except RunError:
        return None  # `evaldock status NAME` names the reason


def find_run(runs_dir: Path, name: str) -> RunFolder:
    """Return the run called `name`: a folder, an id, the unique beginning or end of one, or `latest`.

    Raises:
        RunNotFoundError: none or several match.
    """
    if "/" in name or (Path(name) / "run.json").is_file():
        return open_run(Path(name))
    ids = _ids(runs_dir)
    if name == "latest" and ids:
        return list_runs(runs_dir)[-1]
    matches = [found for found in ids if found.startswith(name) or found.endswith(name)]
    if name in ids:
        matches = [name]
    if len(matches) == 1:
        return open_run(runs_dir / matches[0])
    if matches:
        raise RunNotFoundError(f"{name!r} fits {len(matches)} runs: {', '.join(matches[:5])}")
    hint = "`evaldock list runs` shows them" if ids else f"there are no runs in {runs_dir}"
    raise RunNotFoundError(f"no run {name!r}{did_you_mean(name, ids)}", hint=hint)


def is_live(run: RunFolder) -> bool:
    """Return whether a hub drives this run now."""
    try:
        with (run.path / ".lock").open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def may_resume(run: RunFolder) -> bool:
    """Return whether `evaldock resume` could go on with this run: one that is whole, live, or too old, it cannot."""
    return bool(run.record.folder) and run.record.state != "succeeded" and not is_live(run)


def shown_state(run: RunFolder) -> str:
    """Return the state for people: `interrupted` where run.json says live but no hub holds the lock."""
    state = run.record.state
    return state if state in FINAL or is_live(run) else "interrupted"


def read_report(run: RunFolder) -> Report:
    """Read report.json.

    Raises:
        RunError: the run has no report (yet), or none that can be read.
    """
    path = run.path / "report.json"
    try:
        return Report.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        state = shown_state(run)
        message = f"run {run.record.run_id!r} has no report: it is {state}"
        reason = run.record.reason or "`evaldock status` shows its jobs"
        raise RunError(message, hint=reason) from error
    except ValidationError as error:
        raise RunError(f"{path} cannot be read: {error}") from error


def read_job(run: RunFolder, job_id: str) -> JobReport | None:
    """Read job.json, a job's part of the report; None where its last start was not read to its end."""
    try:
        return JobReport.model_validate_json((run.job_folder(job_id) / "job.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def read_samples(run: RunFolder, job_id: str) -> Iterator[Sample]:
    """Yield a job's samples as they are read; none where it has no samples.jsonl.

    Raises:
        RunError: a line is no sample.
    """
    path = samples_file(run.path, job_id)
    for number, _, raw in sample_lines(path) if path.is_file() else ():
        sample = parse_sample(raw)
        if sample is None:
            raise RunError(f"{path}:{number} is no sample")
        yield sample
