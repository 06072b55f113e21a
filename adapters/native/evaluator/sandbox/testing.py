"""Run a problem's tests against the program in the other process."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any

from adapters.native.evaluator.sandbox.remote import Peer

_FILE = "<tests>"
_SHOWN = 500


def run_tests(tests: dict[str, Any], to_program: int, from_program: int) -> str:
    """Return why the program fails its tests, an empty string where it passes them all.

    `setup` and `code` are the problem's own and run here; `names` are those that the program is asked for.
    """
    peer = Peer(to_program, from_program)
    namespace: dict[str, Any] = {"__name__": "tests"}
    try:
        exec(compile(tests["setup"], "<setup>", "exec"), namespace)  # noqa: S102 - the problem's, not the model's
        peer.loaded()
        namespace |= _bound(peer, tests["names"])
        exec(compile(tests["code"], _FILE, "exec"), namespace)  # noqa: S102
    except BaseException as error:  # noqa: BLE001 - whatever it is, the program did not pass
        return _reason(error, tests["code"])[:_SHOWN]
    return ""


def _bound(peer: Peer, names: Sequence[str]) -> dict[str, Any]:
    """Return the program's own names; one that it does not have is missed only where a test uses it."""
    found = {}
    for name in names:
        try:
            found[name] = getattr(peer.program, name)
        except AttributeError:  # noqa: PERF203
            continue
    return found


def _reason(error: BaseException, code: str) -> str:
    told = f"{type(error).__name__}: {error}".rstrip(": ")
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == _FILE]
    if not lines or not lines[-1]:
        return told
    return f"{told} in: {code.splitlines()[lines[-1] - 1].strip()}"
