"""The command line: one module per command, imported when it is used, so that --help is quick."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from hub.cli.lines import fail, is_of_output, open_missing_streams, unwritable

_COMMANDS = {
    "run": "Run a task and write its report.",
    "init": "Write a first task file.",
    "eval": "Evaluate a model by flags, without a task file (those of Eval-Scope).",
    "plan": "Show what a run would do; start and create nothing.",
    "doctor": "Say what this machine, or a task, lacks, and how to mend it.",
    "fetch": "Build and download ahead of a run; afterwards it needs no network.",
    "status": "Show a run and its jobs.",
    "logs": "Show the log of a job.",
    "resume": "Go on with a run that was stopped, failed or broke off.",
    "stop": "Stop a run that another terminal drives.",
    "report": "Show the report of a run.",
    "export": "Write a report as CSV, for lm-eval's tools, or for Every Eval Ever.",
    "list": "List runs, backends, data sets, models, templates or the tasks that ship with evaldock.",
    "build": "Build images or environments ahead of a run.",
    "serve": "Serve a checkpoint at a port of this machine, as a run would.",
    "mock-server": "Serve a stand-in for a model: OpenAI's protocol, known answers, chosen faults.",
    "cache": "Show or remove the answers of models that are kept for runs to go on with.",
    "clean": "Remove old runs, downloads, environments and images of evaldock.",
    "schema": "Print the JSON Schema of task files or reports.",
    "completion": "Print a script for the Tab key: bash, zsh or fish.",
}
_EXIT_CODES = """\b
Exit codes:
  0    everything planned was scored
  1    something failed, or was scored only in part
  2    the task file or a flag is wrong
  3    something is missing: engine, GPU, model, data, key, endpoint
  4    an image or environment could not be built
  130  interrupted"""


class _LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = cmd_name.replace("-", "_")
        command: click.Command = importlib.import_module(f"hub.cli.{module}_command").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from hub.text import did_you_mean

            ctx.fail(f"no command {args[0]!r}{did_you_mean(args[0], _COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(
    cls=_LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_EXIT_CODES,
)
@click.option("--version", is_flag=True, help="Print the version and end.")
@click.pass_context
def cli(ctx: click.Context, *, version: bool) -> None:
    """Evaluate language models: one YAML task, several frameworks, each isolated, one honest report.

    \b
    evaldock run quickstart        a first run that needs nothing
    evaldock plan my-task.yaml     what a run would do
    """  # noqa: D301 - click wants the character itself
    if version:
        from hub.version import VERSION

        click.echo(f"evaldock {VERSION}")
    elif ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; the only place that prints an error and chooses the exit code."""
    open_missing_streams()
    try:
        sys.exit(_run(arguments))
    except OSError as error:  # by now only the output itself can fail
        sys.exit(unwritable(error))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = cli.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
        sys.stdout.flush()
    except (click.exceptions.Abort, KeyboardInterrupt):  # Abort is click's form of Ctrl-C
        click.echo("interrupted", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except OSError as error:
        if is_of_output(error):
            raise
        return fail(error)
    except Exception as error:  # noqa: BLE001 - the one broad except: a user never meets a traceback
        return fail(error)
    return code if isinstance(code, int) else 0
