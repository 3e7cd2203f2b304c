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
from tests.usecases.test_streams import car_schema
from tests.web.browsing import served
from tests.web.test_devices_api import PNG


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


def test_a_photo_and_a_schema_from_a_terminal(url: str, tmp_path: Path) -> None:
    run(url, "add", "Radio")
    (photo := tmp_path / "radio.png").write_bytes(PNG)
    (schema := tmp_path / "car.desc").write_bytes(car_schema())
    assert "has the photo" in run(url, "photo", "radio", str(photo))
    with Client(url) as client:
        assert (client.device("radio").photo or "").startswith("/api/devices/radio/photo?of=")
    assert run(url, "photo", "radio", "--remove").strip() == "Removed."
    assert "It has none" in run(url, "schema", "radio")
    assert "Its messages are ht.Car from now on." in run(url, "schema", "radio", str(schema))
    assert run(url, "schema", "radio").strip() == "ht.Car"
    assert "ht.Temps" in run(url, "schema", "radio", str(schema), "--message", "ht.Temps")
    run(url, "schema", "radio", "-o", str(tmp_path / "saved.desc"))
    assert (tmp_path / "saved.desc").read_bytes() == car_schema()
    assert "Removed" in run(url, "schema", "radio", "--remove")
    for wrong in (
        ("photo", "radio"),
        ("schema", "radio", str(schema), "--remove"),
        ("schema", "radio", "--message", "x"),
    ):
        assert CliRunner().invoke(command, ["--server", url, *wrong]).exit_code == 2


def test_a_devices_own_token_goes_before_that_of_whoever_runs_the_program(url: str) -> None:
    with Client(url) as client:
        client.add_device("Box", device_id="box")
        token = client.device_token("box").token
    with Client(url, token="pdk_of_somebody") as client:
        assert client.send("box", token, [{"a": 1}]) == 1


def test_a_simulated_car_sends_while_it_drives(url: str) -> None:
    arguments = ["--live", "--server", url, "--duration", "1", "--hz", "20", "--loss", "0.2", "--signals", "40"]
    done = CliRunner().invoke(simulate, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "It sends as ht09-simulated" in done.stdout and "lost on the way." in done.stdout
    with Client(url) as client:
        assert "ht09-simulated" in {device.id for device in client.devices()}
