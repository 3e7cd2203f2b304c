"""Messages of any shape go through every format, and come back equal from those that keep everything."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.domain.export import ExportRequest
from paddock.formats import arrow, csv, h5, mat
from paddock.formats.registry import RunInfo
from tests.columns.plain_rows import plain_rows
from tests.formats.builders import MemoryColumns, Topic, stored_again
from tests.matlab_files import loadmat

pytestmark = pytest.mark.slow("random messages")

# scipy, the reader here, refuses some texts outside the BMP or with a byte order mark (see mat5.py).
TEXTS = st.text(st.characters(max_codepoint=0xFEFE, exclude_categories=["Cs"]), max_size=6)
NAMES = st.one_of(
    st.sampled_from(["x", "t", "log_time", "log_time_", "end", "a.b", "", "=1", "Data", "meta", "ß"]),
    TEXTS,
)
LEAVES: list[tuple[pa.DataType, st.SearchStrategy[Any]]] = [
    (pa.bool_(), st.booleans()),
    (pa.int8(), st.integers(-128, 127)),
    (pa.uint64(), st.integers(0, 2**64 - 1)),
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.float32(), st.floats(width=32)),
    (pa.float64(), st.floats()),
    (pa.string(), TEXTS),
    (pa.binary(), st.binary(max_size=6)),
    (pa.timestamp("ns"), st.integers(-(2**62), 2**62)),
    (pa.duration("ns"), st.integers(-(2**62), 2**62)),
]


def kinds() -> st.SearchStrategy[tuple[pa.DataType, st.SearchStrategy[Any]]]:
    """An Arrow type and values of it."""
    return st.recursive(
        st.sampled_from(LEAVES), lambda inner: st.one_of(lists(inner), structs(inner)), max_leaves=6
    )


def lists(inner: Any) -> Any:
    return inner.map(lambda kind: (pa.list_(kind[0]), st.lists(st.none() | kind[1], max_size=3)))


def structs(inner: Any) -> Any:
    def build(fields: dict[str, Any]) -> Any:
        values = st.fixed_dictionaries({name: st.none() | value for name, (_, value) in fields.items()})
        return pa.struct([(name, kind) for name, (kind, _) in fields.items()]), values

    return st.dictionaries(NAMES, inner, max_size=4).map(build)


@st.composite
def logs(draw: st.DrawFn) -> MemoryColumns:
    topics = []
    for name in draw(st.lists(NAMES, max_size=3)):
        fields, values = draw(structs(kinds()))
        rows = draw(st.lists(values, max_size=7))
        topics.append(Topic(name, fields, rows, schema_name=str(len(topics))))
    return MemoryColumns(topics, batch_rows=draw(st.integers(1, 4)))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(logs(), st.booleans(), st.sampled_from([None, 100.0]))
def test_every_format_takes_it(columns: MemoryColumns, native: bool, rate: float | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "out"
        for form, options in (
            (mat, {"layout": "hytech-v1"}),
            (mat, {"layout": "hytech-v2"}),
            (mat, {"mat_version": "7.3"}),
            (mat, {"compress": True}),
            (csv, {}),
            (arrow, {}),
            (h5, {}),
        ):
            request = ExportRequest(native=native, rate_hz=rate, interpolation="linear", **options)
            form.write(columns, request, RunInfo(), target, lambda done: None)
        mat.write(columns, ExportRequest(native=native, rate_hz=rate), RunInfo(), target, lambda done: None)
        loaded = loadmat(target, mat_dtype=True)
        topics = [name for name in loaded if not name.startswith("__") and name != "meta"]
        assert len(topics) == sum(columns.rows(channel) > 0 for channel in columns.channels)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(logs())
def test_parquet_gives_it_back(columns: MemoryColumns) -> None:
    for channel in columns.channels:
        again = stored_again(columns, [channel])
        (stored,) = again.channels
        assert again.rows(stored) == columns.rows(channel)
        assert stored.fields == channel.fields
        before, after = (
            [row for batch in source.read(one) for row in plain_rows(batch.messages)]
            for source, one in ((columns, channel), (again, stored))
        )
        assert repr(after) == repr(before)
