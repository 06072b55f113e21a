"""evaldock serve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hub.cli.options import OneOf, engine_option, offline_option, yes_option

_KINDS = ("transformers", "vllm", "sglang", "swift", "llamacpp")
_DTYPES = ("auto", "float32", "float16", "bfloat16")


@click.command("serve")
@click.argument("model")
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--server",
    type=OneOf(_KINDS),
    default="transformers",
    show_default=True,
    help="Kind of server.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: a free one.")
@click.option("--name", help="Name of the model in requests.  [default: the last part of MODEL]")
@click.option("--hub", type=OneOf(("modelscope", "huggingface", "local")), help="Where a hub id is from.")
@click.option("--revision", help="Branch, tag or commit at the hub.")
@click.option("--dtype", type=OneOf(_DTYPES), default="auto", show_default=True, help="Weights in memory.")
@click.option("--adapter", "adapters", multiple=True, metavar="FOLDER", help="A LoRA adapter; may be repeated.")
@click.option("--gpus", type=click.IntRange(0), help="How many GPUs.  [default: one, where there is any]")
@click.option("--memory", metavar="SIZE", help="Its limit, e.g. 32g.")
@click.option("--timeout", metavar="TIME", default="30m", show_default=True, help="Longest time until it answers.")
@engine_option
@offline_option
@yes_option
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(model: str, port: int, engine: str | None, offline: bool, yes: bool, quiet: bool, **given: Any) -> int:
    """Serve the checkpoint MODEL (a folder, a .gguf file, a hub id) at a port of this machine; ARGS go to the server.

    \b
    evaldock serve ./my-model                          http://127.0.0.1:8000/v1
    evaldock serve Qwen/Qwen2.5-0.5B-Instruct --port 0 -- --context 4096

    Its URL is the first line on standard output, once the model is loaded. Ctrl-C ends it. As in a run it is shut in
    without a network; it asks for no key, and other users of this machine can reach the port.
    """  # noqa: D301 - click's mark for lines to keep
    from hub.byhand import Wanted, serve_one
    from hub.cli.consent import consent
    from hub.cli.screen import open_screen
    from hub.cli.signals import end_in_order
    from hub.orchestrator import Request
    from hub.settings import load_settings

    end_in_order()
    wanted = Wanted(given["name"] or _name(model), _model(model, given), port)
    request = Request(engine=engine, offline=offline, consent=consent(yes=yes, quiet=quiet))
    with open_screen(quiet=quiet, plain=True) as observe:
        serve_one(wanted, load_settings(), request, observe, click.echo)
    return 0


def _model(model: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the model as a task would have it; a folder or file that is here is one, however it is written."""
    written = model.startswith((".", "/", "~"))
    local = not written and given["hub"] in {None, "local"} and Path(model).exists()
    serve = {
        "engine": given["server"],
        "args": list(given["args"]),
        "adapters": list(given["adapters"]),
        "timeout": given["timeout"],
        **{key: given[key] for key in ("gpus", "memory") if given[key] is not None},
    }
    stated = {key: given[key] for key in ("hub", "revision") if given[key] is not None}
    return {"checkpoint": f"./{model}" if local else model, "dtype": given["dtype"], "serve": serve, **stated}


def _name(model: str) -> str:
    from hub.seed.model import model_name

    return model_name(str(Path(model).resolve()) if model in {".", ".."} else model)
