"""Sorting and narrowing by the figures that lists show, and comparisons under a signal's other names."""

from __future__ import annotations

from datetime import UTC, date
from itertools import pairwise

import pytest

from paddock.domain.catalogue import Entry
from paddock.domain.fields import EVERY_TEAMS
from paddock.domain.figures import FIGURES, read_figure
from paddock.domain.instants import NS_PER_S
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Recording, RunFigures, Signal
from paddock.domain.signal_names import SignalName
from paddock.errors import Rejected
from paddock.ports.documents import HasSignal
from paddock.usecases.catalogue.catalogue import save_catalogue
from paddock.usecases.context import Context
from paddock.usecases.find.comparisons import is_known, suggest_names
from paddock.usecases.find.search import Search, just_arrived, search_recordings, sort_recordings, sorts
from tests.web.builders import STARTED_NS, build_recording, metadata

pytestmark = pytest.mark.anyio


def runs() -> list[Recording]:
    """Ten, of which some lack one figure or another, and two are alike."""
    return [
        build_recording(
            number,
            duration_ns=None if number == 4 else (number % 4) * 60 * NS_PER_S,
            highlights=RunFigures(
                distance_m=None if number % 3 == 0 else 1000.0 * number,
                max_speed_m_s=None if number == 7 else 10.0 + number % 5,
                max_cell_temperature_c=30.5 + number,
            ),
            metadata={} if number == 5 else metadata(driver=("Mei", "Adam")[number % 2], car="HT09"),
        )
        for number in range(10)
    ]


@pytest.mark.parametrize("order", [sign + name for name in sorts(EVERY_TEAMS) for sign in ("", "-")])
async def test_every_order_is_that_of_its_values_with_pages_and_without(context: Context, order: str) -> None:
    await context.documents.recordings.put_many(runs())
    listed, after = [], None
    while True:
        page = await search_recordings(context, Search(), order=order, limit=3, after=after)
        listed += [recording.id for recording in page.items]
        if (after := page.next) is None:
            break
    assert listed == [recording.id for recording in sort_recordings(runs(), order)]
    assert sorted(listed) == sorted(run.id for run in runs())


async def test_what_lacks_a_value_is_last_in_either_order() -> None:
    for order in ("driver", "-driver", "distance_m", "-distance_m"):
        known = [
            run.metadata.get("driver") if "driver" in order else run.highlights.distance_m
            for run in sort_recordings(runs(), order)
        ]
        assert all(later is None for earlier, later in pairwise(known) if earlier is None), order


@pytest.mark.parametrize("order", ["", "-", "speed", "--driver", "search", "metadata.driver.value", "notes"])
async def test_no_other_order_is_taken(context: Context, order: str) -> None:
    with pytest.raises(Rejected, match="started_at, uploaded_at, health, car, driver"):
        await search_recordings(context, Search(), order=order or "x")


async def found(context: Context, *figures: str) -> set[int]:
    page = await search_recordings(context, Search(figures=tuple(read_figure(each) for each in figures)))
    return {int(recording.name.removeprefix("run_").removesuffix(".mcap")) for recording in page.items}


async def test_figures_narrow_a_search(context: Context) -> None:
    await context.documents.recordings.put_many(runs())
    assert await found(context, "max_speed_m_s >= 13") == {3, 4, 8, 9}
    assert await found(context, "max_speed_m_s > 13") == {4, 9}
    assert await found(context, "max_speed_m_s <= 10", "distance_m < 6e3") == {5}
    assert await found(context, "duration_s = 180") == {3, 7}
    assert await found(context, "max_cell_temperature_c<32.5") == {0, 1}
    assert await found(context, "min_cell_voltage_v > 0") == set(), "nobody knows it"


@pytest.mark.parametrize("text", ["", "speed > 3", "max_speed_m_s", "max_speed_m_s > fast", "duration_s > 1e999"])
def test_other_words_are_no_figure(text: str) -> None:
    with pytest.raises(Rejected, match="max_speed_m_s >= 25"):
        read_figure(text)


def test_a_figure_is_said_in_the_units_of_the_page() -> None:
    assert read_figure("MAX_SPEED_M_S>=8.33333333").words() == "Top speed >= 30 km/h"
    assert {figure.name.rpartition("_")[0] for figure in FIGURES} >= {"duration", "distance"}


async def test_a_comparison_means_a_signal_under_all_its_names(context: Context) -> None:
    old, new, other = build_recording("old"), build_recording("new"), build_recording("other")
    await context.documents.recordings.put_many([old, new, other])
    names = {old.id: "vn_data.velocity.x", new.id: "VNData.vn_vel_m_s.x", other.id: "Pack.cell_volts[3]"}
    await context.documents.signals.put_many(
        [Signal(f"{owner}:{name}", owner, name, "float", max=30.0) for owner, name in names.items()]
    )
    known = [("vn_data.velocity.x", 0), ("VNData.vn_vel_m_s.x", 0), ("Pack.cell_volts", 8)]
    await context.documents.signal_names.put_many(
        [SignalName(name, "", "float", search=name.casefold(), elements=elements) for name, elements in known]
    )
    entry = Entry("VNData.vn_vel_m_s.x", ("vn_data.velocity.x",), label="Ground speed")
    await save_catalogue(context, LOCAL_USER, [entry], version=0)

    async def names_for(name: str) -> list[str]:
        page = await search_recordings(context, Search(comparisons=(HasSignal(name, "max", ">", 20),)))
        return sorted(recording.name for recording in page.items)

    both = ["run_new.mcap", "run_old.mcap"]
    for said in ("VNData.vn_vel_m_s.x", "vndata.VN_vel_m_s.x", "vn_data.velocity.x", "ground SPEED"):
        assert await names_for(said) == both and await is_known(context, said), said
    assert await names_for("pack.cell_volts[3]") == ["run_other.mcap"]
    assert await names_for("VNData.vn_vel_ms.x") == [] and not await is_known(context, "VNData.vn_vel_ms.x")
    assert (await suggest_names(context, "VNData.vn_vel_ms.x"))[0] == "VNData.vn_vel_m_s.x"
    assert (await suggest_names(context, "BatteryPack.cell_volt"))[0] == "Pack.cell_volts"
    assert await suggest_names(context, "quite_another_thing") == []


async def test_what_just_arrived_of_earlier_days_is_counted(context: Context) -> None:
    now = context.now()
    ages = {"a": (5, 1), "b": (5, 2), "c": (9, 3), "today": (0, 1), "old": (5, 30)}
    await context.documents.recordings.put_many(
        [
            build_recording(
                name, started_ns=STARTED_NS - days * 86_400 * NS_PER_S, uploaded_at=now - hours * 3600 * NS_PER_S
            )
            for name, (days, hours) in ages.items()
        ]
    )
    arrived = await just_arrived(context, UTC, before=date(2026, 4, 18))
    assert arrived == {date(2026, 4, 13): 2, date(2026, 4, 9): 1} and next(iter(arrived)) == date(2026, 4, 13)
