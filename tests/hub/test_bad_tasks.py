"""Wrong tasks as people write them: `evaldock plan` says what is wrong, where, and ends with the documented code."""

import os
import stat
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.hub.test_cli import code_of

HEAD = "version: 1\n"
MODEL = "models:\n  m: {endpoint: http://127.0.0.1:8000/v1, model: qwen}\n"
EVALUATION = "evaluations:\n  - backend: native\n    datasets: [gsm8k]\n"
GOOD = HEAD + MODEL + EVALUATION  # 6 lines; what a case adds stands in line 7
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True)
)


class Bad(NamedTuple):
    """A wrong task: its text, and what must stand in the one problem that is said of it, after `t.yaml:`."""

    text: str | bytes
    wanted: str
    also: str = ""


def model(fields: str) -> str:
    return f"{HEAD}models:\n  m: {{{fields}}}\n{EVALUATION}"


def datasets(entries: str) -> str:
    return GOOD.replace("[gsm8k]", entries)


def interceptor(fields: str) -> str:
    return f"{GOOD}gateway:\n  interceptors:\n    - {{{fields}}}\n"


CASES = {
    # what is no YAML, or no YAML that a task may be
    "a bracket that never closes": Bad(HEAD + "models: {m: [\n", "3: not YAML", "expected the node content"),
    "a tab as indentation": Bad(HEAD + "models:\n\tm: {}\n", "3: not YAML: a tab cannot indent; use spaces"),
    "a key twice": Bad(GOOD + "limit: 1\nlimit: 2\n", "8: limit: this key stands here twice"),
    "a nested key twice": Bad(
        model("endpoint: http://h, model: a, model: b"), "3: models.m.model: this key stands here twice"
    ),
    "an anchor in a circle": Bad(
        HEAD + "models: &x\n  m: *x\n" + EVALUATION, "2: models.m: a value cannot contain itself"
    ),
    "a merge in a circle": Bad(HEAD + "models: &x\n  <<: *x\n" + EVALUATION, "2: models.<<: a value cannot contain"),
    "a billion laughs": Bad(BOMB + GOOD, ":1: not YAML: more than 100000 values"),
    "an alias of nothing": Bad(GOOD + "limit: *nope\n", "7: not YAML: found undefined alias 'nope'"),
    "a merge of a number": Bad(GOOD + "<<: 3\n", "7: not YAML", "expected a mapping"),
    "lists in lists in lists": Bad("[" * 3000 + "]" * 3000, "1: not YAML: nested deeper than 100 levels"),
    "a list as a key": Bad(GOOD + "? [a, b]\n: 3\n", "7: a key is a word, not a list or a mapping"),
    "a Python object": Bad(
        GOOD + "name: !!python/object:os.system x\n", "7: name: a task file has no values of type"
    ),
    "a tag of one's own": Bad(GOOD + "name: !secret x\n", "7: name: a task file has no values of type '!secret'"),
    "a date that is none": Bad(GOOD + "name: !!timestamp tomorrow\n", "7: name: a task file has no values of type"),
    "a truth that is none": Bad(GOOD + "limit: !!bool perhaps\n", "7: not YAML: 'perhaps' is no bool"),
    "a number that is none": Bad(GOOD + "limit: !!int\n", "7: not YAML: '' is no int that can be read"),
    "a number of 5000 digits": Bad(GOOD + f"limit: {'9' * 5000}\n", "7: not YAML", "is no int that can be read"),
    "two documents": Bad(GOOD + "---\n" + GOOD, "7: not YAML: expected a single document"),
    "a list at the top": Bad("- version: 1\n", "1: a task is a mapping: version, models, evaluations"),
    "an empty file": Bad("", "1: a task is a mapping"),
    "only a comment": Bad("# later\n", "1: a task is a mapping"),
    "UTF-16": Bad(GOOD.encode("utf-16"), "1: not UTF-8 text: UTF-16; save the file as UTF-8"),
    "Latin-1": Bad((GOOD + "name: café\n").encode("latin-1"), "7: not UTF-8 text"),
    "a NUL byte": Bad(GOOD.encode() + b"name: a\0b\n", "7: not YAML: the character U+0000 cannot stand in YAML"),
    "10 MB": Bad(b"#" * (10 << 20), " larger than 4 MiB: this is not a task file"),
    "a million values": Bad(f"{GOOD}limit: [{'1,' * 500_000}]\n", "7: not YAML: more than 100000 values"),
    # keys
    "an unknown key at the top": Bad(GOOD + "limits: 3\n", "7: limits: unknown key; did you mean 'limit'?"),
    "an unknown key of a model": Bad(
        model("endpoint: http://h, model: q, concurency: 3"), "3: models.m.concurency: unknown key; did you mean"
    ),
    "a NUL in an argument": Bad(
        model('checkpoint: ./w, serve: {engine: swift, args: ["a\\0b"]}'),
        "3: models.m.serve.args[0]: no program can be given the character U+0000",
    ),
    "an unknown key of an evaluation": Bad(
        GOOD + "    dataset: []\n", "7: evaluations[0].dataset: unknown key; did you mean 'datasets'?"
    ),
    "an unknown key of a data set": Bad(
        datasets("[{name: gsm8k, fewshot: 3}]"), "6: evaluations[0].datasets[0].fewshot", "did you mean 'few_shot'?"
    ),
    "an unknown key of generation": Bad(
        datasets("[{name: gsm8k, generation: {max_token: 3}}]"), "generation.max_token", "did you mean 'max_tokens'?"
    ),
    "an unknown key of resources": Bad(
        GOOD + "resources: {memroy: 3g}\n", "7: resources.memroy: unknown key; did you mean 'memory'?"
    ),
    "an unknown option of a data set": Bad(
        datasets("[{name: gsm8k, options: {promt: x}}]"),
        "6: evaluations[0].datasets[0].options.promt: native does not",
    ),
    "an unknown option of a backend": Bad(
        GOOD + "    options: {batch_token: 3}\n",
        "7: evaluations[0].options.batch_token",
        "did you mean 'batch_tokens'?",
    ),
    "a truth of YAML 1.1 as a key": Bad(GOOD + "no: 3\n", "7: no: unknown key"),
    "a number as a key": Bad(GOOD + "5: 3\n", "7: 5: unknown key"),
    "an empty key": Bad(GOOD + "'': 3\n", "7: '': unknown key"),
    "a key that a terminal would obey": Bad(GOOD + '"\\e[2Jx": 3\n', "7: '\\x1b[2Jx': unknown key"),
    # values
    "models as a list": Bad(HEAD + "models: [m]\n" + EVALUATION, "2: models: must be a mapping"),
    "a model without fields": Bad(HEAD + "models:\n  m:\n" + EVALUATION, "3: models.m: must be a mapping"),
    "evaluations as a mapping": Bad(
        HEAD + MODEL + "evaluations: {backend: native}\n", "4: evaluations: must be a list"
    ),
    "no data sets": Bad(datasets("[]"), "6: evaluations[0].datasets: must not be empty"),
    "an empty line for a data set": Bad(datasets("[null]"), "6: evaluations[0].datasets[0]: must be a mapping"),
    "no version": Bad(MODEL + EVALUATION, "1: version: this key is required"),
    "version 99": Bad(GOOD.replace("1", "99", 1), "1: version: must be 1, not 99"),
    "version true": Bad(GOOD.replace("1", "true", 1), "1: version: must be a number, not true or false"),
    "an unknown backend": Bad(
        GOOD.replace("native", "nativ"), "5: evaluations[0].backend: no backend 'nativ'; did you mean 'native'?"
    ),
    "an unknown data set": Bad(datasets("[gsm8]"), "6: evaluations[0].datasets[0]: native has no data set 'gsm8'"),
    "an unknown model": Bad(GOOD + "    models: [n]\n", "7: evaluations[0].models[0]: no model 'n'; known: m"),
    "an unknown subset": Bad(
        datasets("[{name: arc, subsets: [ARC-Hard]}]"), "datasets[0].subsets[0]: arc has no subset 'ARC-Hard'"
    ),
    "checkpoint and endpoint": Bad(
        model("checkpoint: a/b, endpoint: http://h, model: q"), "3: models.m: give either checkpoint or endpoint"
    ),
    "neither checkpoint nor endpoint": Bad(model("dtype: auto"), "3: models.m: give either checkpoint or endpoint"),
    "an endpoint of no web": Bad(model("endpoint: 'ftp://h', model: q"), "3: models.m.endpoint", "http://"),
    "an empty name of a model": Bad(
        model("endpoint: http://h, model: '${NOT_SET_HERE:-}'"), "3: models.m.model: must not be empty"
    ),
    "a variable that is not set": Bad(
        model("endpoint: 'http://${NOT_SET_HERE}/v1', model: q"),
        "3: models.m.endpoint: the environment variable NOT_SET_HERE is not set",
    ),
    "a key in place of its name": Bad(
        model("endpoint: http://h, model: q, api_key_env: sk-hush"), "3: models.m.api_key_env: give the NAME"
    ),
    "a key under its own name": Bad(
        model("endpoint: http://h, model: q, api_key: hush"), "3: models.m.api_key: unknown key", "api_key_env"
    ),
    "a password in an address": Bad(
        model("endpoint: 'http://me:hush@h/v1', model: q"), "3: models.m.endpoint: the address holds credentials"
    ),
    "a limit of 0": Bad(GOOD + "limit: 0\n", "7: limit: must be at least 1"),
    "a limit with a fraction": Bad(GOOD + "limit: 1.5\n", "7: limit: must be a whole number"),
    "a limit that never ends": Bad(GOOD + "limit: .inf\n", "7: limit: must be a finite number"),
    "a limit as a time of day": Bad(GOOD + "limit: 1:30\n", "7: limit: must be a whole number"),
    "shots beyond every number": Bad(
        datasets("[{name: gsm8k, few_shot: 99999999999999999999}]"), "datasets[0].few_shot: must be less than"
    ),
    "a revision that loses a digit": Bad(
        model("endpoint: http://h, model: q, revision: 1.10"), "3: models.m.revision: must be text", "needs quotes"
    ),
    "a duration of fortnights": Bad(
        GOOD + "resources: {timeout: 2 fortnights}\n", "7: resources.timeout: '2 fortnights' is not a duration"
    ),
    "no time at all": Bad(GOOD + "resources: {timeout: 0}\n", "7: resources.timeout: must be more than 0"),
    "a size in quarts": Bad(GOOD + "resources: {memory: 32q}\n", "7: resources.memory: '32q' is not a size"),
    "one GPU twice": Bad(GOOD + "resources: {gpus: [0, 0]}\n", "7: resources.gpus: '0' stands here twice"),
    "a name that leads elsewhere": Bad(
        datasets("[{name: gsm8k, alias: ../../x}]"), "6: evaluations[0].datasets[0].alias: use up to 64 letters"
    ),
    "a value that fills the screen": Bad(
        GOOD + f"engine: {'k' * 300_000}\n", "7: engine: must be 'auto'", "characters)"
    ),
    # gateway.interceptors
    "two changes in one": Bad(
        interceptor("drop: [n], max_tokens: 5"), "9: gateway.interceptors[0]", "exactly one of"
    ),
    "a change of the question": Bad(
        interceptor("add: {messages: []}"), "9: gateway.interceptors[0].add", "'messages'"
    ),
    "a model's name put in": Bad(interceptor("add: {model: x}"), "9: gateway.interceptors[0].add", "'model'"),
    "a stream switched off": Bad(interceptor("drop: [n, stream]"), "9: gateway.interceptors[0].drop", "'stream'"),
    "a new name for the messages": Bad(
        interceptor("rename: {messages: x}"), "9: gateway.interceptors[0].rename", "'messages'"
    ),
    "the messages' name for another": Bad(
        interceptor("rename: {x: prompt}"), "9: gateway.interceptors[0].rename", "'prompt'"
    ),
    "one new name for two": Bad(
        interceptor("rename: {x: z, y: z}"), "9: gateway.interceptors[0].rename", "stands here twice"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_wrong_task_is_one_problem_with_its_line_and_exit_2(
    case: Bad, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    raw = case.text if isinstance(case.text, bytes) else case.text.encode()
    Path("t.yaml").write_bytes(raw)

    assert code_of("plan", "t.yaml") == 2

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("evaldock: 1 problem in the task\n  t.yaml:")
    assert case.wanted in told.err
    assert case.also in told.err
    assert "hush" not in told.err
    assert len(told.err) < 700
    assert list(tmp_path.iterdir()) == [tmp_path / "t.yaml"]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("/dev/zero", "larger than 4 MiB"),
        ("/dev/null", "a task is a mapping"),
        (".", "is a folder; give a task file"),
        ("absent/t.yaml", "no such file"),
    ],
)
def test_what_is_no_file_at_all_is_no_task(name: str, wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("plan", name) == 2

    assert wanted in capsys.readouterr().err


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_task_that_may_not_be_read_is_exit_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(GOOD)
    path.chmod(stat.S_IWUSR)

    assert code_of("plan", str(path)) == 3

    assert "permission denied" in capsys.readouterr().err


@pytest.mark.parametrize("prefix", ["\ufeff", "%YAML 1.2\n---\n", "--- # mine\n"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_how_an_editor_saves_a_file_is_no_mistake(
    prefix: str, line_end: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.yaml"
    path.write_bytes((prefix + GOOD).replace("\n", line_end).encode())

    assert code_of("plan", str(path)) in {0, 3}  # 3: nobody answers at the endpoint

    assert "job 1-m-native" in capsys.readouterr().out


def test_of_thousands_of_problems_the_first_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(GOOD + "".join(f"key{number}: 1\n" for number in range(5000)))

    assert code_of("plan", str(path)) == 2

    told = capsys.readouterr().err
    assert told.startswith("evaldock: 5000 problems in the task\n")
    assert "and 4950 more" in told
    assert len(told.splitlines()) < 60
