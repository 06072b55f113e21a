"""The parts of the runner that need no OpenCompass: places, forks, status, meter, wire, models."""

from __future__ import annotations

import json
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.opencompass.contract import Dataset, Model, Part, Task
from adapters.opencompass.runner import stages
from adapters.opencompass.runner import watch as watch_module
from adapters.opencompass.runner.configs import ConfigError, experiment, own_parts, refuse_templates
from adapters.opencompass.runner.forks import how_it_died, in_fork
from adapters.opencompass.runner.generation import generation_of, prompts_per_row
from adapters.opencompass.runner.meter import Meter
from adapters.opencompass.runner.models import ModelError, is_chat, model_config
from adapters.opencompass.runner.places import MissingDataError, absolute, data_folder, standing_in
from adapters.opencompass.runner.protocol import data_digest, few_shot_of
from adapters.opencompass.runner.resume import take_over, task_digest
from adapters.opencompass.runner.session import Held, Session
from adapters.opencompass.runner.status import Status
from adapters.opencompass.runner.watch import Watch, watching
from adapters.opencompass.runner.wire import RequestError, answer_of, messages_of, text_of
from adapters.runtime.ledger import FILE as LEDGER_FILE
from adapters.runtime.ledger import Call, Ledger

ENDPOINT = Model("endpoint", "m")
CHECKPOINT = Model("checkpoint", "m", "/models/m", dtype="bfloat16")
DATASET = Dataset("set", "x/x_gen", "/data/opencompass", (Part("a", "a", "one"), Part("b", "b", "two")))


def task(model: Model = ENDPOINT, **fields: Any) -> Task:
    return Task(model, (DATASET,), seed=1, concurrency=8, request_timeout_s=60.0, **fields)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a job's tree."""
    for folder in ("job/output", "data", "models/m"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setenv("EVALDOCK_ROOT", str(tmp_path))
    return tmp_path


@pytest.fixture
def session(root: Path) -> Session:
    """Return a session with two parts that are loaded."""
    output = root / "job" / "output"
    found = Session(task(), output, root / "scratch", Status(output / "status.json", "digest"))
    for part in DATASET.parts:
        found.parts[part.file] = Held(DATASET, part, {"abbr": part.file}, root, root / "data", None, 3)
        found.status.announce(DATASET, part, planned=3)
    return found


def events(root: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (root / "job" / "output" / "events.jsonl").read_text().splitlines()]


class TestPlaces:
    def test_the_folder_above_the_data_will_do(self, root: Path) -> None:
        (root / "data" / "opencompass" / "data").mkdir(parents=True)

        assert data_folder("/data/opencompass", root).name == "data"

    def test_data_that_are_not_there_are_named_as_the_job_sees_them(self, root: Path) -> None:
        with pytest.raises(MissingDataError, match="there is no folder /data/opencompass"):
            data_folder("/data/opencompass", root)

    def test_paths_to_data_become_absolute_whatever_their_form(self) -> None:
        config = {
            "path": "opencompass/gsm8k",
            "data_files": "./data/X/val.jsonl",
            "more": [{"path": "data/CMB/"}],
            "infer_cfg": {"template": "the data/ of ./data/ is here", "type": "opencompass/gsm8k"},
        }

        found = absolute(config, Path("/d"), {"opencompass/gsm8k": "./data/gsm8k/"})

        assert found == {
            "path": "/d/gsm8k/",
            "data_files": "/d/X/val.jsonl",
            "more": [{"path": "/d/CMB/"}],
            "infer_cfg": {"template": "the data/ of ./data/ is here", "type": "opencompass/gsm8k"},
        }

    def test_a_place_has_its_data_beside_it_and_is_left_again(self, root: Path) -> None:
        before = Path.cwd()
        with standing_in(root / "place", root / "data"):
            inside = (Path("data").resolve(), os.environ["COMPASS_DATA_CACHE"])

        assert inside == ((root / "data").resolve(), str(root / "place"))
        assert Path.cwd() == before


class TestWire:
    def test_turns_get_the_roles_of_openai(self) -> None:
        prompt = [{"role": "SYSTEM", "prompt": "s"}, {"role": "HUMAN", "prompt": "h"}, {"role": "BOT", "prompt": "b"}]

        assert [turn["role"] for turn in messages_of(prompt)] == ["system", "user", "assistant"]
        assert text_of(prompt) == "s\nh\nb"

    def test_a_text_is_one_turn(self) -> None:
        assert messages_of("hello") == [{"role": "user", "content": "hello"}]

    @pytest.mark.parametrize(
        ("chat", "choice"), [(True, {"message": {"content": " yes \n"}}), (False, {"text": "\nyes"})]
    )
    def test_an_answer_loses_the_blanks_around_it(self, *, chat: bool, choice: dict[str, Any]) -> None:
        assert answer_of(200, json.dumps({"choices": [choice]}).encode(), chat=chat) == "yes"

    def test_no_content_is_an_empty_answer(self) -> None:
        assert answer_of(200, b'{"choices": [{"message": {"content": null}}]}', chat=True) == ""

    def test_an_error_is_told_in_the_gateways_words(self) -> None:
        with pytest.raises(RequestError, match="HTTP 502: it is down"):
            answer_of(502, b'{"error": {"message": "it is down"}}', chat=True)

    @pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"choices": []}', b'{"choices": [{}]}', b"\xff"])
    def test_what_is_no_answer_is_an_error(self, body: bytes) -> None:
        with pytest.raises(RequestError, match="not an answer in OpenAI's form"):
            answer_of(200, body, chat=True)


class TestModel:
    def test_examples_are_turns_unless_the_task_wants_one_message(self) -> None:
        turns, glued = (model_config(task(replace(ENDPOINT, turns=turns))) for turns in (True, False))

        assert [part["role"] for part in turns["meta_template"]["round"]] == ["HUMAN", "BOT"]
        assert "meta_template" not in glued

    def test_an_endpoint_of_plain_text_has_no_turns(self) -> None:
        assert "meta_template" not in model_config(task(replace(ENDPOINT, chat=False)))

    def test_a_checkpoint_runs_no_code_of_its_own(self, root: Path) -> None:
        (root / "models" / "m" / "config.json").write_text('{"max_position_embeddings": 512}')

        found = model_config(task(CHECKPOINT))

        assert found["model_kwargs"] == {"torch_dtype": "torch.bfloat16", "trust_remote_code": False}
        assert found["tokenizer_kwargs"]["trust_remote_code"] is False
        assert found["max_seq_len"] == 512

    def test_a_checkpoint_without_a_length_asks_for_one(self, root: Path) -> None:
        (root / "models" / "m" / "config.json").write_text("{}")

        with pytest.raises(ModelError, match=r"options\.max_seq_len"):
            model_config(task(CHECKPOINT))

    @pytest.mark.parametrize(
        ("file", "text", "chat"),
        [
            ("tokenizer_config.json", '{"chat_template": "x"}', True),
            ("tokenizer_config.json", "{}", False),
            ("chat_template.jinja", "x", True),
            ("other", "", False),
        ],
    )
    def test_a_template_makes_a_chat_model(self, root: Path, file: str, text: str, *, chat: bool) -> None:
        (root / "models" / "m" / file).write_text(text)

        assert is_chat(CHECKPOINT) is chat
        assert is_chat(replace(CHECKPOINT, chat=not chat)) is not chat

    def test_the_runner_of_processes_takes_opencompass_own_models(self, root: Path) -> None:
        (root / "models" / "m" / "config.json").write_text('{"seq_length": 8}')

        found = experiment(
            Session(task(CHECKPOINT, runner="local"), root, root, Status(root / "s", "")),
            model_config(task(CHECKPOINT, runner="local")),
        )

        assert found["models"][0]["type"] == "opencompass.models.HuggingFaceBaseModel"
        assert found["models"][0]["run_cfg"]["num_gpus"] == 0
        assert found["infer"]["runner"]["type"].endswith("ReportingLocalRunner")

    @pytest.mark.parametrize(("devices", "asked", "given"), [("0,1", 1, 1), ("0,1", 4, 2), ("", 1, 0)])
    def test_its_processes_have_as_many_gpus_as_asked_and_there(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, devices: str, asked: int, given: int
    ) -> None:
        (root / "models" / "m" / "config.json").write_text('{"seq_length": 8}')
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", devices)

        found = model_config(task(CHECKPOINT, runner="local", gpus_per_task=asked))

        assert found["run_cfg"]["num_gpus"] == given

    def test_what_mmengine_would_replace_is_no_path(self) -> None:
        refuse_templates(["/data/{x}"])
        with pytest.raises(ConfigError, match="may not stand in a path"):
            refuse_templates(["/data/{{$HOME}}"])


class TestProtocol:
    def test_rows_have_a_digest_that_chance_does_not_change(self) -> None:
        assert data_digest([{"answers": ["a", "b"], "n": 1}]) == data_digest([{"n": 1, "answers": ["b", "a"]}])
        assert data_digest([{"n": 1}]) != data_digest([{"n": 2}])

    def test_examples_are_counted_where_a_retriever_takes_them(self) -> None:
        assert few_shot_of({"retriever": {"fix_id_list": [0, 1, 2]}}) == 3

    def test_examples_are_counted_where_they_are_turns(self) -> None:
        turns = [
            {"role": "HUMAN"},
            {"role": "BOT"},
            {"role": "HUMAN"},
            {"role": "BOT"},
            {"role": "HUMAN"},
            {"role": "BOT"},
        ]

        assert few_shot_of({"retriever": {}, "prompt_template": {"template": {"round": turns}}}) == 2


class TestGeneration:
    def test_nothing_is_drawn_unless_it_is_warm(self) -> None:
        assert generation_of({"top_p": 0.9}) == {}
        assert generation_of({"temperature": 0.5, "top_p": 0.9, "stop": ["x"]}) == {
            "do_sample": True,
            "temperature": 0.5,
            "top_p": 0.9,
        }

    def test_a_penalty_holds_without_drawing(self) -> None:
        assert generation_of({"repetition_penalty": 1.1}) == {"repetition_penalty": 1.1}

    @pytest.mark.parametrize(
        ("infer", "count"),
        [
            ({"inferencer": {"labels": ["A", "B", "C"]}}, 3),
            ({"inferencer": {}, "prompt_template": {"template": {0: "x", 1: "y"}}}, 2),
            ({"inferencer": {}, "ice_template": {"template": {"A": "x", "B": "y"}}}, 2),
            ({"inferencer": {}, "prompt_template": {"template": "{question}"}}, 1),
        ],
    )
    def test_each_option_is_a_prompt(self, infer: dict[str, Any], count: int) -> None:
        assert prompts_per_row({"infer_cfg": infer}) == count


class TestMeter:
    def test_parts_of_a_data_set_are_counted_together(self, root: Path) -> None:
        meter = Meter()
        meter.plan("set", 3)
        meter.step("set", 2, errors=1)
        meter.step("set")

        assert events(root)[0] == {"event": "planned", "dataset": "set", "total": 3}
        assert events(root)[-1] == {"event": "progress", "dataset": "set", "done": 3, "total": 3, "errors": 1}


class TestWatch:
    def test_answers_that_another_process_saves_are_told_as_they_come(self, root: Path, session: Session) -> None:
        saved = session.output / "opencompass" / "predictions" / "m" / "tmp_a.json"
        saved.parent.mkdir(parents=True)
        session.meter.plan("set", 6)
        watch = Watch(session, session.parts["a"])
        told = []
        for answers in ({}, {"0": {}}, {"0": {}, "1": {}}):
            saved.write_text(json.dumps(answers))
            watch.look()
            told.append(session.meter.done("set"))
        saved.unlink()  # as OpenCompass does at the end
        watch.look()
        watch.finish()

        assert told == [0, 1, 2]
        assert session.meter.done("set") == 3

    def test_it_looks_for_as_long_as_the_process_runs(
        self, root: Path, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(watch_module, "_INTERVAL_S", 0.001)
        seen = threading.Event()
        watch = Watch(session, session.parts["a"])
        monkeypatch.setattr(watch, "look", seen.set)

        with watching(watch):
            assert seen.wait(10)


class TestForks:
    def test_a_fork_that_comes_to_its_end_says_nothing(self, tmp_path: Path) -> None:
        assert in_fork((tmp_path / "done").touch) == ""
        assert (tmp_path / "done").exists()

    def test_an_error_is_told(self, capfd: pytest.CaptureFixture[str]) -> None:
        def fail() -> None:
            raise ValueError("no good")

        assert in_fork(fail) == "ValueError: no good"
        assert "Traceback" in capfd.readouterr().err

    def test_a_signal_is_told(self) -> None:
        assert "killed" in in_fork(lambda: os.kill(os.getpid(), signal.SIGKILL))
        assert how_it_died(-signal.SIGSEGV) == "the process died of SIGSEGV"
        assert how_it_died(3) == "the process ended with code 3"


class TestStages:
    def test_what_kills_a_fork_costs_its_part_alone(self, session: Session) -> None:
        def work() -> None:
            for file in ("a", "b"):
                if session.status.may_go_on(file):
                    session.status.start(file, "infer")
                    if file == "a":
                        os.kill(os.getpid(), signal.SIGKILL)
                    session.status.finish(file, "infer", 0.1)

        stages._stage(session, "infer", work)

        assert session.status.parts["a"]["state"] == "failed"
        assert "killed" in session.status.parts["a"]["error"]
        assert session.status.is_done("b", "infer")

    def test_a_stage_that_never_starts_fails_every_part(
        self, session: Session, capfd: pytest.CaptureFixture[str]
    ) -> None:
        def work() -> None:
            raise RuntimeError("no experiment")

        stages._stage(session, "infer", work)

        assert {entry["error"] for entry in session.status.parts.values()} == {"RuntimeError: no experiment"}
        assert capfd.readouterr().err.count("Traceback") == 1

    def test_parts_that_failed_before_keep_their_reason(self, session: Session) -> None:
        session.status.fail("a", "infer", "first")

        stages._stage(session, "score", lambda: session.status.finish("b", "score", 0.0))

        assert session.status.parts["a"]["error"] == "first"
        assert session.status.is_done("b", "score")


class TestResume:
    def _previous(self, root: Path, digest: str) -> None:
        folder = root / "job" / "previous" / "opencompass" / "predictions" / "m"
        folder.mkdir(parents=True)
        (folder / "a.json").write_text("{}")
        (folder / "tmp_b.json").write_text("{}")
        (root / "job" / "previous" / "status.json").write_text(json.dumps({"task": digest}))

    def test_a_checkpoints_answers_are_taken_over(self, root: Path, session: Session) -> None:
        session.task = task(CHECKPOINT)
        self._previous(root, task_digest(session.task))
        session.meter.plan("set", 6)

        take_over(session)

        answers = session.output / "opencompass" / "predictions" / "m"
        assert sorted(file.name for file in answers.iterdir()) == ["a.json", "tmp_b.json"]
        assert events(root)[-1]["done"] == 3

    def test_what_they_took_is_accounted_for_once_more_as_nothing_new(self, root: Path, session: Session) -> None:
        session.task = task(CHECKPOINT)
        self._previous(root, task_digest(session.task))
        session.meter.plan("set", 6)
        predictions = root / "job" / "previous" / "opencompass" / "predictions" / "m"
        (predictions / "tmp_b.json").write_text('{"0": {}}')
        with Ledger(root / "job" / "previous") as ledger:
            for sample in ("a/0", "a/2", "b/0", "b/1", "gone/0"):  # b/1 was computed, and not saved
                ledger.add(Call(1.0, "candidate", "set", "completions", sample=sample, tokens_in=7, latency_ms=3.0))
        with (root / "job" / "previous" / LEDGER_FILE).open("a") as file:
            file.write('{"at": 1.0, "ro')

        take_over(session)

        rows = [json.loads(line) for line in (session.output / LEDGER_FILE).read_text().splitlines()]
        assert [row["sample"] for row in rows] == ["a/0", "a/2", "b/0"]
        assert {(row["cached"], row["attempts"], row["latency_ms"], row["tokens_in"]) for row in rows} == {
            (True, 0, 0.0, 7)
        }

    def test_those_of_another_task_are_not(self, root: Path, session: Session) -> None:
        session.task = task(CHECKPOINT)
        self._previous(root, "another")

        take_over(session)

        assert not (session.output / "opencompass").exists()

    def test_an_endpoints_come_from_the_gateway(self, root: Path, session: Session) -> None:
        self._previous(root, task_digest(session.task))

        take_over(session)

        assert not (session.output / "opencompass").exists()


def test_parts_of_an_own_configuration_take_nobodys_files() -> None:
    found = own_parts(["a", "b", "a", "a b", "a-b"], {"a", "a.2"})

    assert [(part.abbr, part.file, part.subset) for part in found] == [
        ("a", "a.3", "a"),
        ("b", "b", "b"),
        ("a", "a.4", "a.4"),
        ("a b", "a-b", "a b"),
        ("a-b", "a-b.2", "a-b"),
    ]


def test_a_prompt_with_a_long_text_may_hold_any_number_of_examples() -> None:
    text = "Question: 1 + 1? Answer: 2. "
    short, long = (
        {"prompt_template": {"template": {"round": [{"role": "HUMAN", "prompt": told}]}}}
        for told in (text, text * 40)
    )

    assert few_shot_of(short) == 0
    assert few_shot_of(long) is None
