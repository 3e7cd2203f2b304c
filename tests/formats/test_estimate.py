"""What an export will weigh, told without reading the log, is near what it weighs."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from paddock.domain.export import ExportRequest
from paddock.domain.recording import ChannelSummary, Signal
from paddock.errors import Rejected
from paddock.formats.estimate import described, estimate_bytes, looks_at_values, taken_of
from paddock.formats.mcap import write, write_log
from paddock.formats.parquet import write_channel
from paddock.formats.registry import RunInfo, find_format
from paddock.readers.mcap.spool import SpooledColumns, spool_log
from paddock.simulator.log import simulate

pytestmark = pytest.mark.slow("every request in every format")

SPEED, CELLS = "VNData.vn_vel_m_s.x", "ACUAllData"
FORMATS: list[tuple[str, str, dict[str, Any]]] = [
    ("mat", "", {}),
    ("mat", "", {"native": True}),
    ("mat", "hytech-v1", {}),
    ("mat", "hytech-v2", {}),
    ("h5", "", {}),
    ("arrow", "messages", {}),
    ("arrow", "flat", {}),
    ("csv", "", {}),
    ("parquet", "messages", {}),
    ("parquet", "flat", {}),
]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("estimate") / "run.mcap"
    simulate(path, event="autocross", laps=1, rate=0.2, duration_s=16)
    return path


@pytest.fixture(scope="module")
def log(simulated: Path) -> Iterator[tuple[SpooledColumns, tuple[ChannelSummary, ...]]]:
    with simulated.open("rb") as file, spool_log(file, simulated.parent) as columns:
        stored = {}
        for channel in columns.channels:
            target = io.BytesIO()
            write_channel(columns, channel, target)
            stored[channel.slug] = len(target.getvalue())
        yield (
            columns,
            tuple(msgspec.structs.replace(each, stored_bytes=stored[each.slug]) for each in described(columns)),
        )


@pytest.mark.parametrize(("name", "layout", "options"), FORMATS)
def test_a_matrix_of_requests(
    log: tuple[SpooledColumns, tuple[ChannelSummary, ...]],
    tmp_path: Path,
    name: str,
    layout: str,
    options: dict[str, Any],
) -> None:
    columns, channels = log
    summary = columns.summary
    span = (summary.started_ns or 0, summary.ended_ns or 0)
    form = find_format(name, layout)
    wrong = []
    for rate, signals, times in itertools.product(
        (None, 20.0, 200.0), ((), ("VNData",), ("VNData.*", "Pedals*", CELLS)), ({}, {"start_s": 4, "end_s": 12})
    ):
        request = ExportRequest(format=name, layout=layout, rate_hz=rate, signals=signals, **times, **options)
        expected = estimate_bytes(taken_of(channels, summary.signals, signals), request, channels, span)
        form.write(columns, request, RunInfo(), tmp_path / "made", lambda _: None)
        made = (tmp_path / "made").stat().st_size
        if abs(expected / made - 1) > 0.25 and made > 50_000:
            wrong.append((rate, signals, times, expected, made, round(expected / made, 2)))
    assert not wrong


def test_formats_that_do_not_look_at_values_need_no_statistics(simulated: Path) -> None:
    estimates: list[dict[str, int]] = []
    for statistics in (True, False):
        with simulated.open("rb") as file, spool_log(file, simulated.parent, statistics=statistics) as columns:
            summary, channels = columns.summary, described(columns)
        span = (summary.started_ns or 0, summary.ended_ns or 0)
        estimates.append(
            {
                f"{name} {layout}": estimate_bytes(
                    taken_of(channels, summary.signals, ("VNData.*", CELLS)),
                    ExportRequest(format=name, layout=layout, signals=("VNData.*", CELLS), **options),
                    channels,
                    span,
                )
                for name, layout, options in FORMATS
                if not looks_at_values(name)
            }
        )
    assert estimates[0] == estimates[1]
    assert {name.partition(" ")[0] for name in estimates[0]} == {"mat", "h5", "arrow"}


@pytest.mark.parametrize(
    ("signals", "times"),
    [((), {}), ((), {"start_s": 4, "end_s": 12}), (("VNData", CELLS), {}), (("MC1Data", "VNData"), {"end_s": 12})],
)
def test_slices_of_the_log(
    log: tuple[SpooledColumns, tuple[ChannelSummary, ...]],
    simulated: Path,
    tmp_path: Path,
    signals: tuple[str, ...],
    times: dict[str, float],
) -> None:
    columns, channels = log
    span = (columns.summary.started_ns or 0, columns.summary.ended_ns or 0)
    request = ExportRequest(format="mcap", signals=signals, **times)
    taken = taken_of(channels, columns.summary.signals, signals)
    with simulated.open("rb") as file:
        write_log(file, request, RunInfo(), tmp_path / "made", lambda _: None)
    made = (tmp_path / "made").stat().st_size
    expected = estimate_bytes(taken, request, channels, span, simulated.stat().st_size)
    assert made > 50_000
    assert expected == pytest.approx(made, rel=0.25)
    # As of a log of another kind, whose messages are made from its columns.
    write(columns, request, RunInfo(), tmp_path / "made", lambda _: None)
    expected = estimate_bytes(taken, request, channels, span)
    assert expected == pytest.approx((tmp_path / "made").stat().st_size, rel=0.3)


CHANNELS = tuple(
    ChannelSummary(topic, topic, "s", "", "json", 10, others=("points", "deep.raw")) for topic in ("/a", "b.c")
)
SIGNALS = [
    Signal("", "", "/a.x", "double", "/a"),
    Signal("", "", "/a.deep.y", "double", "/a"),
    Signal("", "", "/a.cells", "list<item: float>", "/a", longest=2, count=20),
    Signal("", "", "/a.cells[0]", "float", "/a", element_of="/a.cells"),
    Signal("", "", "/a.cells[1]", "float", "/a", element_of="/a.cells"),
    Signal("", "", "b.c.x", "double", "b.c"),
]


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ((), {"/a.x", "/a.deep.y", "/a.cells", "b.c.x"}),
        (("/a",), {"/a.x", "/a.deep.y", "/a.cells"}),
        (("a.deep",), {"/a.deep.y"}),
        (("a.cells[*]",), {"/a.cells"}),
        (("a.cells[1]",), {"/a.cells[1]"}),
        (("cells[0]",), {"/a.cells[0]"}),
        (("*.x",), {"/a.x", "b.c.x"}),
        (("x",), {"/a.x", "b.c.x"}),
        (("a.points", "a.deep.raw"), set()),
    ],
)
def test_patterns_take_what_they_take_of_the_log(patterns: tuple[str, ...], names: set[str]) -> None:
    taken = taken_of(CHANNELS, SIGNALS, patterns)
    assert {signal.name for each in taken for signal in each.signals} == names


def test_a_pattern_that_takes_nothing_is_refused_unless_it_may_take_what_is_not_listed() -> None:
    with pytest.raises(Rejected, match=r"matches 'a\.z'"):
        taken_of(CHANNELS, SIGNALS, ("a.z", "a.x"))
    unlisted = [msgspec.structs.replace(channel, others=None) for channel in CHANNELS]
    assert taken_of(unlisted, SIGNALS, ("a.z",)) == []
