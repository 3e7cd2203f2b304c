"""Every writer is made to fail at every topic: the file has all the others, and the one left out is named."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from paddock.columns.columns import ColumnBatch, ColumnChannel
from paddock.domain.export import ExportRequest
from paddock.errors import Rejected
from paddock.formats import contained
from paddock.formats.contained import Without, few_enough, within, write_contained
from paddock.formats.registry import RunInfo, find_format, formats
from tests.formats.builders import MemoryColumns, Topic, every_kind, struct_type
from tests.matlab_files import loadmat

pytestmark = pytest.mark.slow("every writer fails everywhere")

WRITERS = [
    (form.name, layout, rate)
    for form in formats().values()
    for layout in form.layouts
    for rate in (None, 50.0)
    if rate is None or form.write_log is None  # such a format keeps every message at its own time
]
TOPICS = ("/every.kind", "a", "b")


class Poison:
    """Rows that nothing can be done with."""

    def __getattr__(self, name: str) -> Any:
        raise OverflowError("odd rows")

    def __getitem__(self, rows: slice) -> Any:
        raise OverflowError("odd rows")


class Poisoned(MemoryColumns):
    """Columns of which one topic's rows break whoever touches them."""

    def __init__(self, topics: Sequence[Topic], poisoned: str) -> None:
        super().__init__(topics)
        self._poisoned = poisoned

    def read(self, channel: ColumnChannel, fields: Sequence[str] | None = None) -> Iterator[ColumnBatch]:
        for batch in super().read(channel, fields):
            if channel.topic == self._poisoned and fields != ():
                yield ColumnBatch(channel, batch.log_time, batch.publish_time, batch.sequence, Poison())
            else:
                yield batch


def topics() -> list[Topic]:
    plain = struct_type(x=pa.int32(), text=pa.string(), many=pa.list_(pa.int32()))
    rows = [{"x": i, "text": "é", "many": [i] * (i % 2)} for i in range(5)]
    return [every_kind(), Topic("a", plain, rows), Topic("b", plain, rows)]


@pytest.mark.parametrize("poisoned", TOPICS)
@pytest.mark.parametrize(("name", "layout", "rate"), WRITERS)
def test_a_topic_that_its_writer_fails_at_costs_only_itself(
    tmp_path: Path, name: str, layout: str, rate: float | None, poisoned: str
) -> None:
    form = find_format(name, layout)
    request = ExportRequest(format=name, layout=layout, rate_hz=rate, signals=TOPICS)
    others = [topic for topic in topics() if topic.name != poisoned]
    silent = [replace(topic, rows=()) for topic in topics() if topic.name == poisoned]
    said = write_contained(
        form.write, Poisoned(topics(), poisoned), request, RunInfo(), tmp_path / "made", lambda _: None
    )
    assert said == (f"{poisoned} is left out of this file: OverflowError: odd rows.",)
    form.write(MemoryColumns(others + silent), request, RunInfo(), tmp_path / "expected", lambda _: None)
    if (name, layout) == ("mat", "paddock"):
        made = loadmat(tmp_path / "made", simplify_cells=True)
        assert made["meta"]["notices"] == said[0]
        assert set(made) - {"meta", "__header__", "__version__", "__globals__"} == {
            {"/every.kind": "every_kind"}.get(topic.name, topic.name) for topic in others
        }
    elif name != "h5":
        assert same_file(tmp_path / "made", tmp_path / "expected")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["expected", "made"]


def same_file(one: Path, other: Path) -> bool:
    if not zipfile.is_zipfile(one):
        return one.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(one) as a, zipfile.ZipFile(other) as b:
        return [(name, a.read(name)) for name in a.namelist()] == [(name, b.read(name)) for name in b.namelist()]


def test_what_is_no_topics_fault_is_raised(tmp_path: Path) -> None:
    form = find_format("csv")
    with pytest.raises(Rejected):
        write_contained(
            form.write,
            MemoryColumns(topics()),
            ExportRequest(signals=("nothing",)),
            RunInfo(),
            tmp_path / "made",
            lambda _: None,
        )
    with pytest.raises(OSError, match="made"):
        write_contained(
            form.write, MemoryColumns(topics()), ExportRequest(), RunInfo(), tmp_path / "no/made", lambda _: None
        )


def test_the_largest_topics_are_left_out_of_what_would_be_too_large() -> None:
    columns = MemoryColumns(topics())
    sizes = {channel.slug: {"/every.kind": 5, "a": 70, "b": 30}[channel.topic] for channel in columns.channels}
    kept, said = within(columns, sizes, 40)
    assert isinstance(kept, Without)
    assert [kept.rows(channel) for channel in kept.channels] == [5, 0, 5]
    assert len(said) == 1 and said[0].startswith("a is left out")
    assert within(columns, sizes, 105) == (columns, ())


def test_of_too_many_topics_those_kept_as_bytes_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    data = struct_type(data=pa.binary())
    raw = Topic("a", pa.struct([pa.field("data", pa.binary(), nullable=False)]), [{"data": b"x"}])
    named = Topic("b", data, [{"data": b"x"}])
    columns = MemoryColumns([raw, named, *topics()])
    assert few_enough(columns) == (columns, ())
    monkeypatch.setattr(contained, "MOST_TOPICS", len(columns.channels) - 1)
    kept, said = few_enough(columns)
    assert [channel.topic for channel in kept.channels if not kept.rows(channel)] == ["a"]
    assert said == (
        f"1 topic left out of this file, which has {len(columns.channels) - 1}, the most it may:"
        " name some, or take the log itself.",
    )
