"""A second kind of log, as small as one can be: the tests' proof of what a new kind touches.

A line of names, ``time_ns,Engine.rpm,Engine.temperature,Driver.name:text``; then a line for every instant, with the
time and what is known then. What stands in front of the first dot is the topic; a topic with nothing in a line has
no message then. Values are doubles, or texts where the name says so.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from paddock.columns.columns import FileFacts
from paddock.columns.spool import Spool, SpooledColumns
from paddock.columns.spool_channel import SpoolChannel
from paddock.columns.spool_file import Rows
from paddock.domain.can_database import NO_DATABASES, Databases
from paddock.domain.log_kinds import LogKind
from paddock.readers.registry import Reader

BEGINS = b"time_ns,"
LINES_BYTES = 1 << 16

ROW = LogKind(
    name="csv",
    label="CSV",
    suffix=".csvlog",
    media_type="text/csv",
    begins=BEGINS,
    reader=__name__,
    is_text=True,
)


class _Topic:
    """Some columns of the table."""

    def __init__(self, name: str, places: list[int], fields: list[pa.Field], spool: Spool) -> None:
        self.places = places
        self.fields = fields
        self.name = name
        self.channel: SpoolChannel = spool.channel(name, pa.struct(fields), schema=(name, "csv", b""))

    def rows(self, table: list[list[str]], times: np.ndarray, first: int) -> Rows:
        arrays = []
        for place, field in zip(self.places, self.fields, strict=True):
            texts = pa.array([line[place] or None for line in table], pa.string())
            arrays.append(texts.cast(field.type))
        known = np.logical_or.reduce([pc.is_valid(array).to_numpy(zero_copy_only=False) for array in arrays])
        messages = pa.StructArray.from_arrays(arrays, fields=self.fields).filter(pa.array(known))
        numbers = np.arange(first, first + len(table))[known]
        return Rows(times[known], times[known], numbers, messages)


def _recognises(head: bytes) -> bool:
    return head.startswith(BEGINS) and b"." in head.partition(b"\n")[0]


def _topics(names: list[str], wanted: Callable[[str], bool] | None, spool: Spool) -> list[_Topic]:
    by_name: dict[str, list[int]] = {}
    for place, name in enumerate(names[1:], 1):
        by_name.setdefault(name.partition(".")[0], []).append(place)
    topics = []
    for topic, places in by_name.items():
        if wanted is None or wanted(topic):
            fields = []
            for place in places:
                name, _, kind = names[place].partition(".")[2].partition(":")
                fields.append(pa.field(name, pa.string() if kind == "text" else pa.float64()))
            topics.append(_Topic(topic, places, fields, spool))
    return topics


def _spool(
    log: BinaryIO,
    directory: Path,
    *,
    topics: Callable[[str], bool] | None = None,
    progress: Callable[[float], None] | None = None,
    memory_bytes: int | None = None,
    databases: Databases = NO_DATABASES,
    statistics: bool = True,
) -> SpooledColumns:
    size_bytes = log.seek(0, os.SEEK_END)
    log.seek(0)
    with Spool(directory, size_bytes, memory_bytes, statistics=statistics) as spool:
        names = log.readline().decode().rstrip("\n").split(",")
        taken = _topics(names, topics, spool)
        done = 0
        while lines := log.readlines(LINES_BYTES):
            begin = log.tell() - sum(map(len, lines))
            if not lines[-1].endswith(b"\n"):
                spool.found.losses.lose("cut_off", log.tell() - len(lines[-1]), len(lines[-1]))
                lines.pop()
            table = [line.decode().rstrip("\n").split(",") for line in lines]
            for line in [line for line in table if len(line) != len(names)]:
                spool.found.losses.lose("bad_record", begin, len(",".join(line)), 1)
                table.remove(line)
            if table:
                times = np.array([line[0] for line in table]).astype(np.int64)
                spool.found.clock.observe(times)
                for topic in taken:
                    spool.write(topic.channel, topic.rows(table, times, done))
                done += len(table)
            if progress is not None:
                progress(log.tell() / size_bytes)
        facts = FileFacts(said={"columns": str(len(names))})
        spool.found.facts = lambda _loss, _count: facts
        spool.found.metadata = [("table", {"columns": str(len(names))})]
        return spool.finish()


READER = Reader(recognises=_recognises, spool=_spool)
