"""Syncs of Paddocks in this process: what goes over, what is asked, and that nothing is lost by an end anywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.basestation.sync_sides import Paddock, meet, paddocks
from tests.logs import small_log


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Paddock, Paddock]]:
    with paddocks(tmp_path, "pit", "cloud") as (here, there):
        yield here, there


def upload(paddock: Paddock, log: bytes, name: str = "run.mcap", **metadata: str) -> str:
    sha256 = hashlib.sha256(log).hexdigest()
    body = {"sha256": sha256, "size_bytes": len(log), "name": name, "metadata": metadata}
    plan = paddock.call("POST", "/api/uploads", json=body)
    for part in plan["parts"]:
        paddock.call("PUT", part["url"], content=lambda: iter([log]), headers={"Content-Length": str(len(log))})
    if plan["id"]:
        paddock.call("POST", f"/api/uploads/{plan['id']}/complete")
    work_off(paddock)
    return sha256


def work_off(paddock: Paddock) -> None:
    from paddock.usecases.jobs import leases
    from paddock.usecases.jobs.attempt import do

    async def all_jobs() -> None:
        while job := await leases.take(paddock.context, "test"):
            if job.kind == "ingest":
                await do(paddock.context, job)
            else:
                await paddock.context.documents.jobs.change(job.id, {"state": "done"})

    paddock.run(all_jobs())


def edit(paddock: Paddock, recording: str, **metadata: str) -> None:
    paddock.call("PATCH", f"/api/recordings/{recording}", json={"metadata": metadata})


def said(paddock: Paddock, recording: str) -> dict[str, str]:
    answer = paddock.call("GET", f"/api/recordings/{recording}")
    return {name: each["value"] for name, each in answer["metadata"].items()}


def history(paddock: Paddock, recording: str) -> list[tuple[str, str, Any, Any]]:
    items = paddock.call("GET", f"/api/recordings/{recording}/history?limit=500")["items"]
    return [(each["principal"], each["field"], each["before"], each["after"]) for each in items]


def test_a_log_goes_up_with_all_that_was_said_of_it(both: tuple[Paddock, Paddock]) -> None:
    here, there = both
    log = small_log()
    run = upload(here, log, "1.mcap", driver="Adam")
    upload(here, log, "run_1.mcap")
    edit(here, run, driver="Mei", notes="wet")
    report = meet(here, there)
    assert (report.sent, report.problems) == (1, [])
    work_off(there)
    answer = there.call("GET", f"/api/recordings/{run}")
    assert answer["names"] == ["1.mcap", "run_1.mcap"]
    assert said(there, run) == {"driver": "Mei", "notes": "wet"}
    assert sorted(map(str, history(there, run))) == sorted(map(str, history(here, run)))
    assert b"".join(there.connection.pieces(f"/api/recordings/{run}/original", 0, len(log))) == log
    again = meet(here, there)
    assert (again.sent, again.told_here, again.told_there) == (0, 0, 0)
