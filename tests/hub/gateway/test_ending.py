import pytest

from hub.gateway.call import Failure
from hub.gateway.ending import Ending


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (None, "ok"),
        (Failure(400, "invalid_request_error", "context_length_exceeded", "x"), "invalid_request"),
        (Failure(400, "BadRequestError", "400", "x"), "invalid_request"),
        (Failure(401, "invalid_request_error", "invalid_api_key", "x"), "upstream_error"),
        (Failure(404, "invalid_request_error", "model_not_found", "x"), "upstream_error"),
        (Failure(403, "ok", "x", "an upstream may call its errors anything"), "upstream_error"),
        (Failure(502, "upstream_invalid", "not_json", "x"), "upstream_invalid"),
        (Failure(503, "upstream_down", "outage", "x"), "upstream_down"),
        (Failure(402, "budget_spent", "insufficient_quota", "x"), "budget_spent"),
        (Failure(500, "gateway_error", "books", "x"), "gateway_error"),
    ],
)
def test_a_call_s_outcome_is_what_the_client_was_told(failure, outcome):
    assert Ending(0.0, 0.0, failure=failure, delivered=True).outcome == outcome


def test_what_was_not_delivered_has_no_other():
    assert Ending(0.0, 0.0, failure=Failure(500, "x", "x", "x")).outcome == "client_left"
