"""The one reader of stored channels: single fields over a span of time, or all rows with some of the fields.

Of a Parquet file nothing else is read. How much memory a span takes is known before it is read, from the file's
metadata: values that repeat are few bytes in a file and may be gigabytes beside it. Texts of a span are read a row
group at a time, each different one once, and are cut.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from paddock.columns.arrow_numpy import is_list, is_number, pick
from paddock.columns.columns import ColumnBatch, ColumnChannel
from paddock.columns.lists import element_of
from paddock.columns.parquet_footer import proved_footer
from paddock.columns.signals import Path, leaves
from paddock.columns.tables import TIME_COLUMNS, channel_of, column_batch, column_names
from paddock.errors import Conflict, Rejected

Int64s = npt.NDArray[np.int64]
_TIME = "log_time"
_BATCH_ROWS = 65_536
MAX_BYTES = 512 << 20
"""For one signal's numbers over the span: 60 million, or 400,000 rows of a list of 160 cells."""
MAX_TEXT_BYTES = 1 << 30
"""For one signal's texts, each different one once; never more than those of a row group are in memory."""
DAMAGED = "The stored columns of this recording are damaged or missing: convert it again, then they are made anew."


@dataclass(frozen=True)
class SpanRows:
    """The rows of a span, and the one before and after it, which a line needs to enter and leave a plot."""

    times: Int64s
    """``log_time`` of all of them, shape (N,), ascending."""
    inside: slice
    """Those of ``times`` that lie in the span."""
    groups: tuple[int, ...]
    """The row groups they are in."""
    offset: int
    """How many rows of these groups come before them."""


@contextlib.contextmanager
def damage_is_said() -> Iterator[None]:
    """What a damaged file makes of pyarrow, as one error that says what to do.

    Raises:
        Conflict: with code ``columns_damaged``.
    """
    try:
        yield
    except (
        pa.ArrowException,
        msgspec.MsgspecError,
        OSError,
        ValueError,
        LookupError,
        AttributeError,
        TypeError,
        MemoryError,
    ) as error:
        raise Conflict(DAMAGED, code="columns_damaged") from error


class Footer:
    """What the file of a channel says of itself, proved before Arrow looks into it. It outlives the open file.

    Args:
        source: open for reading, seekable; stays open.
        crc32: what proves it; None for a file of an older version, which is trusted.

    Raises:
        Conflict: the file is damaged (code ``columns_damaged``).
    """

    def __init__(self, source: BinaryIO, crc32: int | None = None) -> None:
        import pyarrow.parquet as pq

        with damage_is_said():
            proved = None if crc32 is None else pq.read_metadata(proved_footer(source, crc32))
            file = pq.ParquetFile(source, metadata=proved)
            self.metadata: Any = file.metadata
            self.channel: ColumnChannel
            self.channel, units = channel_of(file.schema_arrow)
            self.units = {f"{self.channel.topic}.{path}": unit for path, unit in units.items()}
            """By signal name, those that were known when it was written."""
            fields = self.channel.fields
            self.columns = dict(zip((field.name for field in fields), column_names(fields), strict=True))
            """The column of each field of a message."""
            self.leaves: list[str] = [
                self.metadata.schema.column(place).path for place in range(self.metadata.num_columns)
            ]

    @property
    def rows(self) -> int:
        """How many messages the channel has."""
        return int(self.metadata.num_rows)


class StoredChannel:
    """One channel's Parquet file, as ``formats/parquet.py`` wrote it.

    Args:
        source: open for reading, seekable; closed with this.
        footer: the file's own.

    Raises:
        Conflict: the file is damaged (code ``columns_damaged``); so do all methods.
    """

    def __init__(self, source: BinaryIO, footer: Footer) -> None:
        import pyarrow.parquet as pq

        self._source = source
        with damage_is_said():
            self._file: Any = pq.ParquetFile(source, metadata=footer.metadata)
        self.channel = footer.channel
        self._columns = footer.columns
        self._leaves = footer.leaves
        self.kinds: dict[Path, pa.DataType] = dict(leaves(self.channel.fields))
        """The type of every field by its path."""

    def __enter__(self) -> StoredChannel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._source.close()

    def rows(self, start_ns: int, end_ns: int) -> SpanRows:
        """The rows with ``start_ns <= log_time <= end_ns``, found by the statistics of the row groups."""
        with damage_is_said():
            groups = self._groups(start_ns, end_ns)
            self._refuse_too_much(_TIME, groups, 8)
            table = self._read(groups, _TIME)
            times: Int64s = table.column(_TIME).to_numpy()
        begin = int(np.searchsorted(times, start_ns, "left"))
        end = max(begin, int(np.searchsorted(times, end_ns, "right")))
        first, last = max(begin - 1, 0), min(end + 1, len(times))
        return SpanRows(times[first:last], slice(begin - first, end - first), tuple(groups), first)

    def read(self, path: Path, rows: SpanRows) -> pa.Array:
        """One field of these rows; a value is missing where a message on the way to it is.

        Raises:
            Rejected: it is too much to be drawn (code ``too_much_to_plot``).
        """
        kind = self.kinds[path]
        inner = kind.value_type if is_list(kind) else kind
        with damage_is_said():
            leaf = self._leaf(path)
            self._refuse_too_much(leaf, rows.groups, max(8, inner.bit_width // 8) if is_number(inner) else 16)
            table = self._read(rows.groups, leaf)
            column = table.column(self._columns[path[0]])
            return pick(column.slice(rows.offset, len(rows.times)).combine_chunks(), path[1:])

    def read_texts(self, path: Path, element: int | None, rows: SpanRows, longest: int) -> pa.DictionaryArray:
        """The texts of these rows, each cut to ``longest`` characters; the indices of equal ones are equal.

        Args:
            path: of a text, or of a list of texts.
            element: which one of each list.
            rows: from ``rows``.
            longest: at least 1.

        Raises:
            Rejected: it is too much to be drawn (code ``too_much_to_plot``).
        """
        import pyarrow.parquet as pq

        column = self._columns[path[0]]
        with damage_is_said():
            leaf = self._leaf(path)
            chunks = self._chunks(leaf, rows.groups)
            if sum(chunk.total_uncompressed_size for chunk in chunks) > MAX_TEXT_BYTES:
                raise _too_much()
            # Arrow then has each text once per row group, however many rows say it.
            file = pq.ParquetFile(
                self._source, metadata=self._file.metadata, read_dictionary=[c.path_in_schema for c in chunks[:1]]
            )
            pieces = []
            for group in rows.groups:
                messages = file.read_row_group(group, columns=[leaf]).column(column).combine_chunks()
                texts = pick(messages, path[1:])
                pieces.append(_cut(texts if element is None else element_of(texts, element), longest))
            joined = pa.chunked_array(pieces, pa.dictionary(pa.int32(), pa.string())).unify_dictionaries()
            return joined.slice(rows.offset, len(rows.times)).combine_chunks()

    def batches(self, channel: ColumnChannel, fields: Sequence[str] | None = None) -> Iterator[ColumnBatch]:
        """All rows, in batches.

        Args:
            channel: the file's, or what ``with_fields`` made of it.
            fields: top-level ones of these; None for all that it has.
        """
        kinds = list(channel.fields) if fields is None else [channel.fields.field(name) for name in fields]
        wanted = [path for kind in kinds for path in self._paths(kind)]
        with damage_is_said():
            # A row group may be missing memory for all its columns; rows are taken in slices of it.
            for record in self._file.iter_batches(_BATCH_ROWS, columns=[*TIME_COLUMNS, *wanted]):
                yield column_batch(channel, record, [kind.name for kind in kinds], self._columns)

    def _paths(self, field: pa.Field) -> list[str]:
        """What to read for a field: its column, or of a nested message some parts."""
        column = self._columns[field.name]
        if field.type == self.channel.fields.field(field.name).type:
            return [column]
        return [".".join((column, *path)) for path in _ends(field.type)]

    def _read(self, groups: Sequence[int], leaf: str) -> pa.Table:
        # Arrow has a thread for each column; for one it only hands over.
        return self._file.read_row_groups(list(groups), columns=[leaf], use_threads=False)

    def _leaf(self, path: Path) -> str:
        """A dotted name reads one leaf of a nested message, not all of it."""
        return ".".join((self._columns[path[0]], *path[1:]))

    def _chunks(self, leaf: str, groups: Sequence[int]) -> list[Any]:
        """What row groups have of a leaf; a list's elements are below it."""
        metadata = self._file.metadata
        below = f"{leaf}."
        places = [place for place, path in enumerate(self._leaves) if path == leaf or path.startswith(below)]
        of_groups = map(metadata.row_group, groups)
        return [group.column(place) for group in of_groups for place in places]

    def _refuse_too_much(self, leaf: str, groups: Sequence[int], width: int) -> None:
        values = sum(chunk.num_values for chunk in self._chunks(leaf, groups))
        if values * width > MAX_BYTES:
            raise _too_much()

    def _groups(self, start_ns: int, end_ns: int) -> list[int]:
        """The row groups that hold the span and one row on either side. Rows lie in order of time."""
        metadata = self._file.metadata
        bounds = []
        for index in range(metadata.num_row_groups):
            group = metadata.row_group(index)
            if group.num_rows:
                statistics = group.column(0).statistics
                bounds.append((index, statistics.min, statistics.max))
        before = [index for index, low, _ in bounds if low < start_ns][-1:]
        after = [index for index, _, high in bounds if high > end_ns][:1]
        within = [index for index, low, high in bounds if high >= start_ns and low <= end_ns]
        return sorted({*before, *within, *after})


def with_fields(channel: ColumnChannel, names: Collection[str]) -> ColumnChannel:
    """The channel with these fields only, by dotted path; and with messages that have none, which cost nothing."""

    def only(fields: pa.StructType, prefix: Path) -> list[pa.Field]:
        kept = []
        for field in fields:
            path = (*prefix, field.name)
            if pa.types.is_struct(field.type) and field.type.num_fields:
                if inner := only(field.type, path):
                    kept.append(field.with_type(pa.struct(inner)))
            elif pa.types.is_struct(field.type) or ".".join(path) in names:
                kept.append(field)
        return kept

    fields = pa.struct(only(channel.fields, ()))
    return channel if fields == channel.fields else replace(channel, fields=fields)


def _ends(kind: pa.DataType, prefix: Path = ()) -> Iterator[Path]:
    """The paths of the fields of a message that are no messages themselves; an empty message is one of them."""
    for field in kind:
        path = (*prefix, field.name)
        if pa.types.is_struct(field.type) and field.type.num_fields:
            yield from _ends(field.type, path)
        else:
            yield path


def _too_much() -> Rejected:
    return Rejected("This is too much to be drawn at once: choose a shorter span of time.", code="too_much_to_plot")


def _cut(texts: pa.DictionaryArray, longest: int) -> pa.DictionaryArray:
    values = texts.dictionary
    if (pc.max(pc.binary_length(values)).as_py() or 0) > longest:
        values = pc.utf8_slice_codeunits(values, 0, longest)
    return pa.DictionaryArray.from_arrays(texts.indices.cast(pa.int32()), values.cast(pa.string()))
