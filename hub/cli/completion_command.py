"""evaldock completion."""

from __future__ import annotations

import click

from hub.cli.options import OneOf


@click.command("completion")
@click.argument("shell", type=OneOf(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the script with which SHELL completes evaldock's commands, options, task names and run ids.

    \b
    bash   echo 'eval "$(evaldock completion bash)"' >> ~/.bashrc
    zsh    echo 'eval "$(evaldock completion zsh)"' >> ~/.zshrc
    fish   evaldock completion fish > ~/.config/fish/completions/evaldock.fish
    """  # noqa: D301 - click's mark for lines to keep
    from click.shell_completion import BashComplete, ShellComplete, get_completion_class

    from hub.cli import cli

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click knows these three
    complete = kind(cli, {}, "evaldock", "_EVALDOCK_COMPLETE")
    # BashComplete asks the bash on this machine for its version first; printing needs none.
    source = ShellComplete.source if isinstance(complete, BashComplete) else kind.source
    click.echo(source(complete))
    return 0
