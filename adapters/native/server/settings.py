"""What the server is told on its command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass

_MOST = 1024


@dataclass(frozen=True)
class Settings:
    """One server.

    Attributes:
        weights: folder of the checkpoint.
        name: what the model is called in requests and in /v1/models.
        adapter: folder of a LoRA adapter, empty for none.
        context: how many tokens it is used with; None: as many as the checkpoint says.
        batch_tokens: what a batch may hold; None: chosen for the device.
        most: how many answers are taken at once, those that wait included.
        socket: path of a unix socket to listen on, empty for none.
        port: TCP port of 127.0.0.1 to listen on, None for none, 0 for any.
    """

    weights: str
    name: str
    dtype: str = "auto"
    adapter: str = ""
    attention: str = ""
    trust_remote_code: bool = False
    context: int | None = None
    batch_tokens: int | None = None
    most: int = _MOST
    socket: str = ""
    port: int | None = None


def parse(argv: Sequence[str]) -> Settings:
    """Return the settings; ends the process with code 2 and a usage where they are none."""
    parser = argparse.ArgumentParser("adapters.native.server", description="Serve a checkpoint in OpenAI's API.")
    parser.add_argument("--weights", "--model", required=True, metavar="FOLDER", help="the checkpoint")
    parser.add_argument("--name", help="name of the model in requests; default: the folder's")
    parser.add_argument("--dtype", default="auto", help="float32, bfloat16, float16, or auto (default)")
    parser.add_argument("--adapter", default="", metavar="FOLDER", help="a LoRA adapter, as peft saves it")
    parser.add_argument("--attention", default="", help="transformers' implementation: eager, sdpa, ...")
    parser.add_argument("--trust-remote-code", action="store_true", help="run code that the checkpoint brings")
    parser.add_argument("--context", type=_count, help="use fewer tokens than the checkpoint can look at")
    parser.add_argument("--batch-tokens", type=_count, help="what a batch may hold")
    parser.add_argument(
        "--max-answers", dest="most", type=_count, default=_MOST, help="answers at once, those that wait included"
    )
    parser.add_argument(
        "--socket", default=os.environ.get("EVALDOCK_LISTEN", ""), help="unix socket; default: EVALDOCK_LISTEN"
    )
    parser.add_argument("--port", type=int, help="port of 127.0.0.1; 0: any")
    found = vars(parser.parse_args(argv))
    if not found["socket"] and found["port"] is None:
        parser.error("give --socket or --port")
    name = found.pop("name") or found["weights"].rstrip("/").rpartition("/")[2]
    return Settings(name=name, **found)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number
