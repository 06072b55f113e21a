"""evaldock mock-server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.options import OneOf
from hub.mock.faults import FAULTS, Fault, FaultPlan

if TYPE_CHECKING:
    from hub.mock.compose import Answerer

_MODEL = "mock"


def _seconds(_ctx: click.Context, _param: click.Parameter, given: str) -> float:
    from hub.mock.pace import parse_latency

    try:
        return parse_latency(given)
    except ValueError as error:
        raise click.BadParameter(f"{given!r} is not a duration such as 200ms or 1.5s") from error


def _optional_seconds(context: click.Context, parameter: click.Parameter, given: str | None) -> float | None:
    return None if given is None else _seconds(context, parameter, given)


@click.command("mock-server")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: a free one.")
@click.option(
    "--answer", metavar="WHAT", help="echo, fixed:TEXT, random:SEED, file:PATH, judge:SEED.  [default: echo]"
)
@click.option("--gold", metavar="TASK", help="Answer from the gold of this task's data sets.")
@click.option("--unique", is_flag=True, help="Draw each answer anew and mark it: no two are alike.")
@click.option(
    "--error-rate", type=click.FloatRange(0, 1), help="Share of wrong answers with --gold or --unique.  [default: 0]"
)
@click.option("--seed", type=int, default=0, show_default=True, help="Chooses the wrong answers and the faults.")
@click.option("--model", "models", multiple=True, help="A name that /v1/models lists; may be repeated.")
@click.option(
    "--latency", metavar="TIME", default="0", callback=_seconds, help="Time to the first token, e.g. 200ms."
)
@click.option(
    "--latency-jitter",
    metavar="TIME",
    default="0",
    callback=_seconds,
    help="By how much the latency varies, up and down.",
)
@click.option("--tokens-per-second", type=click.FloatRange(0, min_open=True), help="Pace of each answer.")
@click.option("--concurrency", type=click.IntRange(1), help="Answers made at one time; other requests wait.")
@click.option("--fault", "faults", type=OneOf(FAULTS), multiple=True, help="What goes wrong; may be repeated.")
@click.option("--fault-rate", type=click.FloatRange(0, 1), help="Share of requests that it befalls.  [default: 1]")
@click.option("--fault-first", type=click.IntRange(0), help="It befalls the first N requests and no other.")
@click.option(
    "--fault-after",
    metavar="TIME",
    default="0",
    callback=_seconds,
    help="It befalls none before this time has passed.",
)
@click.option("--fault-for", metavar="TIME", callback=_optional_seconds, help="It befalls requests for so long.")
@click.option("--retry-after", type=click.FloatRange(0), default=1, show_default=True, help="Seconds, said with 429.")
@click.option("--api-key-env", metavar="NAME", help="Require the key that this variable holds.")
@click.option("--log", type=click.Path(path_type=Path, dir_okay=False), help="Append a JSON line per request.")
def command(
    *,
    host: str,
    port: int,
    answer: str | None,
    gold: str | None,
    unique: bool,
    error_rate: float | None,
    seed: int,
    models: tuple[str, ...],
    latency: float,
    latency_jitter: float,
    tokens_per_second: float | None,
    concurrency: int | None,
    faults: tuple[Fault, ...],
    fault_rate: float | None,
    fault_first: int | None,
    fault_after: float,
    fault_for: float | None,
    retry_after: float,
    api_key_env: str | None,
    log: Path | None,
) -> int:
    """Serve an OpenAI-compatible model that is none: for dry trials, and to see what failures do.

    \b
    evaldock mock-server --gold my-task.yaml --error-rate 0.2    scores 0.8, without a model
    evaldock mock-server --fault 429 --fault-rate 0.1            every tenth request is turned away
    evaldock mock-server --fault refuse --fault-for 30s          down for 30 seconds, then well
    evaldock mock-server --latency 200ms --tokens-per-second 50  as slow as a real one

    Its URL is the first line on standard output. A request for the model fault-429, fault-hang, ... meets that
    fault. Ctrl-C ends it.
    """  # noqa: D301 - click wants the character itself
    from dataclasses import replace

    from hub.mock.journal import Journal
    from hub.mock.pace import Pace
    from hub.mock.serve import bind, is_open, serve
    from hub.mock.server import MockOptions
    from hub.mock.unique import UniqueAnswers

    wrong = error_rate or 0.0
    _refuse_pairs(answer=answer, gold=gold, error_rate=error_rate, unique=unique)
    plan = _fault_plan(faults, fault_rate, fault_first, fault_after, fault_for)
    plan = replace(plan, seed=seed, retry_after_s=retry_after)
    answers, named = _gold(gold, wrong, seed, unique=unique) if gold else (_answers(answer or "echo"), ())
    if unique:
        answers = UniqueAnswers(answers, error_rate=wrong, seed=seed)
    key = _key(api_key_env)
    listed = tuple(dict.fromkeys((*models, *named))) or (_MODEL,)
    pace = Pace(latency, latency_jitter, tokens_per_second, concurrency)
    with bind(host, port) as listener, Journal(log, key=key) as journal:
        if is_open(listener):
            click.echo(f"other machines can reach {host}; Ctrl-C ends the server", err=True)
        serve(MockOptions(answers, plan, pace, listed, key), journal, listener, click.echo)
        click.echo(journal.summary(), err=True)
    return 0


def _refuse_pairs(*, answer: str | None, gold: str | None, error_rate: float | None, unique: bool) -> None:
    if answer is not None and gold is not None:
        raise click.UsageError("--answer and --gold both say what to answer: give one of them")
    if error_rate is not None and gold is None and not unique:
        raise click.UsageError("--error-rate is a share of answers that are known: give --gold TASK or --unique too")


def _fault_plan(
    faults: tuple[Fault, ...], rate: float | None, first: int | None, after_s: float, lasting_s: float | None
) -> FaultPlan:
    timed = bool(after_s) or lasting_s is not None
    if not faults and (rate is not None or first is not None or timed):
        raise click.UsageError("--fault-rate, -first, -after and -for need to know what goes wrong: give --fault")
    if first is not None and (rate is not None or timed):
        raise click.UsageError(
            "--fault-first says which requests it befalls: leave out --fault-rate, -after and -for"
        )
    return FaultPlan(faults, 1.0 if rate is None else rate, first, after_s, lasting_s)


def _answers(text: str) -> Answerer:
    from hub.mock.answers import parse_answers

    try:
        return parse_answers(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _gold(task: str, error_rate: float, seed: int, *, unique: bool) -> tuple[Answerer, tuple[str, ...]]:
    """Return the answers to a task's questions and the names of its endpoint models; say what they are."""
    from hub.cli.lines import task_path
    from hub.mock.gold import GoldAnswers
    from hub.mock.gold_task import read_task_gold
    from hub.settings import load_settings

    known = read_task_gold(task_path(task), load_settings())
    answers = GoldAnswers(known.golds, error_rate=error_rate, seed=seed)
    for name in known.silent:
        click.echo(f"{name} cannot say what is right; its questions get {answers.unknown!r}", err=True)
    groups = ", ".join(f"{name} {total - wrong}/{total}" for name, total, wrong in answers.groups)
    drawn = f"each with a chance of {1 - error_rate:.0%}"
    click.echo(f"right answers: {drawn if unique else groups}", err=True)
    return answers, known.models


def _key(name: str | None) -> str:
    if name is None:
        return ""
    key = os.environ.get(name, "")
    if not key:
        from hub.errors import PrerequisiteError

        raise PrerequisiteError(f"the variable {name} is not set or empty", hint=f"export {name}=...")
    return key
