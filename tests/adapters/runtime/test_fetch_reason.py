import errno

import pytest

from adapters.runtime.fetch_reason import explain, redacted
from adapters.runtime.hubs import Facts

FACTS = Facts("huggingface", "model", "acme/tiny", "main")


def error(
    name: str, message: str = "401 Client Error.\n\nTraceback (most recent call last)", status: int = 0
) -> Exception:
    made: Exception = type(name, (Exception,), {})(message)
    if status:
        made.status_code = status  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("RepositoryNotFoundError", 404, "no such model"),
        ("HfHubHTTPError", 401, "no such model"),
        ("NotExistError", 404, "no such model"),
        ("RevisionNotFoundError", 404, "no revision 'main'"),
        ("GatedRepoError", 401, "gated or private"),
        ("PermissionDeniedError", 403, "gated or private"),
        ("AuthenticationError", 401, "gated or private"),
        ("ServerError", 503, "HTTP 503"),
        ("HTTPError", 429, "HTTP 429"),
        ("NetworkError", 0, "the connection to the hub failed"),
        ("WhateverError", 0, "WhateverError: 401 Client Error. Traceback"),
    ],
)
def test_a_clients_error_is_put_in_the_users_words(
    monkeypatch: pytest.MonkeyPatch, name: str, status: int, words: str
) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)

    reason, hint = explain(error(name, status=status), FACTS)

    assert words in reason
    assert "\n" not in reason
    assert hint


def test_the_cause_counts_where_a_client_wraps_it() -> None:
    outer = error("LocalEntryNotFoundError")
    outer.__cause__ = error("GatedRepoError", status=403)

    assert "gated" in explain(outer, FACTS)[0]


def test_a_full_disk_is_named() -> None:
    outer = error("FileDownloadError")
    outer.failed_files = {"a": OSError(errno.ENOSPC, "No space left on device")}  # type: ignore[attr-defined]

    assert "no space left" in explain(outer, FACTS)[0]


def test_a_token_that_is_not_enough_is_told_from_one_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")

    assert "owner of the token" in explain(error("GatedRepoError", status=403), FACTS)[0]


def test_tokens_are_cut_out_of_what_a_client_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELSCOPE_API_TOKEN", "ms-secret")

    assert redacted("refused: ms-secret") == "refused: ***"
