"""One journey across features: a device sends, and what it sent ends as numbers in a file on an engineer's disk."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import httpx
import pyarrow as pa

from tests.cli.running import running, wait_until
from tests.matlab_files import loadmat

BEGUN = 1_776_522_720
"""Seconds since the epoch: 18 April 2026."""


def test_from_a_device_to_a_file(tmp_path: Path) -> None:
    speeds = [10.0 + number % 7 for number in range(60)]
    messages = [{"timestamp": BEGUN + number / 10, "speed": speed} for number, speed in enumerate(speeds)]
    with running(tmp_path / "data") as up, up.client() as client:
        device = client.add_device("Box", type="box", car="HT09")
        token = client.device_token(device.id).token
        assert client.send(device.id, token, messages) == len(messages)
        wait_until(lambda: client.latest(device.id))
        assert httpx.post(f"{up.url}/api/devices/{device.id}/cut").is_success
        (run,) = wait_until(lambda: [each for each in client.search(car="HT09") if each.status == "ready"])

        client.set_maths("doubled", "box.speed * 2")
        wait_until(lambda: list(client.search(signal="max(doubled) > 31")))
        assert [each.id for each in client.search(signal="max(doubled) > 31")] == [run.id]
        question = {"name": "Fast", "condition": "doubled > 30"}
        found = httpx.post(f"{up.url}/api/recordings/{run.id}/intervals/find", json=question).json()["items"]
        assert len(found) == sum(speed == 16 for speed in speeds)
        sheet = {"name": "Box", "recording": run.id, "plots": [["box.speed"], ["doubled.value"]]}
        worksheet = httpx.post(f"{up.url}/api/worksheets", json=sheet).json()
        opened = httpx.get(f"{up.url}/api/worksheets/{worksheet['id']}", params={"recording": run.id}).json()
        assert opened["plots"] == [["box.speed"], ["doubled.value"]] and not opened["missing"]

        answer = client.sql("select max(value) as most, count(*) as n from samples('doubled')")
        assert isinstance(answer, pa.Table) and answer.to_pylist() == [{"most": 32.0, "n": len(speeds)}]
        saved = run.export("mat").wait().save(tmp_path / "box.mat")
        assert loadmat(saved, simplify_cells=True)["box"]["speed"].tolist() == speeds
        paddock = [sys.executable, "-m", "paddock"]
        target = tmp_path / "doubled.csv"
        export = ["export", run.id, "-f", "csv", "-s", "doubled", "-o", str(target), "--server", up.url]
        subprocess.run([*paddock, *export], check=True, capture_output=True, timeout=120)
        with target.open(newline="") as file:
            assert [float(row["value"]) for row in csv.DictReader(file)] == [2 * speed for speed in speeds]
