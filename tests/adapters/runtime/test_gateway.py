import pytest

from adapters.runtime.gateway import WAITS_S, error_type, sample_headers


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"type": "budget_spent"}}, "budget_spent"),
        ({"error": {"message": "no type"}}, ""),
        ({"error": {"type": 7}}, ""),
        ({"error": "a text"}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_the_type_of_an_error_is_read_from_whatever_comes(body: object, kind: str) -> None:
    assert error_type(body) == kind


def test_any_name_of_a_sample_fits_into_a_header() -> None:
    assert sample_headers("law/a b\n§") == {"X-Evaldock-Sample": "law/a b%0A%C2%A7"}


def test_a_gateway_is_waited_for_about_twenty_seconds() -> None:
    assert 15 < sum(WAITS_S) < 25
