"""The layouts of a MAT file, as trees: ``paddock`` and the two that teams already have scripts for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from paddock.columns.arrow_numpy import Array
from paddock.columns.columns import ColumnBatch, ColumnChannel, Columns
from paddock.columns.signals import Found, Path, signal_name, survey
from paddock.formats.mat_columns import ChannelRows, MakeArray, scalar_cells
from paddock.formats.matlab_names import RESERVED, matlab_names
from paddock.formats.matlab_tree import CellColumn, Node, NumberColumn, Struct, Value

Variables = list[tuple[str, Node]]
MakeLeaf = Callable[[ChannelRows, Path, pa.DataType, Found], Node]

_UNDECIDED = Found()


@dataclass
class Named:
    """A topic that got a variable: its name, and each signal's MATLAB path beside its path in the log."""

    channel: ColumnChannel
    name: str
    signals: list[tuple[Path, Path, pa.DataType]] = field(default_factory=list)
    """(path of MATLAB names without the variable, path in the log, type in the log)"""


def named_channels(columns: Columns, reserved: frozenset[str]) -> list[Named]:
    """The topics that have messages, with their variable names."""
    channels = [channel for channel in columns.channels if columns.rows(channel)]
    names = matlab_names([channel.topic for channel in channels], reserved)
    return [Named(channel, name) for channel, name in zip(channels, names, strict=True)]


def _message(
    named: Named,
    fields: pa.StructType,
    make: Callable[[Path, pa.DataType], Node],
    reserved: frozenset[str],
    path: Path = (),
    matlab_path: Path = (),
) -> dict[str, Node]:
    """The fields of one message type as a struct's, and their names noted in ``named``."""
    children = [fields.field(index) for index in range(fields.num_fields)]
    names = matlab_names([child.name for child in children], reserved)
    nodes: dict[str, Node] = {}
    for child, name in zip(children, names, strict=True):
        inner, inner_matlab = (*path, child.name), (*matlab_path, name)
        if pa.types.is_struct(child.type):
            nodes[name] = Struct(_message(named, child.type, make, reserved, inner, inner_matlab))
        else:
            named.signals.append((inner_matlab, inner, child.type))
            nodes[name] = make(inner, child.type)
    return nodes


def note_names(named: Named) -> None:
    """Fill in ``named.signals`` where no tree is wanted."""
    _message(named, named.channel.fields, lambda path, kind: Struct({}), frozenset())


def _topics(
    columns: Columns, native: bool, make: MakeLeaf, reserved: frozenset[str] = frozenset()
) -> Iterator[tuple[Named, ChannelRows, dict[str, Node]]]:
    """Each topic with messages: its names, its rows, and its message's fields."""
    for named in named_channels(columns, reserved):
        channel = named.channel
        rows = ChannelRows(channel, columns.rows(channel), columns.summary.started_ns or 0, native)
        found = survey(columns, channel, native)

        def leaf(
            path: Path, kind: pa.DataType, rows: ChannelRows = rows, found: Mapping[Path, Found] = found
        ) -> Node:
            return make(rows, path, kind, found.get(path, _UNDECIDED))

        yield named, rows, _message(named, channel.fields, leaf, reserved)


def paddock_layout(columns: Columns, native: bool, units: Mapping[str, str]) -> tuple[Variables, list[Named]]:
    """One struct per topic: ``t``, ``time_ns``, then the message's fields as N-row columns.

    A topic of which units are known ends with ``meta.units``, so that its struct alone is enough for
    ``paddock.tt(S.VNData)``.
    """
    variables: Variables = []
    topics: list[Named] = []
    for named, rows, fields in _topics(columns, native, ChannelRows.field, RESERVED):
        contents: dict[str, Node] = {"t": rows.seconds(), "time_ns": rows.time_ns(), **fields}
        if known := units_of(named, units):
            contents["meta"] = Struct({"units": nest(known)})
        variables.append((named.name, Struct(contents)))
        topics.append(named)
    return variables, topics


def units_of(named: Named, units: Mapping[str, str]) -> list[tuple[Path, Node]]:
    """The known units of a topic, by MATLAB path."""
    found = ((matlab, units.get(signal_name(named.channel, path), "")) for matlab, path, _ in named.signals)
    return [(matlab, Value(unit)) for matlab, unit in found if unit]


def nest(leaves: Sequence[tuple[Path, Node]]) -> Struct:
    """Nodes by path → nested structs."""
    groups: dict[str, list[tuple[Path, Node]]] = {}
    for path, node in leaves:
        groups.setdefault(path[0], []).append((path[1:], node))
    return Struct({name: inner[0][1] if len(inner[0][0]) == 0 else nest(inner) for name, inner in groups.items()})


def hytech_v1_layout(columns: Columns) -> Variables:
    """``data.<topic>.<field>`` = N×2 ``[t value]``, ``t`` in seconds from the topic's first message.

    The old converter subtracted doubles of Unix seconds, so its times are whole multiples of 2**-22 s; these are
    the same, bit for bit. What has no number (text, ragged lists, JSON) is an N×2 cell ``{t, value}``.
    """
    topics: dict[str, Node] = {}
    for named, _, fields in _topics(columns, False, ChannelRows.field):
        topics[named.name] = Struct(_with_v1_times(fields, _first_log_time(columns, named.channel)))
    return [("data", Struct(topics))]


def _first_log_time(columns: Columns, channel: ColumnChannel) -> int:
    found = next(each for each in columns.summary.channels if each.slug == channel.slug)
    assert found.started_ns is not None, "a topic without messages has no variable"
    return found.started_ns


def _with_v1_times(fields: Mapping[str, Node], first_ns: int) -> dict[str, Node]:
    timed: dict[str, Node] = {}
    for name, node in fields.items():
        if isinstance(node, Struct):
            timed[name] = Struct(_with_v1_times(node.fields, first_ns))
        elif isinstance(node, NumberColumn):
            timed[name] = NumberColumn(
                node.channel, node.rows, node.needs, _v1_pairs(node.make, first_ns), np.dtype("f8"), 1 + node.width
            )
        elif isinstance(node, CellColumn):
            parts = (lambda batch: scalar_cells(_v1_seconds(batch, first_ns)), *node.parts)
            timed[name] = CellColumn(node.channel, node.rows, node.needs, parts)
    return timed


def _v1_seconds(batch: ColumnBatch, first_ns: int) -> Array:
    return batch.log_time / 1e9 - first_ns / 1e9


def _v1_pairs(make: MakeArray, first_ns: int) -> MakeArray:
    return lambda batch: np.column_stack([_v1_seconds(batch, first_ns), make(batch)])


def hytech_v2_layout(columns: Columns, native: bool) -> Variables:
    """``<topic>.<path>.Data`` and ``.Timestamp``, in seconds since the file's first message."""

    def leaf(rows: ChannelRows, path: Path, kind: pa.DataType, found: Found) -> Node:
        return Struct({"Data": rows.field(path, kind, found), "Timestamp": rows.seconds()})

    return [(named.name, Struct(fields)) for named, _, fields in _topics(columns, native, leaf)]
