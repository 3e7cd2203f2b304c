"""What people do on a Paddock between two syncs, and what they see there afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import random
from itertools import count
from pathlib import Path
from typing import Any

from paddock.domain.recording import Recording
from paddock.errors import PaddockError
from paddock.usecases.jobs import leases
from paddock.usecases.jobs.attempt import do
from tests.basestation.sync_sides import Killed, Paddock, meet, paddocks
from tests.logs import small_log
from tests.web.builders import build_recording


def insert(recording: Recording, *sides: Paddock) -> None:
    for side in sides:
        side.run(side.context.documents.recordings.insert(recording))


def upload(paddock: Paddock, log: bytes, name: str = "run.mcap", **metadata: str) -> str:
    sha256 = hashlib.sha256(log).hexdigest()
    body = {"sha256": sha256, "size_bytes": len(log), "name": name, "metadata": metadata}
    plan = paddock.call("POST", "/api/uploads", json=body)
    for part in plan["parts"]:
        paddock.call("PUT", part["url"], content=lambda: iter([log]), headers={"Content-Length": str(len(log))})
    if plan["id"]:
        paddock.call("POST", f"/api/uploads/{plan['id']}/complete")
    prove(paddock)
    return sha256


def prove(paddock: Paddock) -> None:
    """Do what a worker does until the bytes are proved; no log is converted."""

    async def all_jobs() -> None:
        while job := await leases.take(paddock.context, "test"):
            if job.kind == "ingest":
                await do(paddock.context, job)
            else:
                await paddock.context.documents.jobs.change(job.id, {"state": "done"})

    paddock.run(all_jobs())


def edit(paddock: Paddock, recording: str, **metadata: str) -> None:
    paddock.call("PATCH", f"/api/recordings/{recording}", json={"metadata": metadata})


def attach(paddock: Paddock, recording: str, name: str, body: bytes) -> str:
    query = {"name": name}
    path = f"/api/recordings/{recording}/files"
    return str(paddock.call("POST", path, params=query, content=lambda: iter([body]))["id"])


def said(paddock: Paddock, recording: str) -> dict[str, str]:
    answer = paddock.call("GET", f"/api/recordings/{recording}")
    return {name: each["value"] for name, each in answer["metadata"].items() if each["source"] == "person"}


def history(paddock: Paddock, recording: str) -> list[dict[str, Any]]:
    return list(paddock.call("GET", f"/api/recordings/{recording}/history?limit=500")["items"])


def changes(paddock: Paddock, recording: str) -> list[tuple[str, ...]]:
    items = history(paddock, recording)
    return sorted((each["at"], each["field"], str(each["before"]), str(each["after"])) for each in items)


def digests(paddock: Paddock) -> dict[str, str]:
    return {each.id: each.digest for page in paddock.side.compared() for each in page}


def asked(paddock: Paddock) -> list[tuple[str, str | None, str | None]]:
    items = paddock.call("GET", "/api/sync/questions")["items"]
    return sorted((each["question"]["field"], each["ours"], each["theirs"]) for each in items)


def answer(paddock: Paddock, keep: str) -> None:
    for each in paddock.call("GET", "/api/sync/questions")["items"]:
        paddock.call("POST", f"/api/sync/questions/{each['question']['id']}/answer", json={"keep": keep})


def killed_after_each_request(folder: Path, *, step: int) -> int:
    """Syncs that end after so many requests of the one or of the other, each gone on with; how many ended.

    Args:
        step: 1 for every request, 3 for each third.
    """
    ends = 0
    with paddocks(folder, "pit", "cloud") as (here, there):
        for allowed in count(step=step):
            ended, finished = _one_kill(here, there, allowed)
            ends += ended
            if finished:
                return ends
    raise AssertionError("unreachable: some sync is allowed all of its requests")


def _one_kill(here: Paddock, there: Paddock, allowed: int) -> tuple[bool, bool]:
    """Whether it was killed, and whether it had come to its end."""
    fresh = upload(here, small_log(10 + allowed), f"{allowed}.mcap", driver="Adam")
    old = build_recording(f"old {allowed}")
    insert(old, here, there)
    edit(here, old.id, driver=f"word {allowed}", notes="here")
    edit(there, old.id, event=f"word {allowed}", notes="there")
    edit(here, fresh, notes="fresh")
    attach(here, old.id, "a.txt", b"abc")
    here.call("POST", "/api/fields", json={"label": f"Field {allowed}"})
    # Now the one, now the other is the last that answers.
    victim = (here, there)[allowed % 2]
    victim.left = allowed // 2
    killed = False
    try:
        meet(here, there)
    except Killed:
        killed = True
    finished = victim.left >= 0
    here.left = there.left = None
    prove(there)
    assert meet(here, there).problems == [], allowed
    prove(there)
    assert [each[0] for each in asked(here)] == ["notes"]
    answer(there, "ours")
    assert meet(here, there).questions == 0
    assert digests(here) == digests(there), allowed
    for run in (old.id, fresh):
        assert changes(here, run) == changes(there, run)
        assert len(set(changes(here, run))) == len(changes(here, run))
    here.call("DELETE", f"/api/fields/field_{allowed}")
    return killed, finished


def by_chance(folder: Path, seed: int, *, deeds: int) -> None:
    """Edits, files, deletions and syncs by chance, many of them killed; nobody's word is lost."""
    chance = random.Random(seed)
    with paddocks(folder, "cloud", "pit", "shop") as sides:
        cloud, *stations = sides
        recordings = [build_recording(number) for number in range(3)]
        for recording in recordings:
            insert(recording, *sides)
        runs = [recording.id for recording in recordings]
        spoken: dict[str, set[str]] = {run: set() for run in runs}
        for number in range(deeds):
            side, run = chance.choice(sides), chance.choice(runs)
            deed = chance.choice(
                ["edit", "edit", "edit", "clear", "delete", "restore", "file", "unfile", "sync", "sync"]
            )
            if deed == "sync":
                side.left = chance.randrange(25) if chance.random() < 0.7 else None
                with contextlib.suppress(Killed):
                    meet(chance.choice(stations), cloud)
                side.left = None
                continue
            try:
                if deed == "edit":
                    edit(side, run, **{chance.choice(["driver", "notes"]): f"word {number}"})
                    spoken[run].add(f"word {number}")
                elif deed == "clear":
                    edit(side, run, driver="")
                elif deed == "file":
                    attach(side, run, f"{number}.txt", b"x" * number)
                elif deed == "unfile":
                    files = side.call("GET", f"/api/recordings/{run}")["files"]
                    if files:
                        side.call("DELETE", f"/api/recordings/{run}/files/{files[0]['id']}")
                else:
                    what = ("DELETE", "") if deed == "delete" else ("POST", "/restore")
                    side.call(what[0], f"/api/recordings/{run}{what[1]}")
            except PaddockError:
                pass  # it is deleted there
        for side in sides:
            for run in runs:
                side.call("POST", f"/api/recordings/{run}/restore")
        for _ in range(4):
            for station in stations:
                report = meet(station, cloud)
                assert report.problems == []
                answer(cloud, chance.choice(["ours", "theirs"]))
                meet(station, cloud)
        assert digests(cloud) == digests(stations[0]) == digests(stations[1])
        for side in sides:
            for run in runs:
                items = history(side, run)
                assert {each["after"] for each in items} >= spoken[run]
                assert len({str(each) for each in changes(side, run)}) == len(items)
