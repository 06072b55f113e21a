"""evaldock eval: a task from flags, in the words of `python -m llmuses.run`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from hub.cli.complete import complete_backend, complete_dataset
from hub.cli.options import (
    detach_option,
    engine_option,
    limit_option,
    offline_option,
    quiet_option,
    runs_option,
    set_option,
    yes_option,
)

if TYPE_CHECKING:
    from hub.taskinput import Translated

_SEVERAL = "--datasets"
_FOLDER_OR_FILE = click.Path(path_type=Path)
_FLAGS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--model", {"metavar": "X", "help": "Hub id, folder, or address of an OpenAI-compatible server."}),
    ("--api-model", {"metavar": "NAME", "help": "The server's name of the model, where --model is an address."}),
    ("--api-key-env", {"metavar": "VAR", "help": "NAME of the variable with the server's key; never the key."}),
    ("--model-hub", {"metavar": "H", "help": "modelscope (default), huggingface or local."}),
    ("--template-type", {"metavar": "T", "help": "As in Eval-Scope (`evaldock list templates`); rarely needed."}),
    ("--eval-type", {"metavar": "T", "help": "checkpoint, or service for an address; found out by itself."}),
    ("--model-args", {"metavar": "K=V,...", "help": "revision=..., precision=torch.float16, device_map=auto"}),
    ("--generation-config", {"metavar": "K=V,...", "help": "do_sample=..., max_new_tokens=..., temperature=..."}),
    (_SEVERAL, {"multiple": True, "metavar": "D...", "help": "One data set or more: --datasets arc gsm8k"}),
    ("--dataset-args", {"metavar": "JSON", "help": "Per data set: few_shot_num, local_path, subset_list, ..."}),
    ("--dataset-hub", {"metavar": "H", "help": "ModelScope (default), HuggingFace or Local."}),
    ("--dataset-dir", {"metavar": "D", "help": "With --dataset-hub Local: the folder with a folder per data set."}),
    ("--eval-backend", {"metavar": "B", "help": "Native (default), OpenCompass, VLMEvalKit, or a backend of ours."}),
    ("--eval-config", {"metavar": "FILE", "help": "Configuration of OpenCompass or VLMEvalKit, or its JSON itself."}),
    ("--outputs", {"metavar": "O", "help": "Folder of runs, as --runs."}),
    ("--use-cache", {"metavar": "B", "help": "No effect: predictions are computed anew."}),
    ("--stage", {"metavar": "S", "help": "Only `all`."}),
    ("--work-dir", {"metavar": "W", "help": "No effect: EVALDOCK_CACHE names the cache."}),
    ("--model-type", {"metavar": "T", "help": "No effect: read from the checkpoint."}),
    ("--mem-cache", {"is_flag": True, "help": "No effect."}),
    ("--debug", {"is_flag": True, "help": "No effect: see `evaldock logs`."}),
)


_COMPLETED = {"--eval-backend": complete_backend, _SEVERAL: complete_dataset}


class _EvalCommand(click.Command):
    """A command whose --datasets takes every word up to the next flag, as argparse's nargs='+' does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _spread(args))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer data sets wherever no flag begins: no other word has its place there."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return complete_dataset(ctx, self.params[0], incomplete)


def _spread(words: list[str]) -> list[str]:
    """Write `--datasets a b` as `--datasets a --datasets b`."""
    found: list[str] = []
    follows = False  # whether this word is one more data set
    for word in words:
        if follows and not word.startswith("-") and found[-1] != _SEVERAL:
            found.append(_SEVERAL)
        follows = word == _SEVERAL or (follows and not word.startswith("-"))
        found.append(word)
    return found


def _seed_flags(function: Callable[..., Any]) -> Callable[..., Any]:
    for name, settings in reversed(_FLAGS):
        function = click.option(name, shell_complete=_COMPLETED.get(name), **settings)(function)
    return function


@click.command("eval", cls=_EvalCommand)
@_seed_flags
@limit_option
@click.option("--task-cfg", type=_FOLDER_OR_FILE, metavar="FILE", help="A task_cfg of Eval-Scope; flags change it.")
@set_option
@engine_option
@runs_option
@offline_option
@yes_option
@quiet_option
@detach_option
@click.option("--dry-run", is_flag=True, help="Show the plan only.")
@click.option("--print-task", is_flag=True, help="Print the task that the flags stand for, and end.")
@click.option("--save", type=_FOLDER_OR_FILE, metavar="FILE", help="Write that task to FILE, and end.")
def command(
    task_cfg: Path | None,
    sets: tuple[str, ...],
    engine: str | None,
    runs: Path | None,
    offline: bool,
    yes: bool,
    quiet: bool,
    detach: bool,
    dry_run: bool,
    print_task: bool,
    save: Path | None,
    **flags: Any,
) -> int:
    """Evaluate a model by flags, without a task file; the flags are those of Eval-Scope.

    \b
    evaldock eval --model Qwen/Qwen2.5-0.5B-Instruct --datasets arc gsm8k --limit 10
    evaldock eval --model http://127.0.0.1:8000/v1 --api-model qwen --datasets gsm8k
    evaldock eval --task-cfg old.yaml --save task.yaml
    """  # noqa: D301 - click's mark for lines to keep
    from hub.cli.conduct import conduct
    from hub.cli.consent import consent
    from hub.cli.lines import say_remarks
    from hub.cli.options import settings_with
    from hub.cli.plan_command import show_plan
    from hub.cli.signals import end_in_order
    from hub.orchestrator import Request, run

    translated = _translated(flags, task_cfg, sets)
    if print_task or save:
        _keep(translated, save, shown=print_task)
    given = translated.checked()
    if print_task or save:
        return 0
    say_remarks(given.remarks)
    if dry_run or given.dry_run:
        return show_plan(given.task, engine, as_json=False)
    end_in_order()
    settings = settings_with(runs or given.outputs)
    request = Request(engine=engine, offline=offline, consent=consent(yes=yes, quiet=quiet))
    return conduct(partial(run, given.task, settings, request), quiet=quiet, detach=detach)


def _translated(flags: dict[str, Any], file: Path | None, sets: tuple[str, ...]) -> Translated:
    """Return the task that the flags, and the file beneath them, stand for."""
    from hub.overrides import Changes
    from hub.seed.draft import flag_name, key_name_in
    from hub.seed.flags import task_cfg_of
    from hub.taskinput import read_task_cfg, translate_task_cfg

    given = {name: value for name, value in flags.items() if value not in {None, (), False}}
    cfg = task_cfg_of({**given, **({"datasets": list(given["datasets"])} if "datasets" in given else {})})
    whole = {**(read_task_cfg(file) if file else {}), **cfg}
    if not whole:
        raise click.UsageError("give --model and --datasets, or --task-cfg; `evaldock eval --help` shows an example")

    def name_of(key: tuple[str | int, ...]) -> str:
        return flag_name(key) if file is None or key[0] in cfg else key_name_in(str(file))(key)

    return translate_task_cfg(whole, name_of, "the flags of evaldock eval", Changes(sets))


def _keep(translated: Translated, save: Path | None, *, shown: bool) -> None:
    """Print the task, or write it to a file that does not exist yet."""
    from hub.cli.lines import local
    from hub.taskinput import text_beside

    if shown:
        click.echo(translated.source.text, nl=False)
    if save is None:
        return
    try:
        with save.open("x", encoding="utf-8") as file:
            file.write(text_beside(translated.source, save.absolute().parent))
    except FileExistsError as error:
        raise click.UsageError(
            f"--save {save}: the file is there already; remove it, or choose another name"
        ) from error
    except OSError as error:
        raise click.UsageError(f"--save {save}: cannot be written: {error.strerror}") from error
    click.echo(f"wrote {local(save.absolute())}; `evaldock run {save}` runs it", err=shown)
