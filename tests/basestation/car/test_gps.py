"""Who on the car knows the time: a daemon that speaks as gpsd does, and commands."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

import pytest

from paddock.basestation.car.gps import TimeSource
from paddock.errors import Rejected
from tests.basestation.car.cars import TRUE_NS

FIX = b'{"class":"TPV","device":"/dev/ttyACM0","mode":3,"time":"2026-04-18T15:32:00.000Z","lat":42.2,"lon":-83.7}'
NO_FIX = b'{"class":"TPV","device":"/dev/ttyACM0","mode":1,"time":"1999-08-22T00:00:00.000Z"}'
BEFORE = b'{"class":"VERSION","release":"3.22"}\r\n{"class":"DEVICES","devices":[]}\r\n'


class Gpsd:
    """Sends what it is given, in pieces, to who has asked for it."""

    def __init__(self, family: int, address: object, sends: bytes) -> None:
        self.asked = b""
        self._sends = sends
        self.listener = socket.socket(family)
        self.listener.bind(address)
        self.listener.listen()
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self) -> None:
        connection, _ = self.listener.accept()
        with connection, contextlib.suppress(ConnectionError):  # who asks may have heard enough
            self.asked = connection.recv(100)
            for start in range(0, len(self._sends), 50):
                connection.sendall(self._sends[start : start + 50])


def told_by(place: str) -> list[int]:
    told: list[int] = []
    assert TimeSource(place, told.append).ask() is bool(told)
    return told


def test_gpsd_on_a_port() -> None:
    gpsd = Gpsd(socket.AF_INET, ("127.0.0.1", 0), BEFORE + NO_FIX + b"\n" + FIX + b"\n" + FIX + b"\n")
    with gpsd.listener:
        host, port = gpsd.listener.getsockname()
        assert told_by(f"{host}:{port}") == [TRUE_NS]
        assert gpsd.asked.startswith(b"?WATCH={")


def test_gpsd_on_a_socket_of_the_file_system(tmp_path: Path) -> None:
    gpsd = Gpsd(socket.AF_UNIX, str(tmp_path / "gpsd.sock"), FIX + b"\n")
    with gpsd.listener:
        assert told_by(str(tmp_path / "gpsd.sock")) == [TRUE_NS]


def test_one_without_a_fix_knows_nothing() -> None:
    gpsd = Gpsd(socket.AF_INET, ("127.0.0.1", 0), BEFORE + NO_FIX + b"\n")
    with gpsd.listener:
        assert told_by("{}:{}".format(*gpsd.listener.getsockname())) == []


@pytest.mark.parametrize(
    ("prints", "told"),
    [
        ("1776526320", [TRUE_NS]),
        ("1776526320.5", [TRUE_NS + 5 * 10**8]),
        ("2026-04-18T15:32:00Z", [TRUE_NS]),
        ("2026-04-18T17:32:00+02:00", [TRUE_NS]),
        ("", []),
    ],
)
def test_a_command_that_prints_the_time(prints: str, told: list[int]) -> None:
    assert told_by(f"command:echo {prints}") == told


def test_a_command_that_fails() -> None:
    assert told_by("command:echo 1776526320; exit 1") == []


@pytest.mark.parametrize("place", ["", "host:port", ":2947", "a:b:c"])
def test_places_that_nobody_understands(place: str) -> None:
    with pytest.raises(Rejected, match="--gps takes"):
        TimeSource(place, lambda _: None)


@pytest.mark.parametrize(
    "sends", [b"not json\n", b"\xff\n", b"[1]\n", b"x" * 100_000, b'{"class":"TPV","mode":3,"time":"x"}\n']
)
def test_nonsense_and_a_daemon_that_is_not_there_end_nothing(sends: bytes) -> None:
    gpsd = Gpsd(socket.AF_INET, ("127.0.0.1", 0), sends)
    ends = threading.Event()
    with gpsd.listener:
        source = TimeSource("{}:{}".format(*gpsd.listener.getsockname()), lambda _: None)
        ends_soon = threading.Timer(0.2, ends.set)
        ends_soon.start()
        source.follow(ends)
    ends.clear()
    again = threading.Timer(0.1, ends.set)
    again.start()
    TimeSource("127.0.0.1:1", lambda _: None).follow(ends)
