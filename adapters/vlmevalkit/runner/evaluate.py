"""One data set from its tables to VLMEvalKit's own results: placed, loaded, asked, scored, accounted for."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import vlmeval.api
import vlmeval.run
from vlmeval.config import supported_VLM
from vlmeval.smp.log import setup_logger
from vlmeval.utils.arguments import Arguments

from adapters.runtime import job
from adapters.vlmevalkit.contract import FAILURES_FILE, JUDGE_LABEL, MODEL_LABEL, WORK, Dataset, Task
from adapters.vlmevalkit.runner.build import Loaded, build
from adapters.vlmevalkit.runner.client import Client
from adapters.vlmevalkit.runner.course import Course
from adapters.vlmevalkit.runner.decoding import Decoding
from adapters.vlmevalkit.runner.failures import Failures
from adapters.vlmevalkit.runner.lmudata import lay_out
from adapters.vlmevalkit.runner.local import Watched
from adapters.vlmevalkit.runner.meter import Meter
from adapters.vlmevalkit.runner.models import NO_KEY, GatewayModel, JudgeModel
from adapters.vlmevalkit.runner.outcome import OutcomeError, facts_of, verdict
from adapters.vlmevalkit.runner.prompts import Account
from adapters.vlmevalkit.runner.reading import Reading
from adapters.vlmevalkit.runner.reasons import LastWords
from adapters.vlmevalkit.runner.resume import take_over
from adapters.vlmevalkit.runner.status import Status
from adapters.vlmevalkit.runner.tables import own_columns
from adapters.vlmevalkit.runner.texts import stand_in
from adapters.vlmevalkit.runner.wire import Line

_NOWHERE = "http://127.0.0.1:1"  # where a job has no way to a gateway


class Evaluated:
    """One data set while it is evaluated; `scratch` is a folder of its own that does not exist yet."""

    def __init__(self, task: Task, dataset: Dataset, scratch: Path, status: Status) -> None:
        """Take what there is to do."""
        self._task, self._dataset, self._status = task, dataset, status
        self._output = job.path(job.OUTPUT)
        self._work = self._output / WORK / dataset.file
        self._scratch = scratch
        self._failures = Failures(self._output / FAILURES_FILE, dataset.label)
        self._words = LastWords()
        self._meter: Meter
        self._candidate: Client
        self._decoding: Decoding

    def run(self, weights: Any) -> None:
        """Evaluate it; `weights` is the loaded model, None for an endpoint.

        Raises:
            Exception: it could not be evaluated, for reasons of any kind.
        """
        resumed = take_over(self._task, self._dataset, self._output)
        lay_out(self._dataset, self._scratch)
        arguments = self._arguments()
        self._settle()
        loaded = build(self._dataset, self._task.model.known_as, vars(arguments))
        stand_in().keep(loaded.object.data)
        self._status.update(self._dataset, **loaded.facts())
        self._meter = Meter(self._dataset.label, loaded.planned)
        self._decoding = Decoding(at_once=weights is not None)
        account = Account(self._output, self._dataset.file, self._decoding.shown)
        loaded.object.build_prompt = account.watch(loaded.object.build_prompt)
        course = Course(self._dataset, loaded.object, self._status, lambda: self._score(loaded, resumed=resumed))
        reading = Reading(self._task.seed)
        release = self._introduce(weights, account)
        self._decoding.begin()
        try:
            with course.watched(vlmeval.run), reading.watched():
                vlmeval.run.run_task(arguments)
        finally:
            self._decoding.end()
            release()
            facts = {**self._counts(), **facts_of(self._work, self._dataset.name)}
            self._status.update(self._dataset, prompt=account.digest(), **facts)
        skipped = verdict(course, self._words.text)
        read = reading.counts(str(loaded.object.TYPE), self._dataset.reader, loaded.planned)
        self._status.update(self._dataset, state="ok", skipped=skipped, **read)

    def _settle(self) -> None:
        """Begin each data set alike, whatever came before it."""
        seed = self._task.seed
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002 - VLMEvalKit draws from the global one
        torch.manual_seed(seed)
        stand_in().begin(own_columns(self._dataset))
        log = setup_logger(log_file=str(self._work / "logs" / "vlmevalkit.log"), reset=True)
        log.addHandler(self._words)

    def _arguments(self) -> Arguments:
        judge = self._url("judge")
        # What ignores the judge that it is given asks here, not a public service.
        os.environ["OPENAI_API_BASE"] = f"{judge}/chat/completions"
        if self._dataset.reader == "judge":
            os.environ["OPENAI_API_KEY"] = NO_KEY
        else:
            os.environ.pop("OPENAI_API_KEY", None)
        return Arguments(
            data=[self._dataset.name],
            model=[MODEL_LABEL],
            work_dir=str(self._work),
            api_nproc=self._task.concurrency,
            retry=1,
            judge=JUDGE_LABEL if self._dataset.reader == "judge" else "exact_matching",
            judge_args=json.dumps(dict(self._dataset.judge_options)) if self._dataset.judge_options else None,
            judge_base_url=judge,
            judge_key=NO_KEY,
            judge_retry=1,
            judge_timeout=int(self._task.request_timeout_s),
            OPENAI_API_KEY=NO_KEY,
        )

    def _introduce(self, weights: Any, account: Account) -> Callable[[], None]:
        """Make the models known to VLMEvalKit under the names that it is given; return what takes that back."""
        self._candidate = Client(
            "candidate",
            MODEL_LABEL,
            Line(self._url("candidate"), self._task.request_timeout_s),
            self._failures,
            {"temperature": 0.0, "max_tokens": 2048, **self._dataset.generation},
            self._answered,
        )
        self._judge = Client(
            "judge", JUDGE_LABEL, Line(self._url("judge"), self._task.request_timeout_s), self._failures
        )
        JudgeModel.current = self._judge
        vlmeval.api.OpenAIWrapper = JudgeModel
        if weights is None:
            supported_VLM[MODEL_LABEL] = lambda **_: GatewayModel(self._task.model, self._candidate, account.shown)
            return lambda: None
        watched = Watched(weights, self._output, self._dataset.label, account, self._answered)
        supported_VLM[MODEL_LABEL] = lambda **_: weights
        return watched.release

    def _answered(self, failed: bool) -> None:  # noqa: FBT001 - a callback
        self._meter.step(errors=int(failed))

    def _score(self, loaded: Loaded, *, resumed: bool) -> None:
        """Turn from asking to scoring; where no request at all was answered there is nothing to score."""
        self._decoding.end()
        vars(loaded.object).pop("build_prompt", None)  # it cannot travel to the processes that score
        if self._failures.count("candidate") and not self._candidate.answered and not resumed:
            raise OutcomeError(f"no request was answered: {self._failures.first}")
        self._meter.scoring()

    def _counts(self) -> dict[str, int]:
        return {
            "infer_failed": self._failures.count("candidate"),
            "judge_failed": self._failures.count("judge"),
            "empty": self._failures.count_empty("candidate"),
        }

    def _url(self, role: str) -> str:
        if "EVALDOCK_GATEWAY" not in os.environ:
            return f"{_NOWHERE}/{role}/v1"
        return job.gateway_url(role, self._dataset.label)
