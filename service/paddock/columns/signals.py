"""The fields of a channel as paths: one place that knows how an Arrow message type is walked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from paddock.columns.arrow_numpy import is_list, is_number, is_text, pick
from paddock.columns.columns import ColumnChannel, Columns
from paddock.columns.lists import list_lengths

Path = tuple[str, ...]


def leaves(fields: pa.StructType, prefix: Path = ()) -> Iterator[tuple[Path, pa.DataType]]:
    """Every field that is no message itself, in schema order, with its path."""
    for index in range(fields.num_fields):
        field = fields.field(index)
        path = (*prefix, field.name)
        if pa.types.is_struct(field.type):
            yield from leaves(field.type, path)
        else:
            yield path, field.type


def has_elements(kind: pa.DataType) -> bool:
    """Whether it is a list whose elements are signals: of numbers, or of texts."""
    return is_list(kind) and (is_number(kind.value_type) or is_text(kind.value_type))


def longest(columns: Columns, channel: ColumnChannel, path: Path) -> int:
    """How many elements the longest list at ``path`` has; one look at its rows."""
    lengths = (list_lengths(pick(batch.messages, path)) for batch in columns.read(channel, path[:1]))
    return max((int(each.max()) for each in lengths if len(each)), default=0)


def signal_name(channel: ColumnChannel, path: Sequence[str]) -> str:
    """``VNData.vn_gps.lat``."""
    return ".".join((channel.topic, *path))


def unique_names(wanted: Sequence[str], reserved: Collection[str]) -> list[str]:
    """A different name for each: of those that are the same the first keeps it, the others get ``_2``, ``_3`` …

    One that is reserved gets ``_`` behind it. No name is given that another one has by itself.
    """
    natural, taken = frozenset(wanted), set(reserved)
    last: dict[str, int] = {}
    names = []
    for name in wanted:
        unique, number = name, last.get(name, 1)
        while unique in reserved or (unique != name and unique in natural):
            unique += "_"
        base = unique
        while unique in taken or (unique != name and unique in natural):
            number += 1
            unique = f"{base}_{number}"
        last[name] = number
        taken.add(unique)
        names.append(unique)
    return names


@dataclass(frozen=True)
class Found:
    """What only the rows tell about a field."""

    missing: bool = False
    """Some row has no value."""
    width: int | None = None
    """Elements per row of a list, None when rows differ."""


def _may_be_missing(fields: pa.StructType, path: Path) -> bool:
    """Whether some row of a channel may lack a field, by the types of the messages on the way to it."""
    field = fields.field(path[0])
    return field.nullable or (len(path) > 1 and _may_be_missing(field.type, path[1:]))


def survey(columns: Columns, channel: ColumnChannel, native: bool) -> dict[Path, Found]:
    """Look once at the fields whose MATLAB class or size depends on their rows.

    These are lists (one matrix, or cells), and booleans and, with ``native``, integers that may be missing in a
    row: neither has a NaN.
    """
    undecided = [
        path
        for path, kind in leaves(channel.fields)
        if has_elements(kind)
        or ((pa.types.is_boolean(kind) or (native and is_number(kind))) and _may_be_missing(channel.fields, path))
    ]
    missing = dict.fromkeys(undecided, False)
    widths: dict[Path, set[int]] = {path: set() for path in undecided}
    needs = tuple(dict.fromkeys(path[0] for path in undecided))
    for batch in columns.read(channel, needs) if needs else ():
        for path in undecided:
            array = pick(batch.messages, path)
            missing[path] |= array.null_count > 0
            if is_list(array.type) and len(widths[path]) < 2:
                missing[path] |= array.flatten().null_count > 0
                lengths = list_lengths(array.drop_null() if array.null_count else array)
                if len(lengths):
                    widths[path] |= {int(lengths.min()), int(lengths.max())}
    return {
        path: Found(missing[path], next(iter(w)) if len(w := widths[path]) == 1 else None) for path in undecided
    }
