"""The ``meta`` variable of the default MATLAB layout: whose run this is, what was lost, what names mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import paddock
from paddock.columns.columns import Columns
from paddock.columns.signals import signal_name
from paddock.domain.export import ExportRequest
from paddock.domain.fields import FIELDS
from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.domain.recording import LossReport
from paddock.formats.mat_layouts import Named, nest, units_of
from paddock.formats.matlab_tree import Node, Struct, Value
from paddock.formats.registry import RunInfo


def meta_variable(columns: Columns, topics: Sequence[Named], request: ExportRequest, run: RunInfo) -> Struct:
    """Everything about the file that is no column."""
    summary = columns.summary
    return Struct(
        {
            "run": _run(columns, run),
            **_setup(run),
            "loss": _loss(summary.loss),
            "channels": _channels(columns, topics),
            "signals": _signals(topics, run),
            "units": nest([((t.name, *path), unit) for t in topics for path, unit in units_of(t, run.units)]),
            "enums": _enums(topics),
            "records": _records(columns),
            "notices": Value(list(summary.notices)),
            "export": Struct(
                {
                    "layout": Value("paddock"),
                    "signals": Value(list(request.signals)),
                    "rate_hz": Value(np.nan if request.rate_hz is None else float(request.rate_hz)),
                    "interpolation": Value(request.interpolation if request.rate_hz is not None else ""),
                    "native": Value(np.array([request.native])),
                    "written_by": Value(f"paddock {paddock.__version__}"),
                }
            ),
        }
    )


def _run(columns: Columns, run: RunInfo) -> Struct:
    summary = columns.summary
    said = {field.name: "" for field in FIELDS} | run.metadata
    fields: dict[str, Node] = {name: Value(value) for name, value in said.items()}
    started, ended = summary.started_ns, summary.ended_ns
    told = started if run.started_ns is None and run.is_start_known else run.started_ns
    fields["started"] = Value("" if told is None else to_rfc3339(told))
    fields["started_ns"] = Value(np.array([] if told is None else [told], np.int64))
    fields["duration_s"] = Value(0.0 if started is None or ended is None else (ended - started) / NS_PER_S)
    fields["messages"] = Value(summary.message_count)
    fields["health"] = Value(summary.loss.health)
    fields["recording"] = Value(run.recording)
    fields["file_name"] = Value(run.file_name)
    return Struct(fields)


def _setup(run: RunInfo) -> dict[str, Node]:
    """``meta.setup`` with the unit of each number in ``meta.setup_units``; neither where there is no sheet."""
    if not run.setup:
        return {}
    units = {name: run.setup_units.get(name, "") for name in run.setup}
    return {
        "setup": Struct({name: Value(value) for name, value in run.setup.items()}),
        "setup_units": Struct({name: Value(unit) for name, unit in units.items()}),
    }


def _loss(loss: LossReport) -> Struct:
    return Struct(
        {
            "health": Value(loss.health),
            "lost_records": Value(loss.lost_records),
            "lost_bytes": Value(loss.lost_bytes),
            "lost_s": Value(loss.lost_ns / NS_PER_S),
            "orphans": Value(loss.orphans),
            "missing": Value(list(loss.missing)),
            "losses": Struct(
                {
                    "reason": Value([one.reason for one in loss.losses]),
                    "offset": _column([one.offset for one in loss.losses]),
                    "size_bytes": _column([one.size_bytes for one in loss.losses]),
                    "records": _column([one.records for one in loss.losses]),
                }
            ),
            "undecodable": Struct(
                {
                    "topic": Value(list(loss.undecodable)),
                    "messages": _column(list(loss.undecodable.values())),
                }
            ),
        }
    )


def _channels(columns: Columns, topics: Sequence[Named]) -> Struct:
    """One row per channel, also of those without messages, whose ``name`` is empty."""
    names = {named.channel: named.name for named in topics}
    channels = list(columns.channels)
    return Struct(
        {
            "name": Value([names.get(channel, "") for channel in channels]),
            "topic": Value([channel.topic for channel in channels]),
            "schema": Value([channel.schema_name for channel in channels]),
            "encoding": Value([channel.message_encoding for channel in channels]),
            "messages": _column([columns.rows(channel) for channel in channels]),
        }
    )


def _signals(topics: Sequence[Named], run: RunInfo) -> Struct:
    """The name table: MATLAB names beside original names, with units and the types of the log."""
    rows = [(named, matlab, path, kind) for named in topics for matlab, path, kind in named.signals]
    originals = [signal_name(named.channel, path) for named, _, path, _ in rows]
    return Struct(
        {
            "name": Value([".".join((named.name, *matlab)) for named, matlab, _, _ in rows]),
            "original": Value(originals),
            "unit": Value([run.units.get(original, "") for original in originals]),
            "type": Value([str(kind) for _, _, _, kind in rows]),
        }
    )


def _enums(topics: Sequence[Named]) -> Struct:
    """``meta.enums.<topic>.<field>``: ``values`` and ``names``, as columns."""
    found: list[tuple[tuple[str, ...], Node]] = []
    for named in topics:
        for matlab, path, _ in named.signals:
            if names := named.channel.enums.get(".".join(path)):
                table = Struct({"values": _column(list(names)), "names": Value(list(names.values()))})
                found.append(((named.name, *matlab), table))
    return nest(found)


def _records(columns: Columns) -> Struct:
    """The log's own metadata records, one row per entry."""
    rows = [(name, key, value) for name, entries in columns.summary.metadata for key, value in entries.items()]
    return Struct(
        {
            "record": Value([name for name, _, _ in rows]),
            "key": Value([key for _, key, _ in rows]),
            "value": Value([value for _, _, value in rows]),
        }
    )


def _column(values: Sequence[int]) -> Value:
    return Value(np.array(values, np.float64))
