"""The tests' side: names and objects of the program, used like its own, while they stay in the other process."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any

from adapters.native.evaluator.sandbox.wire import WireError, decode, encode, receive, send

_SHOWN = 300
# They end a loop of the tests before it has looked at everything, which is for no program to do.
_ENDS_LOOPS = (StopIteration, StopAsyncIteration)


class ProgramError(Exception):
    """The program raised what is no built-in exception."""


class Peer:
    """The process in which the program runs, at the other end of two pipes."""

    def __init__(self, requests: int, replies: int) -> None:
        """Keep the ends; `requests` is written, `replies` read."""
        self._requests, self._replies = requests, replies
        self.program = Remote(self, 0)

    def loaded(self) -> None:
        """Wait until the program has run once through, so that its names are there; raises what it raised."""
        self._reply()

    def ask(self, operation: str, number: int, *arguments: object) -> Any:
        """Have an operation done with an object of the program, and return the value that came of it.

        Raises:
            Exception: the built-in one that the program raised, else ProgramError.
            WireError: the program is gone.
        """
        sent = encode(list(arguments), self._number)
        send(self._requests, {"operation": operation, "object": number, "arguments": sent})
        return self._reply()

    def _reply(self) -> Any:
        try:
            reply = receive(self._replies)
        except WireError as error:
            msg = f"the program ended, or broke the rules: {error}"
            raise WireError(msg) from error
        if isinstance(reply, dict) and "error" in reply:
            raise _exception(str(reply["error"])[:_SHOWN], str(reply.get("message", ""))[:_SHOWN])
        if not isinstance(reply, dict) or "value" not in reply:
            raise WireError("the program broke the rules: what came is not a reply")
        return decode(reply["value"], lambda found: Remote(self, int(found)))

    def _number(self, value: object) -> int:
        if isinstance(value, Remote):
            return number_of(value)
        msg = f"tests can give a program plain values and its own objects, not {type(value).__name__}"
        raise TypeError(msg)


class Remote:
    """An object of the program. It equals nothing but itself: whether it does is not for the program to say."""

    def __init__(self, peer: Peer, number: int) -> None:
        """Keep where the object is."""
        vars(self).update(_peer=peer, _object=number)

    def __call__(self, *arguments: object, **named: object) -> Any:
        """Call it."""
        return _ask(self, "call", list(arguments), named)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of it."""
        return _ask(self, "get", name)

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute of it."""
        _ask(self, "set", name, value)

    def __getitem__(self, key: object) -> Any:
        """Return what it holds under `key`."""
        return _ask(self, "item", key)

    def __iter__(self) -> Iterator[Any]:
        """Iterate over all that it yields."""
        return iter(_ask(self, "iter"))

    def __len__(self) -> int:
        """Return its length."""
        return int(_ask(self, "len"))

    def __bool__(self) -> bool:
        """Return its truth."""
        return bool(_ask(self, "bool"))

    def __str__(self) -> str:
        """Return it as a text."""
        return str(_ask(self, "str"))


def number_of(remote: Remote) -> int:
    """Return the number by which the program's process knows an object."""
    return int(vars(remote)["_object"])


def _ask(remote: Remote, operation: str, *arguments: object) -> Any:
    peer: Peer = vars(remote)["_peer"]
    return peer.ask(operation, number_of(remote), *arguments)


def _exception(name: str, message: str) -> Exception:
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, _ENDS_LOOPS):
        try:
            return kind(message)
        except TypeError:  # UnicodeDecodeError wants more than a text
            pass
    return ProgramError(f"{name}: {message}")
