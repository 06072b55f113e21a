"""Why a download failed, in the user's words: the two clients' exceptions, told apart by name and HTTP status."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from adapters.runtime.hubs import Facts

Reason = tuple[str, str]  # what happened, and what to do next

_TOKENS = {"huggingface": "HF_TOKEN", "modelscope": "MODELSCOPE_API_TOKEN"}
_ADDRESSES = {"huggingface": "HF_ENDPOINT", "modelscope": "MODELSCOPE_ENDPOINT"}
_LONGEST = 300
# Base classes of httpx, requests and modelscope_hub; huggingface_hub uses the first or the second, by its version.
_UNREACHABLE = {"TransportError", "ConnectionError", "Timeout", "NetworkError", "RequestTimeoutError"}
_AGAIN = "what arrived is kept: run again to continue"


def explain(error: BaseException, facts: Facts) -> Reason:
    """Return reason and hint for `error`."""
    chain = list(_chain(error))
    names = {kind.__name__ for part in chain for kind in type(part).__mro__}
    status = next((found for part in chain if (found := _status(part))), 0)
    return _said_by_the_hub(names, status, facts) or _met_on_the_way(chain, names, facts) or (_line(error), _AGAIN)


def _said_by_the_hub(names: set[str], status: int, facts: Facts) -> Reason | None:
    if "RevisionNotFoundError" in names:
        return f"no revision {facts.revision!r}", "correct `revision` in the task file"
    if names & {"GatedRepoError", "AuthenticationError", "PermissionDeniedError"} or status == 403:
        return _refused(facts)
    if names & {"RepositoryNotFoundError", "NotExistError"} or status in {401, 404}:
        return _not_found(facts)
    if status >= 500 or status == 429:
        return f"the hub answers with HTTP {status}", f"try again later; {_AGAIN}"
    if "EmptyError" in names:
        return f"it holds no file that is needed ({' '.join(facts.patterns) or 'any'})", "check name and revision"
    return None


def _met_on_the_way(chain: list[BaseException], names: set[str], facts: Facts) -> Reason | None:
    if any(isinstance(part, OSError) and part.errno == errno.ENOSPC for part in chain):
        return "no space left on the disk of the cache", f"make room, or set EVALDOCK_CACHE; {_AGAIN}"
    if names & _UNREACHABLE:
        hint = f"check network and proxy; {_ADDRESSES[facts.hub]} names a mirror, hub: local a folder; {_AGAIN}"
        return f"the connection to the hub failed ({_line(chain[-1])})", hint
    return None


def redacted(text: str) -> str:
    """Return `text` without the values of the hub tokens, should a client repeat them."""
    for name in _TOKENS.values():
        if token := os.environ.get(name):
            text = text.replace(token, "***")
    return text


def _refused(facts: Facts) -> Reason:
    token = _TOKENS[facts.hub]
    if os.environ.get(token):
        return "access refused to the owner of the token", "accept the repository's terms at the hub, then run again"
    hint = f"accept the repository's terms at the hub, then export {token}=..."
    return "access refused: the repository is gated or private", hint


def _not_found(facts: Facts) -> Reason:
    revision = f" (revision {facts.revision!r})" if facts.revision else ""
    hint = f"check `checkpoint` and `hub`; a private repository needs {_TOKENS[facts.hub]}"
    if facts.kind == "dataset":
        hint = f"give a local folder instead (`path`); a private repository needs {_TOKENS[facts.hub]}"
    return f"no such {facts.kind}{revision}", hint


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error, what caused it, and where several files failed, the errors of each."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        part = waiting.pop(0)
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        waiting += [cause for cause in (part.__cause__, part.__context__) if cause]
        waiting += getattr(part, "failed_files", {}).values()


def _status(error: BaseException) -> int:
    """Return the HTTP status that an error of either client carries, 0 for none."""
    for holder in (error, getattr(error, "response", None)):
        status = getattr(holder, "status_code", None)
        if isinstance(status, int):
            return status
    return 0


def _line(error: BaseException) -> str:
    words = " ".join(str(error).split())
    ours = type(error).__module__.startswith("adapters.")
    text = words if ours else f"{type(error).__name__}: {words}".removesuffix(": ")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
