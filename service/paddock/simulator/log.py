"""Writing a simulated run as an MCAP log."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer

from paddock.domain.instants import NS_PER_S
from paddock.domain.venues import Line
from paddock.errors import Rejected, Unavailable
from paddock.simulator.channels import (
    CHANNELS,
    CONFIG_PERIOD_S,
    CONFIG_SCHEMA,
    CONFIG_TOPIC,
    Channel,
    vehicle_config,
)
from paddock.simulator.lap_run import Receiver, fixes_of
from paddock.simulator.sample import Run, Sample
from paddock.simulator.schema import PACKAGE, encode, file_descriptor_set
from paddock.simulator.systems import add_systems
from paddock.simulator.track import DEFAULT_VENUE, Floats, start_line, track_for
from paddock.simulator.vehicle import MASS_KG, WHEELBASE_M, drive, park

PARKED_S = 20.0
WINDOW_S = 10.0
"""Messages are made and sorted for so many seconds at a time; this bounds the memory."""
CHUNK_SIZE_BYTES = 512 * 1024
LONGEST_DELAY_S = 0.0006
FIRMWARE = "4.2.1"

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Truth:
    """What is true of a simulated run, whatever its sensors say."""

    line: Line
    """Where laps begin and end."""
    crossings_s: tuple[float, ...]
    """When the car crossed it at the end of each lap, in seconds since the recording started."""


def simulate(
    target: Path,
    *,
    car: str = "HT09",
    driver: str = "Adam",
    event: str = "endurance",
    venue: str = DEFAULT_VENUE,
    laps: int = 2,
    seed: int = 1,
    rate: float = 1.0,
    duration_s: float | None = None,
    started_ns: int = 1_776_522_720 * NS_PER_S,
    parked: bool = False,
    truncate: float | None = None,
    pack_warmer_c: float = 0.0,
    receiver: Receiver | None = None,
    progress: Callable[[float], None] | None = None,
) -> Truth:
    """Record a simulated run into ``target``; equal arguments write equal bytes.

    Args:
        target: the MCAP file to write; one that exists is replaced.
        event: ``acceleration`` and ``skidpad`` are driven as in the rules, ``autocross`` on a short circuit,
            anything else on an endurance circuit.
        venue: one of ``track.VENUES``; others lie where the default one does.
        laps: from standstill to standstill.
        seed: another seed is another circuit and another day; drivers of one seed share the circuit.
        rate: factor on the message rates of all channels.
        duration_s: the recording stops after so many seconds, wherever the car is then; a parked car is
            recorded for this long, or for 20 s.
        started_ns: when the recording started, nanoseconds since the Unix epoch, UTC.
        parked: the car stands at the start line, its emergency stop pressed.
        truncate: a power cut that leaves about this share of the file, 0 to 1, and ends inside a chunk.
        pack_warmer_c: how much hotter the battery is than usual, in °C, as when a fan has failed.
        receiver: the GPS receiver of a lap run; without one positions are as good as an inertial unit's.
        progress: called with 0 to 1 as the log grows.

    Returns:
        Where the start line is, and when the car crossed it at the end of each lap.

    Raises:
        Rejected: an argument is out of its range.
        Unavailable: the file cannot be written.
    """
    _check(laps=laps, rate=rate, duration_s=duration_s, truncate=truncate)
    rng = np.random.default_rng([abs(seed), started_ns, zlib.crc32(f"{car}/{driver}/{event}".encode())])
    track = track_for(event, abs(seed))
    motion = park(track, duration_s or PARKED_S, rng) if parked else drive(track, laps, rng)
    spread = add_systems(motion, rng)
    motion.columns["pack_c"] += pack_warmer_c
    fixes = None
    if receiver is not None:
        columns = motion.columns
        fixes = fixes_of(motion.time_s, columns["east_m"], columns["north_m"], receiver, rng)
    run = Run(motion, spread, venue, parked, fixes)
    length_s = float(motion.time_s[-1]) if duration_s is None else min(duration_s, float(motion.time_s[-1]))
    try:
        with target.open("wb") as stream:
            writer = Writer(stream, chunk_size=CHUNK_SIZE_BYTES, compression=CompressionType.ZSTD)
            writer.start(profile="", library="paddock simulator")
            writer.add_metadata("setup", _setup(car, driver, event, venue, started_ns))
            writer.add_metadata("versions", {"ht_proto": "2026.4.1", "ht_can": "159", "firmware": FIRMWARE})
            _Recorder(writer, run, rng, started_ns, driver).record(length_s, rate, progress or (lambda _: None))
            writer.finish()
        if truncate is not None:
            _cut(target, truncate)
    except OSError as error:
        raise Unavailable(f"{target} cannot be written: {error.strerror}.", code="cannot_write") from error
    return Truth(start_line(track, venue), tuple(motion.line_crossings_s.tolist()))


def _check(*, laps: int, rate: float, duration_s: float | None, truncate: float | None) -> None:
    if laps < 1:
        raise Rejected("A run has at least one lap.", code="bad_simulation")
    if not (0 < rate <= 20):
        raise Rejected("The rate must be above 0 and at most 20.", code="bad_simulation")
    if duration_s is not None and not (0 < duration_s <= 86_400):
        raise Rejected("The duration must be above 0 seconds and at most a day.", code="bad_simulation")
    if truncate is not None and not (0 < truncate < 1):
        raise Rejected("The share of the file to keep must lie between 0 and 1.", code="bad_simulation")


def _setup(car: str, driver: str, event: str, venue: str, started_ns: int) -> dict[str, str]:
    return {
        "driver": driver,
        "carName": car,
        "trackName": venue,
        "eventType": event,
        "date": datetime.fromtimestamp(started_ns // NS_PER_S, UTC).strftime("%m-%d-%Y"),
        "mass": f"{MASS_KG:.0f} kg",
        "wheelbase": f"{WHEELBASE_M} m",
        "drivetrainType": "4 hub motors",
        "firmwareRev": FIRMWARE,
    }


class _Recorder:
    """What sits in the car: it takes the messages of all channels as they arrive."""

    def __init__(self, writer: Writer, run: Run, rng: np.random.Generator, started_ns: int, driver: str) -> None:
        self._writer = writer
        self._run = run
        self._rng = rng
        self._started_ns = started_ns
        self._driver = driver
        self._phases_s = rng.uniform(0.0, 1.0, len(CHANNELS))
        schemas: dict[str, int] = {}
        self._ids = []
        for channel in CHANNELS:
            if channel.message not in schemas:
                name = f"{PACKAGE}.{channel.message}"
                schemas[channel.message] = writer.register_schema(name, "protobuf", file_descriptor_set())
            self._ids.append(writer.register_channel(channel.topic, "protobuf", schemas[channel.message]))
        config = writer.register_schema(CONFIG_TOPIC, "jsonschema", msgspec.json.encode(CONFIG_SCHEMA))
        self._config_id = writer.register_channel(CONFIG_TOPIC, "json", config)
        self._written = dict.fromkeys([*self._ids, self._config_id], 0)

    def record(self, length_s: float, rate: float, progress: Callable[[float], None]) -> None:
        """Write every message of the first ``length_s`` seconds, in order of arrival within a window."""
        for start_s in np.arange(0.0, length_s, WINDOW_S).tolist():
            end_s = min(start_s + WINDOW_S, length_s)
            batches = [self._config(start_s, end_s)]
            for channel, channel_id, phase in zip(CHANNELS, self._ids, self._phases_s, strict=True):
                times_s = message_times(channel, self._run, rate, phase, start_s, end_s)
                if len(times_s):
                    columns = channel.columns(Sample(self._run, times_s, self._rng))
                    payloads = encode(channel.message, len(times_s), columns)
                    batches.append((channel_id, self._arrivals(times_s), payloads))
            self._write(batches)
            progress(end_s / length_s)

    def _config(self, start_s: float, end_s: float) -> tuple[int, tuple[Int64s, Int64s], list[bytes]]:
        first, last = math.ceil(start_s / CONFIG_PERIOD_S), math.ceil(end_s / CONFIG_PERIOD_S)
        times_s = np.arange(first, last, dtype=np.float64) * CONFIG_PERIOD_S
        return self._config_id, self._arrivals(times_s), [vehicle_config(t, self._driver) for t in times_s.tolist()]

    def _arrivals(self, times_s: Floats) -> tuple[Int64s, Int64s]:
        """``publish_time`` and the slightly later ``log_time``, in ns, in order even at the highest rates."""
        published = self._started_ns + np.round(times_s * NS_PER_S).astype(np.int64)
        spacing_s = float(np.diff(times_s).min()) if len(times_s) > 1 else LONGEST_DELAY_S
        delay_s = self._rng.uniform(0.3, 1.0, len(times_s)) * min(LONGEST_DELAY_S, spacing_s)
        return published, published + (delay_s * NS_PER_S).astype(np.int64)

    def _write(self, batches: list[tuple[int, tuple[Int64s, Int64s], list[bytes]]]) -> None:
        for published, logged, channel_id, payload in _in_order(batches):
            sequence = self._written[channel_id]
            self._writer.add_message(channel_id, logged, payload, published, sequence)
            self._written[channel_id] = sequence + 1


def message_times(channel: Channel, run: Run, rate: float, phase: float, start_s: float, end_s: float) -> Floats:
    """When ``channel`` samples the car in ``[start_s, end_s)``: regular, shifted by ``phase`` (0 to 1) periods."""
    moments = None if channel.moments is None else channel.moments(run)
    if moments is not None:
        return moments[(moments >= start_s) & (moments < end_s)]
    rate_hz = channel.rate_hz * rate
    first, last = (max(math.ceil(edge_s * rate_hz - phase), 0) for edge_s in (start_s, end_s))
    return (np.arange(first, last, dtype=np.float64) + phase) / rate_hz


def _in_order(
    batches: list[tuple[int, tuple[Int64s, Int64s], list[bytes]]],
) -> Iterator[tuple[int, int, int, bytes]]:
    """(publish_time, log_time, channel id, payload) of all batches by ``log_time``."""
    published = np.concatenate([times[0] for _, times, _ in batches])
    logged = np.concatenate([times[1] for _, times, _ in batches])
    ids = np.repeat([channel_id for channel_id, _, _ in batches], [len(payloads) for _, _, payloads in batches])
    payloads = [payload for _, _, batch in batches for payload in batch]
    order = np.argsort(logged, kind="stable")
    return zip(
        published[order].tolist(),
        logged[order].tolist(),
        ids[order].tolist(),
        map(payloads.__getitem__, order.tolist()),
        strict=True,
    )


def _cut(path: Path, share: float) -> None:
    """Keep about ``share`` of the file, ending inside the compressed data of a chunk: power was cut on track."""
    size_bytes = path.stat().st_size
    with path.open("rb+") as stream:
        summary = make_reader(stream).get_summary()
        if summary is None or not summary.chunk_indexes:
            raise Rejected("The run is too short to be cut.", code="bad_simulation")
        wanted = int(size_bytes * share)
        chunk = next(
            (c for c in reversed(summary.chunk_indexes) if c.chunk_start_offset <= wanted), summary.chunk_indexes[0]
        )
        margin = chunk.chunk_length // 8
        end = chunk.chunk_start_offset + chunk.chunk_length
        stream.truncate(min(max(wanted, chunk.chunk_start_offset + margin), end - margin))
