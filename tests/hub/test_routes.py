from pathlib import Path

from hub.identity import Address, Identity
from hub.routes import Ways, knowing

SERVED, OTHER = Address("server:q", "q", ""), Address("http://h:1/v1", "m", "r")


def somebody(address: Address) -> Identity:
    return {"who": address.model}


def test_a_server_of_the_run_is_asked_at_its_socket_and_others_where_they_are() -> None:
    ways = Ways(somebody, {"q": Path("/run/e/s0/server.sock")})

    assert ways.url(SERVED) == "http+unix://%2Frun%2Fe%2Fs0%2Fserver.sock/v1"
    assert ways.url(OTHER) == "http://h:1/v1"


def test_what_stands_behind_a_server_of_the_run_is_part_of_who_answers() -> None:
    who = knowing(somebody, {"q": "local:./w served by transformers sha256:1"})

    assert who(SERVED)["entry"] == {"id": "local:./w served by transformers sha256:1"}
    assert who(OTHER) == {"who": "m"}
