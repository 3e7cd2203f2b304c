"""``paddock devices``, and the Python client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from paddock import Client
from paddock.cli.devices import command
from paddock.cli.simulate import command as simulate
from paddock.errors import NotFound
from tests.web.browsing import served


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("devices") / "data", with_worker=False) as site:
        yield site.url


def run(url: str, *arguments: str) -> str:
    done = CliRunner().invoke(command, ["--server", url, *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    # The site logs its requests in this process.
    return "\n".join(line for line in done.stdout.splitlines() if "[info" not in line)


def test_a_device_from_a_terminal(url: str, tmp_path: Path) -> None:
    assert "Added as tire-temps." in run(url, "add", "Tire temps", "--type", "tires", "--car", "HT09")
    token = run(url, "token", "tire-temps", "--days", "3").strip()
    assert token.count(".") == 2
    assert "tire-temps" in run(url) and "new" in run(url, "list")
    run(url, "disable", "tire-temps")
    (listed,) = json.loads(run(url, "--json"))
    assert (listed["id"], listed["is_disabled"], listed["car"]) == ("tire-temps", True, "HT09")
    assert "disabled" in run(url, "list")
    run(url, "enable", "tire-temps")
    with Client(url) as client:
        (device,) = client.devices()
        assert (device.name, device.topic, device.is_disabled) == ("Tire temps", "tires", False)
        assert client.change_device(device.id, notes="front").notes == "front"
        assert client.latest(device.id) == {}
        with pytest.raises(NotFound):
            client.device_token("none")


def test_a_simulated_car_sends_while_it_drives(url: str) -> None:
    arguments = ["--live", "--server", url, "--duration", "1", "--hz", "20", "--loss", "0.2", "--signals", "40"]
    done = CliRunner().invoke(simulate, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "It sends as ht09-simulated" in done.stdout and "lost on the way." in done.stdout
    with Client(url) as client:
        assert "ht09-simulated" in {device.id for device in client.devices()}
