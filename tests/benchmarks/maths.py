"""What a maths channel costs over reading its signals, and a search by one: ``python -m tests.benchmarks.maths``.

Beside it the same expression as people write it with pandas over the same Parquet files, and, where it is installed
(``uv run --with asammdf``), with asammdf's signals. The search is over 10,000 recordings with 20 signals each.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from paddock.bootstrap import open_context
from paddock.columns.columns import ColumnBatch, ColumnChannel, LogSummary
from paddock.columns.derived import Derived, DerivedColumns, derived_channel
from paddock.columns.stored import StoredColumns
from paddock.columns.stored_channel import Footer
from paddock.domain.catalogue import CarCatalogue, Catalogue
from paddock.domain.maths_binding import Bound, Names
from paddock.domain.maths_channels import MathsText
from paddock.domain.maths_language.parser import parse
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import ChannelSummary, LossReport, Recording, Signal, Status
from paddock.domain.signal_names import SignalName
from paddock.formats.parquet import write_channel
from paddock.ports.documents import HasSignal
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.usecases.find.search import Search, search_recordings
from paddock.usecases.maths.channels import add_channel

TURNS = 7
START_NS = 1_745_000_000 * 10**9
NAMES = Names(
    {f"{topic}.{field}": "double" for topic in ("Fast", "Slow") for field in "abc"}, CarCatalogue(Catalogue()), {}
)
FIVE = "(Fast.a + Fast.b) * Fast.c - Fast.a / (Fast.b ^ 2)"
"""Five operations of signals of one topic."""
EXPRESSIONS = {
    "five operations": FIVE,
    "two rates": "Fast.a * Slow.a + Fast.b",
    "low_pass": "low_pass(Fast.a, 5)",
    "moving_average": "moving_average(Fast.a, 0.5)",
    "derivative, integral": "integral(derivative(Fast.a))",
}


class Drive:
    """``Columns`` of two topics, the second at a seventh of the rate."""

    def __init__(self, rows: int) -> None:
        kind = pa.struct([(name, pa.float64()) for name in "abc"])
        self.channels: Sequence[ColumnChannel] = [
            ColumnChannel(name, name.lower(), name, "", "", kind) for name in ("Fast", "Slow")
        ]
        self._rows = dict(zip(self.channels, (rows, rows // 7), strict=True))
        self._period_ns = dict(zip(self.channels, (10_000_000, 70_000_000), strict=True))
        summaries = tuple(
            ChannelSummary(each.topic, each.slug, "", "", "", count, rate_hz=1e9 / self._period_ns[each])
            for each, count in self._rows.items()
        )
        self.summary = LogSummary(START_NS, START_NS, rows, summaries, (), LossReport())

    def rows(self, channel: ColumnChannel) -> int:
        return self._rows[channel]

    def size_bytes(self, channel: ColumnChannel) -> int:
        return 48 * self._rows[channel]

    def read(self, channel: ColumnChannel, fields: Any = None) -> Iterator[ColumnBatch]:
        chance = np.random.default_rng(1)
        for begin in range(0, self._rows[channel], 65_536):
            count = min(65_536, self._rows[channel] - begin)
            times = START_NS + np.arange(begin, begin + count) * self._period_ns[channel]
            arrays = [pa.array(chance.normal(10, 1, count)) for _ in "abc"]
            messages = pa.StructArray.from_arrays(arrays, fields=list(channel.fields))
            yield ColumnBatch(channel, times, times, np.arange(begin, begin + count), messages)


def stored(folder: Path, rows: int) -> StoredColumns:
    drive = Drive(rows)
    footers = []
    for channel in drive.channels:
        write_channel(drive, channel, folder / f"{channel.slug}.parquet")
        with (folder / f"{channel.slug}.parquet").open("rb") as file:
            footers.append(Footer(file))
    return StoredColumns(footers, lambda slug: (folder / f"{slug}.parquet").open("rb"), drive.summary)


def least_ms(act: Callable[[], object]) -> float:
    took = []
    for _ in range(TURNS):
        begin = time.perf_counter()
        act()
        took.append(time.perf_counter() - begin)
    return min(took) * 1000


def read_alone(columns: StoredColumns, bound: Bound) -> None:
    """The same columns, as numbers, and nothing else."""
    topics: dict[str, set[str]] = {}
    for name in bound.signals:
        topic, field = name.split(".")
        topics.setdefault(topic, set()).add(field)
    for channel in columns.channels:
        if channel.topic in topics:
            for batch in columns.read(channel, sorted(topics[channel.topic])):
                for field in topics[channel.topic]:
                    batch.messages.field(field).to_numpy()


def with_pandas(folder: Path, text: str) -> None:
    fields = {
        topic: sorted({name[-1] for name in NAMES_OF[text] if name.startswith(topic)}) for topic in ("Fast", "Slow")
    }
    fast = pd.read_parquet(folder / "fast.parquet", columns=["log_time", *fields["Fast"]])
    if fields["Slow"]:
        slow = pd.read_parquet(folder / "slow.parquet", columns=["log_time", *fields["Slow"]])
        joined = fast.set_index("log_time").join(slow.set_index("log_time"), how="outer", suffixes=("", "_slow"))
        joined["a_slow"] = joined["a_slow"].interpolate("index")
        _ = (joined["a"] * joined["a_slow"] + joined["b"]).loc[fast["log_time"]]
        return
    seconds = fast["log_time"] / 1e9
    match text:
        case "low_pass(Fast.a, 5)":
            fast["a"].ewm(alpha=1 - np.exp(-2 * np.pi * 5 * 0.01), adjust=False).mean()
        case "moving_average(Fast.a, 0.5)":
            fast.set_index(pd.to_datetime(fast["log_time"]))["a"].rolling("500ms").mean()
        case "integral(derivative(Fast.a))":
            slope = fast["a"].diff() / seconds.diff()
            ((slope + slope.shift()) / 2 * seconds.diff()).cumsum()
        case _:
            _ = (fast["a"] + fast["b"]) * fast["c"] - fast["a"] / (fast["b"] ** 2)


def with_asammdf(folder: Path) -> float | None:
    """Five operations of asammdf's signals, which are in memory already; None where it is not installed."""
    if importlib.util.find_spec("asammdf") is None:
        return None
    asammdf: Any = importlib.import_module("asammdf")
    table = pd.read_parquet(folder / "fast.parquet")
    a, b, c = (
        asammdf.Signal(table[name].to_numpy(), table["log_time"].to_numpy() / 1e9, name=name) for name in "abc"
    )
    return least_ms(lambda: (a + b) * c - a / (b**2))


NAMES_OF = {text: tuple(NAMES.bind(parse(text).tree, {}).signals) for text in EXPRESSIONS.values()}


def evaluation(rows: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        columns = stored(folder, rows)
        for words, text in EXPRESSIONS.items():
            bound = NAMES.bind(parse(text).tree, {})
            channel = derived_channel("made", "1", bound.quantity.shape)
            reading = least_ms(lambda bound=bound: read_alone(columns, bound))  # type: ignore[misc]
            ours = least_ms(lambda bound=bound: list(Derived(columns, bound).samples()))  # type: ignore[misc]
            whole = least_ms(
                lambda bound=bound, channel=channel: write_channel(  # type: ignore[misc]
                    DerivedColumns(Derived(columns, bound), channel), channel, folder / "made.parquet"
                )
            )
            pandas_ = least_ms(lambda text=text: with_pandas(folder, text))  # type: ignore[misc]
            print(
                f"{words:22} {rows:,} samples: reading {reading:5.0f} ms, computed in {ours - reading:5.0f} more; "
                f"pandas with reading {pandas_:6.0f}, ours {ours:5.0f}, with statistics and file {whole:5.0f} ms"
            )
        if (took := with_asammdf(folder)) is not None:
            print(f"asammdf, five operations of what is in memory: {took:.0f} ms")


async def searching(recordings: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with open_context(Settings(data=Path(directory))) as context:
            await add_channel(context, LOCAL_USER, MathsText(name="wheel_slip", text="Topic.s0 * 2"))
            await _fill(context, recordings)
            took: dict[str, list[float]] = {"Topic.s0": [], "wheel_slip": []}
            # Turn by turn, so that what else the machine does meets both.
            for _ in range(3 * TURNS):
                for name, times in took.items():
                    begin = time.perf_counter()
                    await search_recordings(context, Search(comparisons=(HasSignal(name, "max", ">", 0.98),)))
                    times.append(1000 * (time.perf_counter() - begin))
            for name, times in took.items():
                print(f"{recordings:,} recordings, max({name}) > 0.98: {min(times):.1f} ms")


async def _fill(context: Context, recordings: int) -> None:
    chance = np.random.default_rng(1)
    names = [f"Topic.s{number}" for number in range(19)] + ["wheel_slip.value"]
    await context.documents.signal_names.put_many(
        [SignalName(name, name.partition(".")[0], "double", search=name.casefold()) for name in names]
    )
    for begin in range(0, recordings, 500):
        ids = [f"{number:064x}" for number in range(begin, min(begin + 500, recordings))]
        await context.documents.recordings.put_many(
            [Recording(each, ("a.mcap",), 1, Status.READY, 1, started_ns=int(each, 16), build="b") for each in ids]
        )
        await context.documents.signals.put_many(
            [
                Signal(
                    f"{each}:{name}", each, name, "double", count=10, min=0.0, max=float(chance.random()), mean=0.5
                )
                for each in ids
                for name in names
            ]
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--recordings", type=int, default=10_000)
    arguments = parser.parse_args()
    evaluation(arguments.samples)
    asyncio.run(searching(arguments.recordings))


if __name__ == "__main__":
    main()
