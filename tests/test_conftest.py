"""The guard in conftest.py: it must refuse, remember, and leave loopback alone."""

import socket

import pytest

import miniprefect
from tests.conftest import HOME, OutsideWorld, SocketGuard, is_loopback


@pytest.mark.parametrize(
    "address",
    [("127.0.0.1", 80), ("127.9.9.9", 80), ("localhost", 80), ("::1", 80, 0, 0), ("", 0), "/run/x.sock"],
)
def test_loopback_is_allowed(address: object) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.org", 443), ("::", 1, 0, 0), ("10.0.0.1", 1)])
def test_other_machines_are_not(address: object) -> None:
    assert not is_loopback(address)


def test_every_way_out_is_refused_and_remembered(socket_guard: SocketGuard) -> None:
    there = ("192.0.2.1", 9)
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        for attempt in (
            lambda: tcp.connect(there),
            lambda: tcp.connect_ex(there),
            lambda: udp.sendto(b"", there),
            lambda: socket.create_connection(there),
            lambda: socket.getaddrinfo("example.org", 80),
        ):
            with pytest.raises(OutsideWorld, match="this machine only"):
                attempt()
    assert len(socket_guard.refused) == 5
    socket_guard.refused.clear()  # or this test would fail, as any other that tried


def test_a_server_on_loopback_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()[:2]).close()


def test_the_home_is_not_the_users() -> None:
    assert str(miniprefect.config.home_dir) == HOME
