"""A log for derived columns: topics at different rates, with gaps, missing values, enums and lists."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.derived import Derived
from paddock.domain.catalogue import CarCatalogue, Catalogue
from paddock.domain.maths_binding import Names
from paddock.domain.maths_language.parser import parse
from tests.formats.builders import START_NS, MemoryColumns, Topic, struct_type

MS = 1_000_000
FAST = 200
"""Rows of the fastest topic, one each 10 ms."""
TIMES = np.arange(FAST) * 10 * MS
X = np.sin(np.arange(FAST) / 7) * 20 + 3
Y = np.cos(np.arange(FAST) / 5) * 4 + 6
N = (np.arange(FAST) // 30 % 4).astype(np.float64)
ON = np.arange(FAST) % 50 > 20
SLOW_TIMES = np.arange(5, 40) * 47 * MS
SLOW = np.linspace(-3, 9, len(SLOW_TIMES)) ** 2


def log(batch_rows: int = 1_000) -> MemoryColumns:
    """``T`` with floats, a whole number and a condition; ``S``, slower and later; ``L`` with a list."""
    fields = struct_type(
        x=pa.float64(), y=pa.float64(), n=pa.int32(), on=pa.bool_(), hole=pa.float64(), s=pa.string()
    )
    hole = [None if 60 <= row < 70 else float(row) for row in range(FAST)]
    rows = [
        {"x": x, "y": y, "n": int(n), "on": bool(on), "hole": h, "s": "a"}
        for x, y, n, on, h in zip(X, Y, N, ON, hole, strict=True)
    ]
    slow = [{"v": float(v), "k": int(v)} for v in SLOW]
    lists = [{"cells": [row, row + 0.5]} for row in range(10)]
    return MemoryColumns(
        [
            Topic("T", fields, rows, TIMES.tolist()),
            Topic("S", struct_type(v=pa.float32(), k=pa.int16()), slow, SLOW_TIMES.tolist()),
            Topic("L", struct_type(cells=pa.list_(pa.float32())), lists, (np.arange(10) * 200 * MS).tolist()),
        ],
        batch_rows=batch_rows,
    )


TYPES = {
    "T.x": "double",
    "T.y": "double",
    "T.n": "int32",
    "T.on": "bool",
    "T.hole": "double",
    "T.s": "string",
    "S.v": "float",
    "S.k": "int16",
    "L.cells": "list<item: float>",
    "L.cells[0]": "float",
    "L.cells[1]": "float",
}
NAMES = Names(TYPES, CarCatalogue(Catalogue()), {})


def computed(
    text: str, columns: MemoryColumns | None = None, rows: int = 65_536
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Times since the log's start, and values, of an expression over the log."""
    derived = Derived(columns or log(), NAMES.bind(parse(text).tree, {"two": 2.0}))
    samples = list(derived.samples(rows))
    times = np.concatenate([each.times for each in samples]) - START_NS
    return times, np.concatenate([each.values for each in samples])
