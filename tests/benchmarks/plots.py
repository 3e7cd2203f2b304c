"""How long a plot of many samples takes, from the stored columns: ``python -m tests.benchmarks.plots``.

It stores one channel of a car at 1 kHz with eight signals in an embedded Paddock, and asks for plots as a page
does. Beside them is the floor: reading one column and its times whole from the same Parquet file, and nothing else.
``--beside ../other`` asks another checkout for the same plots, turn by turn.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from paddock.bootstrap import open_context
from paddock.columns.columns import ColumnBatch, ColumnChannel, LogSummary
from paddock.domain.contents import Contents, contents_id
from paddock.domain.keys import columns_key
from paddock.domain.recording import ChannelSummary, LossReport, Recording, Status
from paddock.formats.parquet import write_channel
from paddock.settings import Settings
from paddock.usecases.look.plots import plot_data
from tests.benchmarks.beside import Case, beside_options, compare, take_turns

START_NS = 1_776_522_720_000_000_000
STEP_NS = 1_000_000
ID = "ab" * 32
WHEELS = ("FL", "FR", "RL", "RR")
FIELDS = pa.struct(
    [
        ("rpm", pa.struct([(wheel, pa.float32()) for wheel in WHEELS])),
        ("noise", pa.float64()),
        ("ticks", pa.int64()),
        ("state", pa.int32()),
        ("text", pa.string()),
    ]
)


class Made:
    """``Columns`` with one channel, made up batch by batch."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        channel = ColumnChannel("Wheels", "wheels", "Wheels", "protobuf", "protobuf", FIELDS)
        self.channels: Sequence[ColumnChannel] = [channel]
        end_ns = START_NS + (rows - 1) * STEP_NS
        summary = ChannelSummary(
            "Wheels", "wheels", "Wheels", "protobuf", "protobuf", rows, started_ns=START_NS, ended_ns=end_ns
        )
        self.summary = LogSummary(START_NS, end_ns, rows, (summary,), (), LossReport())

    def rows(self, channel: ColumnChannel) -> int:
        return self._rows

    def size_bytes(self, channel: ColumnChannel) -> int:
        return self._rows * 60

    def read(self, channel: ColumnChannel, fields: Sequence[str] | None = None) -> Iterator[ColumnBatch]:
        random = np.random.default_rng(1)
        for row in range(0, self._rows, 65_536):
            index = np.arange(row, min(row + 65_536, self._rows), dtype=np.int64)
            times = START_NS + index * STEP_NS
            wheels = [
                pa.array((900 + 600 * np.sin(index / 9000) + random.normal(0, 3, len(index))).astype(np.float32))
                for _ in WHEELS
            ]
            columns = [
                pa.StructArray.from_arrays(wheels, fields=list(FIELDS.field("rpm").type)),
                pa.array(random.normal(size=len(index))),
                pa.array(index),
                pa.array((index // 20_000 % 6).astype(np.int32)),
                pa.array(np.array(["idle", "armed", "driving"])[index // 50_000 % 3]),
            ]
            messages = pa.StructArray.from_arrays(columns, fields=list(FIELDS))
            yield ColumnBatch(channel, times, times, index, messages)


async def milliseconds(work: Case, rounds: int = 9) -> tuple[float, float]:
    """Median and worst of some rounds, after one that warms up."""
    await work()
    took = []
    for _ in range(rounds):
        started = time.perf_counter()
        await work()
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took), max(took)


async def run(rows: int, data: Path, turns: bool) -> None:
    columns = Made(rows)
    made = data / "wheels.parquet"
    write_channel(columns, columns.channels[0], made)
    async with open_context(Settings(data=data)) as context:
        await context.objects.put_file(columns_key("wheels", ID, "b1"), made)
        recording = Recording(ID, ("a",), 1, Status.READY, 1, build="b1")
        await context.documents.recordings.insert(recording)
        inside = Contents(contents_id(ID, "b1"), ID, "b1", channels=tuple(columns.summary.channels))
        await context.documents.contents.insert(inside)
        minute = START_NS + 120 * 1_000_000_000, START_NS + 180 * 1_000_000_000
        wheels = [f"Wheels.rpm.{wheel}" for wheel in WHEELS]
        asked = {
            "float32 in a nested message": (["Wheels.rpm.FL"], None, None),
            "float64 noise": (["Wheels.noise"], None, None),
            "int64 counter": (["Wheels.ticks"], None, None),
            "int32 state": (["Wheels.state"], None, None),
            "text": (["Wheels.text"], None, None),
            "four wheels": (wheels, None, None),
            "four wheels, one minute": (wheels, *minute),
        }
        cases = {label: partial(plot_data, context, ID, *each) for label, each in asked.items()}
        if turns:
            await take_turns(cases)
            return
        print(f"{rows:,} rows, {made.stat().st_size / 1e6:.1f} MB of Parquet, {os.cpu_count()} cores")
        for label, ask in cases.items():
            median, worst = await milliseconds(ask)
            found = await ask()
            drawn = sum(len(series.seconds) for series in found.series)
            print(f"{label:30} {median:7.1f} ms, worst {worst:7.1f} ms, {drawn:7,} points")

    async def floor() -> None:
        pq.ParquetFile(made).read(columns=["log_time", "noise"], use_threads=True)

    median, worst = await milliseconds(floor)
    print(f"{'floor: read one column':30} {median:7.1f} ms, worst {worst:7.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, default=[1_000_000, 3_000_000])
    beside_options(parser)
    given = parser.parse_args()
    for rows in given.rows:
        if given.beside:
            print(f"{rows:,} rows")
            compare("tests.benchmarks.plots", [str(rows)], given)
            continue
        with tempfile.TemporaryDirectory() as directory:
            asyncio.run(run(rows, Path(directory), given.turns))


if __name__ == "__main__":
    main()
