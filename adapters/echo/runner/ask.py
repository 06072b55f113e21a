"""Have a model behind the gateway repeat a sample; whatever comes of it is the sample's fate."""

from __future__ import annotations

import http.client
import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any, NamedTuple

from adapters.runtime import gateway, job

Fields = dict[str, Any]
Answer = Callable[[Fields], Fields]

_SHOWN = 500


class _Fate(NamedTuple):
    """What became of a sample, and whether the gateway itself gave no answer."""

    sample: Fields
    lost: bool = False


class _EveryStatus(urllib.request.HTTPErrorProcessor):
    """Takes an error status for an answer like any other."""

    def http_response(self, _request: urllib.request.Request, response: http.client.HTTPResponse) -> Any:
        return response


# The gateway is on this machine: a proxy of the environment must never stand between.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _EveryStatus)


def remote(dataset: Fields, timeout_s: float) -> Answer:
    """Return what asks the candidate about a sample of `dataset`, and again where the gateway is away for a while."""
    url = f"{job.gateway_url('candidate', dataset['label'])}/chat/completions"

    def ask(sample: Fields) -> Fields:
        messages = [{"role": "user", "content": sample["prompt"]}]
        body = {"model": "candidate", "messages": messages, **dataset["generation"]}
        headers = {"Content-Type": "application/json", **gateway.sample_headers(sample["id"])}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        for wait_s in gateway.WAITS_S:
            fate = _try(sample, request, timeout_s)
            if not fate.lost:
                return fate.sample
            time.sleep(wait_s)
        return _try(sample, request, timeout_s).sample

    return ask


def _try(sample: Fields, request: urllib.request.Request, timeout_s: float) -> _Fate:
    try:
        with _OPENER.open(request, timeout=timeout_s) as response:
            status, raw = response.status, response.read()
    except (OSError, http.client.HTTPException) as error:
        if isinstance(getattr(error, "reason", error), TimeoutError):
            return _Fate(_unscored(sample, "infra_error", f"no answer within {timeout_s:g} s"))
        return _Fate(_unscored(sample, "infra_error", f"{type(error).__name__}: {error}"), lost=True)
    try:
        body = json.loads(raw)
        if status == 200:
            return _Fate(scored(sample, body["choices"][0]["message"]["content"] or "", body.get("usage") or {}))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        told = f"HTTP {status}, no chat completion: {type(error).__name__}: {error}"
        return _Fate(_unscored(sample, "infra_error", told))
    kind = gateway.error_type(body)
    state = "skipped" if kind == gateway.BUDGET_SPENT else "infra_error"
    told = f"HTTP {status}: {raw[:_SHOWN].decode(errors='replace')}"
    return _Fate(_unscored(sample, state, told), lost=kind == gateway.UNREACHABLE)


def scored(sample: Fields, prediction: str, usage: Fields) -> Fields:
    """Return the sample with its score: 1 where the word occurs in the answer."""
    score = float(sample["gold"] in prediction)
    return {
        **sample,
        "state": "scored",
        "prediction": prediction,
        "answer": sample["gold"] if score else None,
        "scores": {"accuracy": score},
        "tokens_in": usage.get("prompt_tokens"),
        "tokens_out": usage.get("completion_tokens"),
    }


def _unscored(sample: Fields, state: str, message: str) -> Fields:
    return {**sample, "state": state, "error": message}
