"""Elements of lists from a log to what people ask: names, statistics, plots, filters, exports, the catalogue."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paddock.columns.list_statistics import MAX_ELEMENTS
from paddock.domain.catalogue import Entry
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Recording
from paddock.errors import NotFound
from paddock.ports.documents import Equals
from paddock.usecases.catalogue.catalogue import save_catalogue, signals_of
from paddock.usecases.catalogue.signal_names import complete_name
from paddock.usecases.catalogue.unknown_names import unknown_names
from paddock.usecases.context import Context
from paddock.usecases.find.search import Search, read_comparison, search_recordings
from paddock.usecases.look.compare import compare
from paddock.usecases.look.overview import overview
from paddock.usecases.look.plots import plot_data
from tests.web.converted import converted, json_log

pytestmark = pytest.mark.anyio

CELLS = 12


def volts(row: int) -> list[float]:
    return [3.5 + row / 100 + cell / 1000 for cell in range(CELLS)]


@pytest.fixture
async def recording(context: Context, tmp_path: Path) -> Recording:
    rows = [{"cell_voltages": volts(n), "hits": list(range(n % 4)), "ranges": [n] * 1_000} for n in range(50)]
    return await converted(context, json_log(tmp_path / "cells.mcap", "ACUAllData", rows))


async def test_a_list_and_its_elements_are_signals(context: Context, recording: Recording) -> None:
    found = {signal.name: signal for signal in await signals_of(context, recording)}
    assert len(found) == (1 + CELLS) + (1 + 3) + 1, "of 1,000 ranges there are no elements"
    whole, third = found["ACUAllData.cell_voltages"], found["ACUAllData.cell_voltages[3]"]
    assert (whole.longest, whole.min, whole.max, whole.unit) == (CELLS, 3.5, volts(49)[-1], "V")
    assert (third.element_of, third.min, third.max, third.unit) == (whole.name, volts(0)[3], volts(49)[3], "V")
    assert found["ACUAllData.hits[2]"].count == 12
    assert found["ACUAllData.ranges"].longest == 1_000 > MAX_ELEMENTS


async def test_elements_are_completed_behind_their_list(context: Context, recording: Recording) -> None:
    async def names(text: str) -> list[str]:
        return [name.id.removeprefix("ACUAllData.") for name in await complete_name(context, text)]

    assert await names("acualldata.") == ["cell_voltages", "hits", "ranges"], "folded"
    whole = await names("ACUAllData.cell_voltages")
    assert whole[:3] == ["cell_voltages", "cell_voltages[0]", "cell_voltages[1]"] and len(whole) == 1 + CELLS
    assert await names("cell_voltages[1") == ["cell_voltages[1]", "cell_voltages[10]", "cell_voltages[11]"]
    assert await names("cell volt[3]") == ["cell_voltages[3]"]
    assert await names("ranges[") == []


@pytest.mark.parametrize(
    ("comparison", "is_found"),
    [
        ("max(ACUAllData.cell_voltages) > 4.0", True),
        ("min(ACUAllData.cell_voltages) < 3.5", False),
        ("max(ACUAllData.cell_voltages[3]) > 3.99", True),
        ("max(cell_voltages[3]) > 3.99", True),
        ("max(cell_voltages[3]) > 3.994", False),
        ("max(no_such[3]) > 0", False),
    ],
)
async def test_recordings_are_found_by_them(
    context: Context, recording: Recording, comparison: str, is_found: bool
) -> None:
    found = await search_recordings(context, Search(comparisons=(read_comparison(comparison),)))
    assert [each.id for each in found.items] == [recording.id] * is_found


async def test_an_element_is_plotted_and_a_list_says_how(context: Context, recording: Recording) -> None:
    name = "ACUAllData.cell_voltages[3]"
    (series,) = (await plot_data(context, recording.id, [name])).series
    np.testing.assert_allclose(series.values, [volts(row)[3] for row in range(50)])
    assert (series.label, series.unit, series.dtype) == ("Cell voltages [3]", "V", "double")
    (far,) = (await plot_data(context, recording.id, ["ACUAllData.ranges[999]"])).series
    assert list(far.values)[:3] == [0, 1, 2]
    with pytest.raises(NotFound, match=r"Did you mean ACUAllData\.cell_voltages"):
        await plot_data(context, recording.id, ["ACUAllData.cell_voltage[3]"])


async def test_the_overview_draws_elements_where_there_are_lists_alone(
    context: Context, recording: Recording
) -> None:
    (cells,) = await overview(context, recording)
    assert [signal.name for signal in cells.signals] == [f"ACUAllData.cell_voltages[{cell}]" for cell in range(8)]
    same = await compare(context, recording, recording)
    assert [pair.a.name for pair in same.pairs] == ["ACUAllData.cell_voltages"]


async def test_what_the_catalogue_says_of_a_list_holds_for_its_elements(
    context: Context, recording: Recording
) -> None:
    unknown = [sighting.unknown.name for sighting in await unknown_names(context)]
    assert sorted(unknown) == ["ACUAllData.cell_voltages", "ACUAllData.hits", "ACUAllData.ranges"]
    entry = Entry("ACUAllData.cell_voltages", label="Cell", unit="mV", high=4.2)
    await save_catalogue(context, LOCAL_USER, [entry], version=0)
    (series,) = (await plot_data(context, recording.id, ["ACUAllData.cell_voltages[3]"])).series
    assert (series.label, series.unit, series.high) == ("Cell [3]", "mV", 4.2)


async def test_a_recording_of_an_older_paddock_has_no_lists_and_opens(
    context: Context, recording: Recording
) -> None:
    """Before lists were signals only scalars had a document; their elements can be plotted all the same."""
    await context.documents.signals.delete([Equals("recording", recording.id)])
    assert await overview(context, recording) == ()
    (series,) = (await plot_data(context, recording.id, ["ACUAllData.cell_voltages[0]"])).series
    assert series.samples == 50
