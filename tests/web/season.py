"""A test day at the track as documents: driven runs, a parked car, damage, work that waits, what was deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from paddock.domain.bundle import Bundle, Member
from paddock.domain.catalogue import Entry
from paddock.domain.catalogue_defaults import Role
from paddock.domain.devices import Device, DeviceState, DeviceToken, LatestValue, LatestValues
from paddock.domain.export import ExportRequest
from paddock.domain.job import Job, JobState
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Failure, Loss, LossReport, Recording, RunFigures, Signal, Status
from paddock.domain.setup_values import SetupSheet
from paddock.domain.streams import Gap, Stream, StreamState
from paddock.usecases.catalogue.catalogue import save_catalogue
from paddock.usecases.context import Context
from paddock.usecases.find.topic_sets import find_topic_sets
from tests.web.builders import (
    HOSTILE,
    STARTED_NS,
    build_artifact,
    build_channel,
    build_contents,
    build_recording,
    metadata,
)
from tests.web.season_alerts import alerts_of_the_day, checks_of_the_day

MINUTE_NS = 60_000_000_000
FULL_DISK = Failure("disk_full", "The worker's disk is full: make room, then retry the job.")
UNREADABLE = Failure(
    "unreadable", "The file ends after 10,912 bytes, inside its first chunk: no message can be read."
)
CATALOGUE = (
    Entry(
        "VNData.vn_vel_m_s.x", ("vn_data.velocity.x",), label="Ground speed", unit="m/s", role=Role.SPEED, high=40
    ),
    Entry("Pack.cell_temp_max", unit="°C", high=60.0, cars=("HT09", "HT08")),
    Entry("Pedals.brake", unit="bar", role=Role.BRAKE, low=0.0, high=120.0),
    Entry("a_very_long_topic_of_a_supplier/with_slashes.and_a_nested.path.to.one.value_that_goes_on"),
)


LOST = LossReport(
    missing=("footer", "summary"),
    losses=(Loss("truncated_chunk", 73_348_112, 52_208, 411),),
    lost_bytes=52_208,
    lost_records=411,
    lost_ns=120_000_000,
)
_TOPICS = ("VNData", "VehicleData", "BatteryPack", "InverterFL", "TirePressures", "DriverInputs", "Shutdown")
_SILENT = build_channel("Aero", message_count=0, rate_hz=None, largest_gap_ns=None)
_DAMAGED: dict[str, Any] = {"loss": LOST, "channels": (*map(build_channel, _TOPICS), _SILENT)}
_RUN: dict[str, Any] = {"channels": (build_channel("VNData"), build_channel("Inverter"))}


@dataclass(frozen=True)
class Day:
    """What pages are asked for, as the site's addresses name it."""

    run: str
    damaged: str
    broken: str
    deleted: str
    bundle: str


async def a_test_day(context: Context) -> Day:
    """Fill a Paddock with a day of a team that tests."""
    runs = [_run(number) for number in range(14)]
    parked = [
        build_recording(
            f"parked {number}",
            started_ns=STARTED_NS + 7 * number * MINUTE_NS,
            duration_ns=11_000_000_000,
            highlights=RunFigures(driven=False),
        )
        for number in range(14)
    ]
    damaged, broken, converting, deleted = _damaged(), _broken(), _converting(), _deleted()
    documents = context.documents
    everything = [*runs, *parked, damaged, broken, converting, deleted]
    await documents.recordings.put_many(everything)
    inside = {damaged.id: _DAMAGED, **{each.id: _RUN for each in runs}}
    read = [*runs, *parked, damaged, deleted]
    await documents.contents.put_many([build_contents(each, **inside.get(each.id, {})) for each in read])
    await find_topic_sets(documents)
    await alerts_of_the_day(context, runs[0].id)
    await checks_of_the_day(context, damaged.id)
    await documents.artifacts.put_many(
        [
            build_artifact(each, id=f"{each.id[:30]}{kind}", format=kind)
            for each in [*runs, *parked, damaged]
            for kind in ("mat", "csv")[: 1 + (each in runs[:4])]
        ]
    )
    names = ("rpm", "motor_temp_c", "thingummy", "dc_bus_voltage", "torque_nm", "igbt_temp", "errorCode")
    await documents.signals.put_many(
        [
            Signal(f"{runs[0].id}:Inverter.{name}", runs[0].id, f"Inverter.{name}", "float", "inverter")
            for name in names
        ]
    )
    await save_catalogue(context, LOCAL_USER, CATALOGUE, version=0)
    taken = [Member(each.id, f"{each.id[:30]}csv") for each in runs[:4]]
    unready = Failure("not_ready", "The recording is converting: exports are made once it is ready.")
    bundle = Bundle(
        "4be1c3d29f0a7b5c4be1c3d29f0a7b5c",
        ExportRequest("csv", rate_hz=100.0, signals=("VNData", "Inverter.*")),
        (*taken, Member(converting.id, refused=unready)),
        STARTED_NS,
        "Adam",
    )
    await documents.bundles.insert(bundle)
    await documents.jobs.put_many(_jobs(context.now(), runs, converting, broken))
    await _devices(context, runs[0])
    return Day(runs[0].id[:16], damaged.id[:16], broken.id[:16], deleted.id[:16], bundle.id)


async def _devices(context: Context, run: Recording) -> None:
    """One that sends, with a wrong clock and much that was refused; one that is silent; one with an odd name."""
    now, second = context.now(), 1_000_000_000
    documents = context.documents
    token = DeviceToken(jti="x", minted_at=STARTED_NS, minted_by="Adam", expires_at=now + 10**17)
    await documents.devices.put_many(
        [
            Device(id="ht09", name="HT09", type="car", car="HT09", token=token, added_at=STARTED_NS, notes="roof"),
            Device(id="tire-temps", name="Tire temps front", type="tires", disabled_at=now, disabled_by="Mei"),
            Device(id="odd", name=HOSTILE[:80]),
        ]
    )
    refused = {"not_json": 14_000, "impossible_time": 3, "a_code_of_later": 1}
    await documents.device_states.put_many(
        [
            DeviceState(
                id="ht09",
                last_seen_ns=now,
                messages=1_240_331,
                clock_offset_ns=7_200 * second,
                refused=refused,
                refused_count=14_004,
                last_refused="This is no JSON: send an object.",
                last_refused_at=now,
            ),
            DeviceState(id="tire-temps", last_seen_ns=STARTED_NS, messages=3),
        ]
    )
    values = {
        f"VNData.a_long_group_{n}.of_values.cell_temperature[{n}]": LatestValue(value=21.5 + n, time_ns=now)
        for n in range(12)
    }
    values["VehicleData.mode"] = LatestValue(value=HOSTILE, time_ns=STARTED_NS)
    await documents.device_latest.put_many([LatestValues(id="ht09", received_ns=now, values=values)])
    gaps = (Gap(STARTED_NS, STARTED_NS + 5 * second, 12),)
    live = Stream(
        id="ht09-2",
        device="ht09",
        name="HT09",
        car="HT09",
        began_ns=now - 60 * second,
        messages=64_200,
        size_bytes=10**7,
    )
    done = Stream(
        id="ht09-1",
        device="ht09",
        name="HT09",
        car="HT09",
        state=StreamState.RECORDED,
        began_ns=STARTED_NS,
        started_ns=STARTED_NS,
        ended_ns=STARTED_NS + 95 * second,
        messages=90_000,
        duplicates=3,
        gaps=gaps,
        gap_count=1,
        missing=12,
        recording=run.id,
    )
    await documents.streams.put_many([live, done])


def _run(number: int) -> Recording:
    drivers, events = ("Adam", "Mei", "Jonas", "Priya"), ("Endurance", "Autocross", "Skidpad", "Acceleration")
    known = metadata(car="HT09", driver=drivers[number % 4], event=events[number % 4], venue="Michigan Speedway")
    if number == 5:
        known = metadata(
            car="HT09 with the new undertray", driver="Maximiliane von Hohenlohe-Langenburg", event=HOSTILE
        )
    uploaded_at = STARTED_NS + 25 * number * MINUTE_NS
    return build_recording(
        number,
        uploaded_at=uploaded_at,
        started_ns=uploaded_at,
        duration_ns=(95 + 61 * number) * 1_000_000_000,
        message_count=240_000 + 190_331 * number,
        size_bytes=9_400_000 + 11_731_000 * number,
        metadata={} if number == 9 else known,
        setup=_setup(number) if number < 6 else None,
        highlights=RunFigures(1_240.0 * number, "VNData.v", 21.2 + number, 3.42 - number / 40, 31.4 + number, True)
        if number % 5
        else RunFigures(),
    )


def _setup(number: int) -> SetupSheet:
    tires = HOSTILE[:80] if number == 5 else "R25B"
    return SetupSheet(
        {"spring_front": 35.0 + number // 3, "tire_set": tires, "pressure_fl": 82.5, "arb_front": "soft"}
    )


def _damaged() -> Recording:
    return build_recording(
        50,
        uploaded_at=STARTED_NS + 400 * MINUTE_NS,
        names=("HT09_endurance_stint2.mcap", "stint2 (copy).mcap"),
        loss=LOST,
    )


def _broken() -> Recording:
    return build_recording(
        51,
        uploaded_at=STARTED_NS + 410 * MINUTE_NS,
        status=Status.FAILED,
        error=UNREADABLE,
        loss=None,
        started_ns=None,
        duration_ns=None,
        message_count=None,
        metadata={},
    )


def _converting() -> Recording:
    return build_recording(
        52,
        uploaded_at=STARTED_NS + 420 * MINUTE_NS,
        status=Status.CONVERTING,
        loss=None,
        started_ns=None,
        duration_ns=None,
        message_count=None,
        metadata={},
    )


def _deleted() -> Recording:
    return build_recording(53, deleted_at=STARTED_NS + 430 * MINUTE_NS)


def _jobs(now: int, runs: list[Recording], converting: Recording, broken: Recording) -> list[Job]:
    def job(recording: Recording, state: JobState, progress: float, tries: int, **more: object) -> Job:
        return Job(f"convert-{recording.id}", "convert", recording.id, now, now, state, progress, tries, **more)  # type: ignore[arg-type]

    return [
        job(converting, JobState.RUNNING, 0.42, 1, updated_at=now),
        job(broken, JobState.DEAD, 0.1, 5, error=UNREADABLE, updated_at=now - MINUTE_NS),
        job(runs[7], JobState.QUEUED, 0.0, 2, error=FULL_DISK, updated_at=now - MINUTE_NS),
        *(job(each, JobState.DONE, 1, 1, updated_at=now - 2 * MINUTE_NS) for each in runs[:6]),
    ]
