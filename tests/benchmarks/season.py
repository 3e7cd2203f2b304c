"""A question to a whole season in SQL, beside pandas over the same files: ``python -m tests.benchmarks.season``.

One simulated run is converted, and its stored columns stand under the ids of as many recordings as asked for (hard
links: the disk reads each once, for both). Each side answers, in a process of its own, the highest and the mean of
a signal per driver; pandas reads one file after the other, by pyarrow and only the column that it needs.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from paddock.bootstrap import open_context
from paddock.domain.keys import columns_key
from paddock.domain.recording import MetadataSource, MetadataValue, Recording
from paddock.settings import Settings
from paddock.usecases.catalogue.catalogue import signals_of
from paddock.usecases.context import Context
from paddock.usecases.season.query import run_query
from tests.usecases.conftest import Team

SIGNAL = "VNData.vn_vel_m_s.x"
DRIVERS = ("Adam", "Maya", "Luis", "Eve")
SQL = (
    f"select driver, max(value), avg(value), count(*) from samples('{SIGNAL}') "
    "join recordings using (recording) group by driver order by driver"
)
PANDAS = """
import sys
from pathlib import Path
import pandas as pd
import pyarrow.parquet as pq
drivers = dict(line.split() for line in Path(sys.argv[1]).read_text().splitlines())
parts = []
for path, driver in drivers.items():
    values = pq.read_table(path, columns=["vn_vel_m_s.x"]).flatten().column(0).to_pandas()
    parts.append((driver, values.max(), values.sum(), len(values)))
frame = pd.DataFrame(parts, columns=["driver", "max", "sum", "count"]).groupby("driver")
print(frame["max"].max(), frame["sum"].sum() / frame["count"].sum(), frame["count"].sum())
"""
TURNS = 3


async def run(recordings: int, laps: int, folder: Path) -> None:
    """Print the seconds of both, and their ratio."""
    log = folder / "run.mcap"
    subprocess.run([sys.executable, "-m", "paddock", "simulate", "--laps", str(laps), "-o", str(log)], check=True)
    async with open_context(Settings(data=folder / "data")) as context:
        team = Team(context)
        sent = await team.upload(log.read_bytes())
        await team.work()
        first = await team.recording(sent.id)
        rows = await _multiply(context, first, recordings, folder / "drivers.txt")
        print(f"{recordings:,} recordings, {rows:,} samples of {SIGNAL}")
        pandas = [sys.executable, "-c", PANDAS, str(folder / "drivers.txt")]
        for _ in range(TURNS):
            began, used = time.perf_counter(), _processor_s()
            answer = await run_query(context, SQL)
            ours, our_work = time.perf_counter() - began, _processor_s() - used
            assert sum(answer.table.column(3).to_pylist()) == rows
            began, used = time.perf_counter(), _processor_s()
            subprocess.run(pandas, check=True, capture_output=True)
            theirs, their_work = time.perf_counter() - began, _processor_s() - used
            print(
                f"SQL {ours:6.1f} s (processor {our_work:5.1f} s), pandas {theirs:6.1f} s ({their_work:5.1f} s): "
                f"{theirs / ours:5.1f} times as fast"
            )


def _processor_s() -> float:
    """What this process and those that it waited for have used of the processors."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


async def _multiply(context: Context, first: Recording, recordings: int, drivers: Path) -> int:
    """The same recording under many ids, one of the drivers each; how many samples these are."""
    signal = next(each for each in await signals_of(context, first) if each.name == SIGNAL)
    source = context.objects.local_path(columns_key(signal.channel, first.id, first.build))
    assert source is not None, "it is a directory"
    lines = []
    for number in range(recordings):
        driver = DRIVERS[number % len(DRIVERS)]
        copied_id = first.id if number == 0 else hashlib.sha256(str(number).encode()).hexdigest()
        target = context.objects.local_path(columns_key(signal.channel, copied_id, first.build))
        assert target is not None
        if number:
            target.parent.mkdir(parents=True)
            os.link(source, target)
            said = first.metadata | {"driver": MetadataValue(driver, MetadataSource.PERSON)}
            await context.documents.recordings.insert(msgspec.structs.replace(first, id=copied_id, metadata=said))
            copied = msgspec.structs.replace(signal, id=f"{copied_id}:{SIGNAL}", recording=copied_id)
            await context.documents.signals.put_many([copied])
        lines.append(f"{target} {driver}")
    drivers.write_text("\n".join(lines))
    return signal.count * recordings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=1_000)
    parser.add_argument("--laps", type=int, default=5, help="of the run; five are about 100,000 samples")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(run(given.recordings, given.laps, Path(directory)))


if __name__ == "__main__":
    main()
