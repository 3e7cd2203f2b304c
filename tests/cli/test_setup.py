"""``paddock setup``: two runs, the second copied with one change, and what SQL, search and MATLAB make of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from paddock import Client
from paddock.errors import Conflict, Rejected
from tests.logs import STARTED_NS, small_log
from tests.matlab_files import loadmat
from tests.web.browsing import served

HOUR_NS = 3_600_000_000_000


def test_the_second_run_is_copied_with_one_change_and_the_comparison_says_just_that(tmp_path: Path) -> None:
    logs = [tmp_path / f"{name}.mcap" for name in ("first", "second")]
    for log, driver in zip(logs, ("Adam", "Mei"), strict=True):
        log.write_bytes(small_log(driver=driver))
    with served(tmp_path / "data", with_worker=True) as site, Client(site.url) as client:
        server = site.url.removeprefix("http://")

        def setup(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "paddock", "setup", "--server", server, *map(str, arguments)]
            return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")

        first, second = [client.upload(log).wait() for log in logs]
        site.run(site.context.documents.recordings.change(second.id, {"started_ns": STARTED_NS + HOUR_NS}))
        assert "Nobody said" in setup(first.id).stdout
        filled = setup(logs[0], "--set", "spring_front=35", "--set", "tire_set=12", "--set", "ballast=5")
        assert filled.returncode == 0, filled.stderr
        changed = setup(logs[1], "--set", "spring_front=37,5")
        rows = [line.split() for line in changed.stdout.splitlines()]
        assert ["spring_front", "37.5", "N/mm", "35"] in rows and ["tire_set", "12"] in rows
        compared = setup(*logs).stdout.splitlines()
        assert [line.split()[0] for line in compared[1:]] == ["spring_front", "setup"], "and the driver in the log"
        everything = json.loads(setup(first.id[:10], second.id[:10], "--all", "--json").stdout)
        assert [row["name"] for row in everything["rows"]] == ["spring_front", "tire_set", "ballast"]
        refused = setup(logs[0], "--set", "springs=5")
        assert refused.returncode == 1 and "is no field of the setup sheet" in refused.stderr
        refused = setup(*logs, "--set", "ballast=5")
        assert refused.returncode == 2 and "sheet of one run" in refused.stderr
        assert "spring_front" in setup("--fields").stdout

        asked = "select setup.spring_front spring, count(*) runs from recordings group by 1 order by 1"
        assert client.sql(asked).to_pylist() == [{"spring": 35.0, "runs": 1}, {"spring": 37.5, "runs": 1}]
        assert [found.id for found in client.search(setup="spring_front > 36")] == [second.id]
        sheet = second.setup_sheet()
        assert [(each.name, each.before, each.after) for each in sheet.changes] == [("spring_front", 35.0, 37.5)]
        assert [row.name for row in client.compare_setups([first, second]).rows] == ["spring_front"]
        question = {"recordings": [first.id, second.id], "signals": ["Pedals.throttle"], "over": "recording"}
        kpis = httpx.post(f"{site.url}/api/kpis", json=question).json()["items"]
        assert [row["setup"]["spring_front"] for row in kpis] == [35.0, 37.5]
        lines = httpx.post(f"{site.url}/api/kpis", json={**question, "format": "csv"}).text.splitlines()
        assert '"setup.spring_front","setup.tire_set"' in lines[0] and '37.5,"12"' in lines[2]
        mat = client.get(second.id).export("mat").wait().save(tmp_path / "second.mat")
        meta = loadmat(mat, simplify_cells=True)["meta"]
        assert meta["setup"] == {"spring_front": 37.5, "tire_set": "12", "ballast": 5.0}
        assert meta["setup_units"]["spring_front"] == "N/mm"

        seen = client.get(first.id)
        seen.set_setup(ballast=6)
        with pytest.raises(Conflict):
            seen.set_setup(ballast=7)
        assert seen.set_setup(spring_rear=40).values["ballast"] == 6.0
        field = client.add_setup_field("Damper", unit="clicks", group="Springs and bars")
        assert field.own and field in client.setup_fields()
        with pytest.raises(Rejected, match="Damper is a number in clicks"):
            client.get(first.id).set_setup(damper="soft")
