"""Small logs of laps: a GPS receiver, a speed and a battery, and how long the laps truly took."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from mcap.writer import Writer

from paddock.domain.instants import NS_PER_S
from paddock.simulator.lap_run import Receiver, fixes_of
from paddock.simulator.track import DEFAULT_VENUE, to_wgs84, track_for
from paddock.simulator.vehicle import drive
from tests.logs import STARTED_NS


@dataclass(frozen=True)
class LapLog:
    """A log, and what is true of it."""

    path: Path
    laps_s: tuple[float, ...]
    """How long each whole lap took."""


def lap_log(
    target: Path,
    *,
    seed: int = 1,
    laps: int = 3,
    driver: str = "Adam",
    started_ns: int = STARTED_NS,
    day_seed: int = 0,
) -> LapLog:
    """Some laps of autocross at the default venue; drivers of one seed share the track, but not the day."""
    content, laps_s = _made(seed, laps, driver, started_ns, day_seed)
    target.write_bytes(content)
    return LapLog(target, laps_s)


@cache
def _made(seed: int, laps: int, driver: str, started_ns: int, day_seed: int) -> tuple[bytes, tuple[float, ...]]:
    """Many tests have the same log, which takes longer to make than to convert."""
    rng = np.random.default_rng([seed, day_seed])
    track = track_for("autocross", seed)
    motion = drive(track, laps, rng)
    columns = motion.columns
    fixes = fixes_of(motion.time_s, columns["east_m"], columns["north_m"], Receiver(), rng)
    latitude, longitude, _ = to_wgs84(fixes.east_m, fixes.north_m, DEFAULT_VENUE)
    speed = np.interp(fixes.time_s, motion.time_s, columns["speed_ms"])
    with io.BytesIO() as file:
        writer = Writer(file)
        writer.start()
        setup = {"driver": driver, "carName": "HT09", "trackName": DEFAULT_VENUE, "eventType": "autocross"}
        writer.add_metadata("setup", setup)
        schema = writer.register_schema("Any", "jsonschema", b'{"type": "object"}')
        gps = writer.register_channel("GPS", "json", schema)
        car = writer.register_channel("Car", "json", schema)
        for row, second in enumerate(fixes.time_s.tolist()):
            instant = started_ns + round(second * NS_PER_S)
            fix = {"latitude_deg": float(latitude[row]), "longitude_deg": float(longitude[row])}
            writer.add_message(gps, instant, json.dumps(fix).encode(), instant)
            said = {"speed_m_s": float(speed[row]), "pack_voltage_v": 300.0, "pack_current_a": 10.0}
            writer.add_message(car, instant, json.dumps(said).encode(), instant)
        writer.finish()
        return file.getvalue(), tuple(np.diff(motion.line_crossings_s).tolist())
