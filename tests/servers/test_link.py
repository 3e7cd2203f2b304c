"""The cable that other tests stand on loses, delays, slows down and is cut as it is asked to, by counts."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers.link import Link, linked, machines, needed, wire
from tests.servers.namespaces import CONGESTION_CONTROL, HANG_GUARD_S, Machine, wait_until

PORT = 9000
SENT = 2000
HEADERS = 28
"""IP and UDP."""


@pytest.fixture(autouse=True)
def _networks() -> None:
    needed()


def send(machine: Machine, address: str, count: int, size: int = 100) -> None:
    """Datagrams, so slowly that no queue of a busy machine overflows."""

    def all_of_them() -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(count):
                sender.sendto(bytes(size), (address, PORT))
                if number % 50 == 49:
                    time.sleep(0.005)
        return True

    machine.within(all_of_them)


@contextlib.contextmanager
def received(machine: Machine) -> Iterator[list[bytes]]:
    """What arrives at the machine meanwhile."""
    arrived: list[bytes] = []
    listener = machine.within(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    listener.bind(("0.0.0.0", PORT))

    def listen() -> None:
        with contextlib.suppress(OSError):
            while packet := listener.recv(65536):
                arrived.append(packet)

    threading.Thread(target=listen, daemon=True).start()
    yield arrived
    listener.close()


def arrives(link: Link, count: int) -> None:
    """Wait until the cable has seen all that was sent to the right."""

    def seen() -> bool:
        way = link.carried().to_right
        return way.packets + way.lost + way.overflown + way.refused + way.cut >= count

    wait_until(seen, f"{count} packets")


def pulled(machine: Machine, address: str, size: int) -> Callable[[], int]:
    """Take bytes from a TCP server on another machine on a thread; answers how many there are so far."""
    got = [0]

    def pull() -> None:
        with socket.create_connection((address, PORT), HANG_GUARD_S) as connection:
            while got[0] < size and (piece := connection.recv(65536)):
                got[0] += len(piece)

    connected = threading.Thread(target=lambda: machine.within(pull), daemon=True)
    connected.start()
    return lambda: got[0]


def serves(machine: Machine, size: int) -> None:
    """A TCP server that gives each who asks the same number of bytes."""

    def serve() -> None:
        listener = socket.create_server(("0.0.0.0", PORT))

        def give() -> None:
            while True:
                connection, _ = listener.accept()
                with contextlib.suppress(OSError), connection:
                    connection.sendall(bytes(size))

        threading.Thread(target=give, daemon=True).start()

    machine.within(serve)


def test_loses_the_share_that_was_asked_for_and_counts_it() -> None:
    with linked("car", "base", loss=0.2, seed=3) as (car, base, link), received(base) as arrived:
        send(car, link.right, SENT)
        arrives(link, SENT)
        way = link.carried().to_right
        assert way.packets + way.lost == SENT
        assert 0.17 < way.lost / SENT < 0.23
        wait_until(lambda: len(arrived) == way.packets, "what was not lost")


def test_a_good_cable_loses_nothing_and_the_same_seed_loses_the_same() -> None:
    lost = []
    for loss in (0.0, 0.1, 0.1):
        with linked("car", "base", loss=loss, seed=7) as (car, _, link):
            send(car, link.right, 500)
            arrives(link, 500)
            lost.append(link.carried().to_right.lost)
    assert lost[0] == 0
    assert lost[1] == lost[2] > 0


def test_nothing_arrives_before_the_delay_and_order_stays() -> None:
    with linked("car", "base", delay_ms=150) as (car, base, link):
        serves(car, 1)

        def connecting_s() -> float:
            begun = time.monotonic()
            socket.create_connection((link.left, PORT), HANG_GUARD_S).close()
            return time.monotonic() - begun

        assert base.within(connecting_s) >= 0.3  # there and back
        with received(base) as arrived:
            for number in range(3):
                send(car, link.right, 1, size=number + 1)
            wait_until(lambda: len(arrived) == 3, "all three")
            assert [len(packet) for packet in arrived] == [1, 2, 3]


def test_the_rate_bounds_what_arrives_and_too_much_is_dropped() -> None:
    rate = 100_000
    with linked("car", "base", bytes_per_s=rate) as (car, _, link):
        begun = time.monotonic()
        send(car, link.right, 300, size=1000 - HEADERS)
        arrives(link, 300)
        way = link.carried().to_right
        # Sent within a moment: one was on its way, and the queue took what it holds, 64 KiB, and what left since.
        assert (time.monotonic() - begun) * rate >= (way.packets - 2) * 1000
        assert way.packets >= 65
        assert way.overflown > 0
        assert way.packets + way.overflown == 300


def test_a_transfer_comes_whole_through_a_bad_cable() -> None:
    with linked("car", "base", loss=0.03, delay_ms=1) as (car, base, link):
        serves(car, 300_000)
        got = pulled(base, link.left, 300_000)
        wait_until(lambda: got() == 300_000, "the transfer")
        assert link.carried().to_right.payload >= 300_000
        assert link.carried().to_left.bytes > link.carried().to_left.payload == 0  # acknowledgements


def test_is_cut_after_the_bytes_that_were_asked_for_and_goes_on_once_healed() -> None:
    with linked("car", "base", cut_after=100_000) as (car, base, link):
        serves(car, 400_000)
        got = pulled(base, link.left, 400_000)
        link.wait_until_cut()
        carried = link.carried()
        assert 100_000 - 1500 < carried.bytes <= 100_000
        assert got() < 100_000
        link.heal()
        wait_until(lambda: got() == 400_000, "the rest")


def test_udp_is_blocked_and_tcp_is_not() -> None:
    with linked("car", "base", udp=False) as (car, base, link), received(base) as arrived:
        send(car, link.right, 20)
        arrives(link, 20)
        assert link.carried().to_right.refused == 20
        serves(car, 10_000)
        got = pulled(base, link.left, 10_000)
        wait_until(lambda: got() == 10_000, "TCP")
        assert not arrived


def test_who_sends_into_a_pulled_cable_is_told() -> None:
    with linked("car", "base") as (car, base, link):
        serves(car, 1)
        assert base.reached([(link.left, PORT)])
        link.unplug()
        with pytest.raises(OSError, match="unreachable"):
            car.within(lambda: socket.create_connection((link.right, PORT), HANG_GUARD_S))
        link.plug()
        assert base.reached([(link.left, PORT)])


def test_larger_packets_need_a_larger_mtu() -> None:
    for mtu, packets in ((1500, 3), (9000, 1)):
        with linked("car", "base", mtu=mtu) as (car, _, link):
            send(car, link.right, 1, size=4000)
            arrives(link, packets)
            assert link.carried().to_right.packets == packets


def test_a_clean_cable_and_a_bad_one_on_one_machine() -> None:
    with machines("car", "base", "internet") as (car, base, internet):
        car_address, base_address = wire(car, base)
        link = Link(base, internet, loss=1.0)
        try:
            serves(car, 1)
            serves(internet, 1)
            assert base.reached([(car_address, PORT)])
            assert not base.reached([(link.right, PORT)])
            assert not internet.reached([(base_address, PORT)])  # the base station is no router
            assert base.congestion_control in CONGESTION_CONTROL
        finally:
            link.end()


def test_nothing_is_left_on_the_machine_that_runs_the_tests() -> None:
    before = {each for _, each in socket.if_nameindex()}
    with linked("car", "base") as (car, _, _):
        holder = car.pid
        assert {each for _, each in socket.if_nameindex()} == before
    assert not _is_running(holder)


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
