"""What has to be looked up in the rows of a field before it has a MATLAB class, and what is known without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from paddock.columns.columns import ColumnBatch, ColumnChannel, LogSummary
from paddock.columns.signals import Found, survey
from paddock.domain.recording import LossReport


def always(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


INNER = pa.struct([always("always", pa.bool_()), pa.field("maybe", pa.bool_())])
FIELDS = pa.struct(
    [
        always("flag", pa.bool_()),
        always("count", pa.int32()),
        always("cells", pa.list_(always("item", pa.float32()))),
        always("cones", pa.list_(always("item", INNER))),
        always("there", INNER),
        pa.field("gone", INNER),
    ]
)
HERE = {"always": True, "maybe": True}
ROWS = [
    {"flag": True, "count": 1, "cells": [1.0, 2.0], "cones": [], "there": {"always": True}, "gone": HERE},
    {"flag": False, "count": 2, "cells": [3.0, 4.0], "cones": [HERE], "there": HERE, "gone": None},
]


class OneChannel:
    """Columns in memory, which note the fields that are read."""

    channel = ColumnChannel("T", "t", "", "", "", FIELDS)
    channels: Sequence[ColumnChannel] = [channel]
    summary = LogSummary(None, None, 2, (), (), LossReport())

    def __init__(self) -> None:
        self.read_fields: set[str] = set()

    def rows(self, channel: ColumnChannel) -> int:
        return len(ROWS)

    def size_bytes(self, channel: ColumnChannel) -> int:
        return 100

    def read(self, channel: ColumnChannel, fields: Sequence[str] | None = None) -> Iterator[ColumnBatch]:
        wanted = [field for field in FIELDS if fields is None or field.name in fields]
        self.read_fields |= {field.name for field in wanted}
        times = np.arange(len(ROWS), dtype=np.int64)
        yield ColumnBatch(channel, times, times, times, pa.array(ROWS, pa.struct(wanted)))


def test_rows_are_looked_at_only_where_a_value_may_be_missing_or_a_list_has_a_width() -> None:
    columns = OneChannel()
    found = survey(columns, columns.channel, native=False)
    assert found == {
        ("cells",): Found(width=2),
        ("there", "maybe"): Found(missing=True),
        ("gone", "always"): Found(missing=True),
        ("gone", "maybe"): Found(missing=True),
    }
    assert columns.read_fields == {"cells", "there", "gone"}


def test_with_their_own_classes_integers_that_are_always_there_are_not_looked_at_either() -> None:
    columns = OneChannel()
    assert ("count",) not in survey(columns, columns.channel, native=True)
    assert "count" not in columns.read_fields
