"""A test day from the first cable to the last hash, to watch: ``python -m tests.scripts.acceptance_day [--short]``.

As root: car, base station and cloud are network namespaces on this machine (``tests/basestation/race_day.py``).
Every step says what happens and fails loudly where it is not as it has to be. Whenever the pit screen is asked and
says SAFE TO POWER OFF, the bytes on both disks are compared.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paddock.basestation.verdict import Kind
from paddock.client import Client, FoundRecording
from tests.basestation.impatient import IMPATIENT
from tests.basestation.race_day import HERE, RaceDay, race_day
from tests.basestation.trackside import PADDOCK

TOO_HOT_C = 55
HOT_SIGNAL = f"max(ACUAllData.max_cell_temp_c) > {TOO_HOT_C}"
MAT_WITHIN_S = 120
HOTSPOT_BYTES_PER_S = 5_000_000 / 8
HOTSPOT_WITHIN_S = 3600
CAR = {"car": "HT09", "event": "endurance", "venue": "Michigan International Speedway"}


@dataclass(frozen=True)
class Plan:
    """How long a day is."""

    runs: int
    garage: int
    rate: float
    duration_s: float | None

    def outing(self, number: int) -> dict[str, Any]:
        return {"seed": number, "laps": 1, "rate": self.rate, "duration_s": self.duration_s}


WHOLE = Plan(runs=8, garage=4, rate=0.25, duration_s=None)
SHORT = Plan(runs=4, garage=1, rate=0.1, duration_s=20.0)


class Told:
    """What somebody who watches is told."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def chapter(self, title: str) -> None:
        print(f"\n{title}", flush=True)

    def __call__(self, sentence: str) -> None:
        print(f"  {time.monotonic() - self._begun:5.0f} s  {sentence}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="fewer and shorter runs and pauses, as CI does it")
    parser.add_argument("--keep", type=Path, help="a new folder for everything, which stays")
    given = parser.parse_args(arguments)
    plan, tell = (SHORT if given.short else WHOLE), Told()
    folder = given.keep or Path(tempfile.mkdtemp(prefix="acceptance-day-"))
    folder.mkdir(exist_ok=True)
    try:
        with race_day(folder, IMPATIENT if given.short else PADDOCK) as day:
            try:
                morning(day, tell)
                runs(day, plan, tell)
                engineers_at_track(day, tell)
                hotspot(day, tell)
                at_home(day, tell)
                what_must_be_so(day, plan, tell)
            except BaseException:
                print(day.tail(), flush=True)
                raise
    finally:
        if given.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    print("\nThe day is as it has to be.", flush=True)


def morning(day: RaceDay, tell: Told) -> None:
    tell.chapter("Morning: no internet; the car's clock begins in 1970.")
    day.internet.cut()
    day.boot_car()
    day.start_here()
    day.start_offload()
    day.wait_until_up()
    day.until(lambda: day.verdict() == Kind.NONE, "the car in reach, without logs")
    tell("The base station sees the car; there is no log on it yet.")
    day.say_stint(**CAR, driver="Adam")
    tell("Typed on the pit screen: HT09, endurance, Adam drives.")


def runs(day: RaceDay, plan: Plan, tell: Told) -> None:
    tell.chapter("The runs. While the car is out nobody reaches it.")
    swap, cut, hot = plan.runs // 2, plan.runs // 2 - 1, plan.runs // 2 + 2
    names = iter(range(1, 100))
    for number in range(1, plan.runs + 1):
        if number <= plan.garage:
            log = day.record(f"{next(names)}.mcap", parked=True, seed=number, duration_s=10.0, rate=plan.rate)
            tell(f"{log.name}: the car stands in the garage.")
        if number == swap + 1:
            day.say_stint(driver="Maya")
            tell("Typed on the pit screen: from now on Maya drives.")
            _wait_until_green(day, tell)
            day.wipe_car()
            day.wait_until_up()
            names = iter(range(1, 100))
            tell("The car's computer is set up anew: it is empty, and counts from 1.mcap again.")
        day.pit.cut()
        options = plan.outing(number)
        if number == hot:
            options["pack_warmer_c"] = 30.0
        log = day.record(f"{next(names)}.mcap", cut=0.7 if number == cut else None, **options)
        if log.is_cut:
            day.cut_power_of_car()
            day.boot_car()
            day.wait_until_up()
        tell(
            f"Run {number}, {log.name}{', cut off in the middle of a chunk: the power went' if log.is_cut else ''}."
        )
        if number == swap + 1:
            _comes_in_and_cable_is_pulled(day, tell)
        elif number == swap + 2:
            _comes_in_and_agent_is_killed(day, tell)
        else:
            day.pit.heal()
        _wait_until_green(day, tell)


def _wait_until_green(day: RaceDay, tell: Told) -> None:
    here = {log.name: log for log in day.logs}
    took_s = day.until(lambda: _all_here(day) and day.verdict() == Kind.SAFE, "green")
    tell(f"SAFE TO POWER OFF after {took_s:.1f} s; all {len(here)} logs of the car are here, with equal hashes.")


def _all_here(day: RaceDay) -> bool:
    """Whether the screen knows every log that is on the car."""
    said = {log["sha256"] for log in day.screen()["status"]["logs"]}
    return {log.sha256 for log in day.logs if log.on_car} <= said


def _comes_in_and_cable_is_pulled(day: RaceDay, tell: Told) -> None:
    _until_half_is_over(day)
    day.pit.unplug()
    tell("Somebody trips over the cable while the log comes over.")
    time.sleep(1.5)
    assert not _all_here(day), "the log came too fast to be interrupted"
    assert day.verdict() != Kind.SAFE
    day.pit.plug()
    day.pit.set(bytes_per_s=0)
    tell("It was not green meanwhile. The cable is in again.")


def _comes_in_and_agent_is_killed(day: RaceDay, tell: Told) -> None:
    _until_half_is_over(day)
    day.kill_offload()
    day.pit.set(bytes_per_s=0)
    tell("paddock offload is killed in the middle of the log (kill -9), and started again.")
    day.start_offload()
    day.wait_until_up()


def _until_half_is_over(day: RaceDay) -> None:
    log = day.logs[-1]
    size_bytes = (day.on_car / log.name).stat().st_size
    day.pit.set(bytes_per_s=max(20_000, size_bytes // 4))
    before = day.pit.carried().to_right.payload
    day.pit.heal()
    day.until(lambda: day.pit.carried().to_right.payload - before > size_bytes // 2, "half of the log")


def engineers_at_track(day: RaceDay, tell: Told) -> None:
    tell.chapter("At the track, still without internet.")
    last = [log for log in day.logs if log.is_driven][-1]

    import scipy.io

    run: dict[str, Any] = {}

    def ready() -> bool:
        """Whether the link of the screen gives a file that knows who drove."""
        logs = day.screen()["status"]["logs"]
        link = next(log["deliveries"][0]["mat_url"] for log in logs if log["sha256"] == last.sha256)
        if link:
            file = day.folder / "last.mat"
            file.write_bytes(day.ask(day.base, lambda http: http.get(link, follow_redirects=True)).content)
            content = scipy.io.loadmat(file, simplify_cells=True)
            assert len(content["VNData"]["t"]) > 10
            run.update(content["meta"]["run"])
        return run.get("driver") == "Maya"

    took_s = day.until(ready, "the last run's MATLAB file", MAT_WITHIN_S)
    said = ", ".join(str(run[field]) for field in ("car", "driver", "event", "started"))
    tell(f"{took_s:.0f} s after the last run was safe the pit screen links to its MATLAB file, which says: {said}.")

    def note(client: Client) -> None:
        client.get(last.sha256).edit(notes="understeer in the hairpin")

    day.at_track(note)
    tell("An engineer writes a note on it, in the Paddock at the track.")


def hotspot(day: RaceDay, tell: Told) -> None:
    tell.chapter("Evening: a phone's hotspot, 5 Mbit/s, 3 % loss, UDP blocked, so no VPN.")
    day.internet.set(bytes_per_s=HOTSPOT_BYTES_PER_S, loss=0.03, delay_ms=30, udp=False)
    day.internet.heal()
    wanted = {log.sha256 for log in day.logs}

    def all_there() -> bool:
        return day.count_in_bucket() >= len(wanted) and wanted <= set(day.in_bucket().values())

    took_s = day.until(all_there, "all logs in the bucket", HOTSPOT_WITHIN_S)
    tell(f"All {len(wanted)} logs lie in the team's bucket, with equal hashes, after {took_s:.0f} s.")
    refused = day.internet.carried().to_right.refused
    assert refused > 0
    tell(f"The network refused {refused} packets of the VPN meanwhile.")


def at_home(day: RaceDay, tell: Told) -> None:
    tell.chapter("At home: a good network, the VPN is back.")
    day.internet.set(bytes_per_s=0, loss=0, delay_ms=0, udp=True)
    sent = day.internet.carried().to_right.payload

    def confirmed() -> bool:
        logs = day.screen()["status"]["logs"]
        return len(logs) >= len(day.logs) and all(log["deliveries"][-1]["confirmed_ns"] for log in logs)

    took_s = day.until(confirmed, "confirmed by the cloud")
    again = day.internet.carried().to_right.payload - sent
    tell(f"The cloud has confirmed every log after {took_s:.0f} s; {again / 1e3:.0f} kB were sent for that.")
    assert again < sum(path.stat().st_size for path in day.on_car.glob("*.mcap")), "logs were sent twice"
    for line in day.run(day.base, "sync", "--here", HERE, "--server", day.server).splitlines():
        tell(f"paddock sync: {line}")
    settled = ("ready", "failed")
    day.until(
        lambda: day.at_home(lambda client: all(run.status in settled for run in client.search())), "conversion"
    )


def what_must_be_so(day: RaceDay, plan: Plan, tell: Told) -> None:
    tell.chapter("What the team finds at home.")
    found = {run.id: run for run in day.at_home(lambda client: [run.refresh() for run in client.search()])}
    listed = Counter(day.at_home(lambda client: [run.id for run in client.search()]))
    car = {log.sha256 for log in day.logs}
    kept = {path.name.partition(".")[0] for path in (day.ledger / "files").iterdir()}
    bucket = day.in_bucket()
    assert set(found) == car == kept, (set(found) ^ car, kept ^ car)
    assert set(listed.values()) == {1}
    assert sorted(bucket.values()) == sorted(car), "an original lies there twice, or is missing"
    assert all(key.startswith(f"raw/{sha256}") for key, sha256 in bucket.items()), sorted(bucket)
    tell(f"{len(car)} logs: car = base station = cloud by their hashes, each once.")

    driven = [found[log.sha256] for log in day.logs if log.is_driven]
    today = time.strftime("%Y-%m-%d", time.gmtime())
    for run in driven:
        assert run.started_at is not None and run.started_at.startswith(today), (
            f"{run.name} started {run.started_at}"
        )
    assert len(driven) == plan.runs
    starts = ", ".join(str(run.started_at)[11:19] for run in driven)
    tell(f"{len(driven)} driven runs on {today}, at {starts}, though the car's clock said 1970.")
    drivers = [run["driver"] for run in driven]
    swap = plan.runs // 2
    assert drivers == ["Adam"] * swap + ["Maya"] * (plan.runs - swap), drivers
    tell(f"Drivers: {', '.join(drivers)}.")

    (lost,) = [found[log.sha256] for log in day.logs if log.is_cut]
    assert lost.loss is not None and lost.loss.lost_s > 0, lost.loss
    tell(f"Run {swap - 1} was cut off: {' '.join(lost.loss.sentences)}")
    _garage_logs_are_folded(day, found, tell)

    hot = [run.id for run in day.at_home(lambda client: list(client.search(signal=HOT_SIGNAL)))]
    planted = driven[swap + 1].id
    assert hot == [planted], (hot, planted)
    tell(f"{HOT_SIGNAL} finds the one run with a hot battery.")
    noted = driven[-1]
    assert noted["notes"] == "understeer in the hairpin", noted.metadata
    tell("The note that was written at the track is there.")
    tell(f"The pit screen was green {day.greens} times, never early.")


def _garage_logs_are_folded(day: RaceDay, found: dict[str, FoundRecording], tell: Told) -> None:
    garage = [found[log.sha256] for log in day.logs if not log.is_driven]
    assert all(run.highlights.get("driven") is False for run in garage)
    page = day.ask(day.cloud, lambda http: http.get(day.server, follow_redirects=True).text)
    assert not [run.name for run in garage if f'id="r-{run.id}"' in page], "a garage log lies among the runs"
    assert 'id="parked-' in page and "of a parked car" in page
    tell(f"{len(garage)} garage logs are folded away below the runs.")


if __name__ == "__main__":
    main()
