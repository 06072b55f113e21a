"""The venv engine: jobs as processes in cached virtual environments, for machines without a container engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from hub.engine import EngineName, Handle, Isolation, Placement, Progress
from hub.engine.namespace import best_fence, counts_processes
from hub.engine.venv.build import build, environment_folder, read_facts
from hub.engine.venv.check import findings
from hub.engine.venv.launch import Spec
from hub.engine.venv.outcome import clear_outcome, read_outcome, write_outcome
from hub.engine.venv.payload import environment_digest, materialize, payload_folder
from hub.engine.venv.process import is_alive, kill, kill_marked, wait_gone
from hub.engine.venv.records import Record, abandoned, folder_of, forget
from hub.engine.venv.tree import clear, job_environment, kept_of_run, plant, root_of, strays_of
from hub.errors import EngineError, ImageError
from hub.finding import Finding
from hub.images import ImageSpec
from hub.job import Ending, Job, JobOutcome
from hub.report import EnvironmentRecord
from hub.settings import Settings

_SLACK_S = 10.0
_KILL_S = 5.0
_START_S = 60.0


class VenvEngine:
    """Run each job under a supervisor process that outlives this one."""

    def __init__(self, settings: Settings, *, grace_s: float = 10.0) -> None:
        """Keep the settings; nothing is looked at or made. Between SIGTERM and SIGKILL a job has `grace_s`."""
        self._grace_s = grace_s
        self._settings = settings
        self._records = folder_of(settings.state_dir)

    @property
    def name(self) -> EngineName:
        """Return the engine's name."""
        return "venv"

    @property
    def isolation(self) -> Isolation:
        """Return `namespace` where jobs are cut off from the network, else `none`."""
        return "none" if best_fence() == "none" else "namespace"

    def check(self, *, gpus: bool, probe: bool = True) -> tuple[Finding, ...]:
        """Look for the Pythons of the locks, for namespaces (a probe), for GPUs where wanted."""
        return findings(self._settings, self.isolation if probe else None, gpus=gpus)

    def find(self, image: ImageSpec) -> EnvironmentRecord | None:
        """Return the environment where it is already in the cache; `prepare` copies the adapter's half without a network.

        Raises:
            ImageError: it comes as a container image alone.
        """
        _require_installable(image)
        facts = read_facts(environment_folder(image, self._settings))
        return None if facts is None else self._record(image, environment_digest(image), facts)

    def prepare(self, image: ImageSpec, progress: Progress) -> EnvironmentRecord:
        """Build the environment where it is not complete, and lay the adapter's half beside it.

        Raises:
            ImageError: it comes as a container image alone, or cannot be built.
        """
        _require_installable(image)
        facts = build(image, self._settings, progress)
        digest = environment_digest(image)
        materialize(image, digest, self._settings)
        return self._record(image, digest, facts)

    def job_user(self, folder: Path) -> tuple[int, int]:  # noqa: ARG002 - the protocol's signature
        """Return our own: a process cannot be given to another user without root."""
        return os.getuid(), os.getgid()

    def submit(self, job: Job, environment: EnvironmentRecord, place: Placement) -> Handle:
        """Make the job's tree and start its supervisor.

        Raises:
            EngineError: a mount's source is missing, or the supervisor did not start.
        """
        place = replace(place, folder=place.folder.absolute())
        clear_outcome(place.folder)
        try:
            plant(job, place)
            return _start_supervisor(self._spec(job, environment, place))
        except BaseException:
            clear(place.folder)
            raise

    def wait(self, handle: Handle, timeout_s: float) -> JobOutcome | None:
        """Return the outcome once the supervisor is gone; LOST where it left none."""
        if not wait_gone(int(handle.id), handle.mark, timeout_s):
            return None
        return self._release(handle)

    def stop(self, handle: Handle, ending: Ending, reason: str) -> JobOutcome:
        """Have the supervisor end the job; where it does not, end the supervisor, and the job dies with it."""
        pid = int(handle.id)
        lived = is_alive(pid, handle.mark)
        kill(pid, handle.mark, signal.SIGTERM)
        if not wait_gone(pid, handle.mark, self._grace_s + _SLACK_S):
            kill(pid, handle.mark, signal.SIGKILL)
            wait_gone(pid, handle.mark, _KILL_S)
        outcome = self._release(handle)
        if lived and outcome.ending in {Ending.STOPPED, Ending.LOST}:
            outcome = replace(outcome, ending=ending, reason=reason)
            if Path(handle.folder).is_dir():  # somebody may have removed it under the job
                write_outcome(Path(handle.folder), outcome)
        return outcome

    def reap(self) -> tuple[str, ...]:
        """End the jobs of dead hubs of this user and remove what they left."""
        return tuple(self._reap(record) for record in abandoned(self._records))

    def _spec(self, job: Job, environment: EnvironmentRecord, place: Placement) -> Spec:
        folder = Path(environment.reference)
        payload = payload_folder(environment.digest, self._settings)
        python = str(folder / "bin" / "python")
        fence = best_fence()
        return Spec(
            argv=[python, "-m", "adapters.runtime.entry", "--", *job.command],
            env=job_environment(job, place, folder, payload, os.environ),
            folder=str(place.folder),
            cwd=str(root_of(place.folder) / "home"),
            records=str(self._records),
            fence=fence,
            network=job.network != "none",
            sockets=kept_of_run(job, place, (folder, payload)),
            memory_bytes=job.limits.memory_bytes,
            timeout_s=job.limits.timeout_s,
            pids=job.limits.pids if counts_processes(fence) else None,
            grace_s=self._grace_s,
        )

    def _record(self, image: ImageSpec, digest: str, facts: Mapping[str, str]) -> EnvironmentRecord:
        return EnvironmentRecord(
            engine=self.name,
            image=image.name,
            reference=str(environment_folder(image, self._settings)),
            digest=digest,
            lock=image.lock_digest,
            python=facts["python"],
            torch=facts["torch"],
        )

    def _release(self, handle: Handle) -> JobOutcome:
        """Read or make up the outcome and remove all that is left of the job but its results."""
        folder = Path(handle.folder)
        outcome = read_outcome(folder)
        if outcome is None:
            kill_marked(strays_of(folder))
            reason = "its supervisor is gone and left no exit status"
            started = handle.started_at
            outcome = JobOutcome(Ending.LOST, None, None, reason, started, max(started, time.time()))
        clear(folder)
        forget(self._records, handle)
        if outcome.ending is Ending.LOST and folder.is_dir():  # last: a full disk must not keep the rest
            write_outcome(folder, outcome)
        return outcome

    def _reap(self, record: Record) -> str:
        name = Path(record.handle.folder).name
        try:
            return self._end_abandoned(record, name)
        except (OSError, EngineError) as error:  # one that cannot be cleaned up must not stop every later run
            return f"left something of job {name!r}: {error}"

    def _end_abandoned(self, record: Record, name: str) -> str:
        if record.same_boot and is_alive(int(record.handle.id), record.handle.mark):
            self.stop(record.handle, Ending.STOPPED, "the hub that started it is gone")
            return f"ended job {name!r} (process {record.handle.id}), whose hub is gone"
        self._release(record.handle)
        return f"removed what job {name!r} left, whose hub is gone"


def _require_installable(image: ImageSpec) -> None:
    if image.published:
        message = f"environment {image.name!r}: it comes as a container image alone ({image.base})"
        raise ImageError(message, hint="use the docker engine, or another `serve.engine`")


def _start_supervisor(spec: Spec) -> Handle:
    argv = (sys.executable, "-m", "hub.engine.venv.supervisor")
    # Nothing of the hub's environment: a job may be able to read its supervisor's.
    env = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            argv,
            env=env,
            cwd="/",
            input=json.dumps(asdict(spec)),
            capture_output=True,
            text=True,
            timeout=_START_S,
            check=False,
            start_new_session=True,
        )
        return Handle(**json.loads(done.stdout))
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"the supervisor of {spec.folder} did not start: {error}") from error
    except (ValueError, TypeError) as error:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise EngineError(f"the supervisor of {spec.folder} did not start: {last[0]}") from error
