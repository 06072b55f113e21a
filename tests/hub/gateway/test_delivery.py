import socket

from hub.gateway.delivery import has_left


def test_who_waits_has_not_left_even_with_something_to_read():
    here, there = socket.socketpair()
    with here, there:
        there.sendall(b"the next request")

        assert not has_left(here.fileno())


def test_who_closed_has_left_even_with_something_to_read():
    here, there = socket.socketpair()
    with here:
        there.sendall(b"the next request")
        there.close()

        assert has_left(here.fileno())
