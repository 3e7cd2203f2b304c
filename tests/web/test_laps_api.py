"""``/api/recordings/{id}/laps``, ``/api/laps`` and ``/api/venues``: works, refuses, and agrees with the car."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from paddock.domain.recording import Recording
from paddock.usecases.context import Context
from paddock.usecases.jobs import leases
from paddock.usecases.jobs.attempt import do
from tests.lap_logs import LapLog, lap_log
from tests.logs import STARTED_NS
from tests.web.converted import converted

pytestmark = [pytest.mark.anyio, pytest.mark.slow("drives and converts whole runs of laps")]
HOUR_NS = 3600 * 10**9


@dataclass(frozen=True)
class Driven:
    """A log and its recording."""

    log: LapLog
    recording: Recording

    @property
    def laps(self) -> str:
        return f"/api/recordings/{self.recording.id}/laps"


async def _drive(context: Context, folder: Path, name: str, **options: Any) -> Driven:
    log = lap_log(folder / f"{name}.mcap", **options)
    return Driven(log, await converted(context, log.path))


async def _work(context: Context) -> None:
    while job := await leases.take(context, "test"):
        await do(context, job)


def _timed(said: dict[str, Any]) -> list[dict[str, Any]]:
    return [lap for lap in said["items"] if lap["kind"] == "lap" and lap["duration_s"] is not None]


async def test_laps_are_timed_when_a_log_is_converted(
    client: httpx.AsyncClient, context: Context, tmp_path: Path
) -> None:
    driven = await _drive(context, tmp_path, "a", laps=4)

    said = (await client.get(driven.laps)).json()

    assert said["source"] == "gps" and said["timed"] and not said["waiting"]
    assert said["items"][0]["kind"] == "out" and said["items"][-1]["kind"] == "in"
    laps = _timed(said)
    assert len(laps) >= 3
    (venue,) = (await client.get("/api/venues")).json()["items"]
    assert venue["id"] == said["venue"] and venue["found_in"] == driven.recording.id
    assert venue["name"] == "Michigan International Speedway"
    lap = laps[0]
    assert lap["energy_j"] == pytest.approx(3_000 * lap["duration_s"], rel=0.01)
    assert lap["extremes"]["Car.speed_m_s"]["max"] > 10


async def test_sectors_are_timed_once_lines_are_drawn(
    client: httpx.AsyncClient, context: Context, tmp_path: Path
) -> None:
    driven = await _drive(context, tmp_path, "a", laps=4)
    (venue,) = (await client.get("/api/venues")).json()["items"]
    compared = await client.get(f"/api/laps/compare?lap={driven.recording.id}:1")
    lap = compared.json()["laps"][0]
    middle = len(lap["latitude"]) // 2
    course = venue["courses"][0] | {"sectors": [_across(lap, middle)]}

    body = {"name": "Michigan", "courses": [course], "version": venue["version"]}
    changed = await client.put(f"/api/venues/{venue['id']}", json=body)

    assert changed.status_code == 200, changed.text
    assert (await client.get(driven.laps)).json()["waiting"]
    await _work(context)
    for lap in _timed((await client.get(driven.laps)).json()):
        assert sum(sector["duration_s"] for sector in lap["sectors"]) == pytest.approx(lap["duration_s"])
        assert len(lap["sectors"]) == 2
    again = await client.put(f"/api/venues/{venue['id']}", json=body)
    assert again.json()["code"] == "venue_changed"


def _across(lap: dict[str, Any], row: int) -> dict[str, Any]:
    """A line across the way at a point of it."""
    north = lap["latitude"][row + 3] - lap["latitude"][row - 3]
    east = lap["longitude"][row + 3] - lap["longitude"][row - 3]
    stretch = 1.3e-4 / (north**2 + (east * 0.74) ** 2) ** 0.5
    ends = [
        {"latitude": lap["latitude"][row] + sign * east * 0.74 * stretch,
         "longitude": lap["longitude"][row] - sign * north / 0.74 * stretch}
        for sign in (1, -1)
    ]  # fmt: skip
    return {"left": ends[0], "right": ends[1]}


async def test_the_time_difference_ends_at_that_of_the_lap_times(
    client: httpx.AsyncClient, context: Context, tmp_path: Path
) -> None:
    a = await _drive(context, tmp_path, "a", laps=3)
    b = await _drive(context, tmp_path, "b", laps=3, driver="Maya", day_seed=7, started_ns=STARTED_NS + HOUR_NS)
    one, other = [_timed((await client.get(each.laps)).json())[0] for each in (a, b)]
    laps = f"lap={a.recording.short_id}:{one['number']}&lap={b.recording.id}:{other['number']}"

    said = (await client.get(f"/api/laps/compare?{laps}&signal=Car.speed_m_s")).json()

    first, second = said["laps"]
    assert first["difference_s"][-1] == 0 and second["difference_s"][0] == 0
    assert second["difference_s"][-1] == pytest.approx(other["duration_s"] - one["duration_s"], abs=0.001)
    assert [each["metadata"]["driver"] for each in said["laps"]] == ["Adam", "Maya"]
    assert first["time_s"] == sorted(first["time_s"])
    (series,) = second["series"]
    assert series["unit"] == "m/s" and series["distance_m"] == sorted(series["distance_m"])
    assert series["distance_m"][-1] == pytest.approx(said["distance_m"][-1], abs=3)
    # The same place has the same distance in both laps.
    assert max(abs(x - y) for x, y in zip(first["latitude"], second["latitude"], strict=True)) < 5 / 111_000


async def test_the_fastest_laps_of_a_season(client: httpx.AsyncClient, context: Context, tmp_path: Path) -> None:
    await _drive(context, tmp_path, "a", laps=3)
    b = await _drive(
        context, tmp_path, "b", laps=3, driver="Maya", day_seed=7, started_ns=STARTED_NS + 48 * HOUR_NS
    )

    everybody = (await client.get("/api/laps")).json()["items"]
    maya = (await client.get("/api/laps?driver=Maya&since=2026-04-20")).json()["items"]

    times = [each["lap"]["duration_s"] for each in everybody]
    assert times == sorted(times) and len(times) >= 4
    assert {each["recording"] for each in maya} == {b.recording.id}
    assert {each["venue"] for each in everybody} == {everybody[0]["venue"]}
    assert (await client.get("/api/laps?until=2026-04-17")).json()["items"] == []
    table = list(csv.DictReader(io.StringIO((await client.get("/api/laps/csv")).text)))
    assert [float(row["time_s"]) for row in table] == pytest.approx(times, abs=1e-4)


@pytest.mark.slow("the query has a process of its own")
async def test_laps_are_asked_in_sql(client: httpx.AsyncClient, context: Context, tmp_path: Path) -> None:
    driven = await _drive(context, tmp_path, "a", laps=3)
    query = (
        "select number, l.duration_s from laps l join recordings using (recording) "
        "where l.kind = 'lap' and driver = 'Adam' order by number"
    )

    answer = await client.post("/api/sql", json={"sql": query})

    laps = _timed((await client.get(driven.laps)).json())
    assert answer.json()["rows"] == [[lap["number"], lap["duration_s"]] for lap in laps]


async def test_laps_by_hand(client: httpx.AsyncClient, context: Context, tmp_path: Path) -> None:
    driven = await _drive(context, tmp_path, "a", laps=2)

    asked = await client.put(driven.laps, json={"marks_s": [10, 40.5, 72]})
    assert asked.status_code == 202 and asked.json()["waiting"]
    await _work(context)

    said = (await client.get(driven.laps)).json()
    assert said["source"] == "hand" and len(said["marks_at"]) == 3
    assert [lap["duration_s"] for lap in _timed(said)] == [30.5, 31.5]
    await client.put(driven.laps, json={"marks_s": []})
    await _work(context)
    assert (await client.get(driven.laps)).json()["source"] == "gps"


async def test_what_cannot_be_is_refused_in_words(
    client: httpx.AsyncClient, context: Context, tmp_path: Path
) -> None:
    driven = await _drive(context, tmp_path, "a", laps=2)
    (venue,) = (await client.get("/api/venues")).json()["items"]
    long = venue["courses"][0] | {
        "start": {"left": {"latitude": 0, "longitude": 0}, "right": {"latitude": 1, "longitude": 0}}
    }
    for method, path, body, code in (
        ("PUT", driven.laps, {"marks_s": [1e9]}, "bad_lap_marks"),
        ("GET", "/api/laps/compare?lap=nothing", None, "bad_comparison"),
        ("GET", "/api/laps/compare", None, "bad_comparison"),
        ("GET", f"/api/laps/compare?lap={driven.recording.id}:77", None, "no_such_lap"),
        ("GET", "/api/venues/none", None, "no_such_venue"),
        ("POST", "/api/venues", {"name": "x", "courses": [long]}, "bad_course"),
    ):
        answer = await client.request(method, path, json=body)
        assert answer.json()["code"] == code, (path, answer.text)


async def test_a_venue_that_is_removed_is_found_again(
    client: httpx.AsyncClient, context: Context, tmp_path: Path
) -> None:
    driven = await _drive(context, tmp_path, "a", laps=4)
    (venue,) = (await client.get("/api/venues")).json()["items"]

    assert (await client.delete(f"/api/venues/{venue['id']}")).status_code == 204
    await _work(context)

    (found,) = (await client.get("/api/venues")).json()["items"]
    assert found["id"] != venue["id"] and found["found_in"] == driven.recording.id
    best = (await client.get(driven.laps)).json()["best"]
    body = {"course": "1", "reference": {"recording": driven.recording.id, "number": best}}
    chosen = await client.put(f"/api/venues/{found['id']}/reference", json=body)
    assert chosen.json()["courses"][0]["reference"] == body["reference"]
