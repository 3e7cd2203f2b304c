from __future__ import annotations

import asyncio

import pytest

from paddock.domain.catalogue import Catalogue, Entry
from paddock.domain.catalogue_defaults import Role
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import MetadataSource, MetadataValue, Recording, Signal, Status
from paddock.errors import Conflict, Rejected
from paddock.usecases.catalogue.catalogue import (
    export_catalogue,
    import_catalogue,
    load_catalogue,
    move_entry,
    save_catalogue,
    signals_of,
)
from paddock.usecases.context import Context

pytestmark = pytest.mark.anyio

SPEED = Entry("VNData.vn_vel_m_s.x", role=Role.SPEED)


async def test_without_one_it_is_empty(context: Context) -> None:
    assert await load_catalogue(context) == Catalogue()


async def test_a_change_is_kept_with_who_and_when(context: Context) -> None:
    stored = await save_catalogue(context, LOCAL_USER, [SPEED], version=0)
    assert (stored.version, stored.changed_by) == (1, "local")
    assert stored.changed_at > 0
    assert await load_catalogue(context) == stored
    stored = await save_catalogue(context, LOCAL_USER, [], version=1)
    assert (stored.version, stored.signals) == (2, ())
    assert await load_catalogue(context) == stored


@pytest.mark.parametrize(
    ("position", "to", "order"), [(0, 2, "bcad"), (3, 0, "dabc"), (2, 1, "acbd"), (1, 1, "abcd")]
)
async def test_an_entry_is_moved_and_the_others_keep_their_order(
    context: Context, position: int, to: int, order: str
) -> None:
    await save_catalogue(context, LOCAL_USER, [Entry(name) for name in "abcd"], version=0)
    moved = await move_entry(context, LOCAL_USER, position, to, version=1)
    assert "".join(entry.name for entry in moved.signals) == order
    assert await load_catalogue(context) == moved
    text = await export_catalogue(context)
    assert (await import_catalogue(context, LOCAL_USER, text, version=2)).signals == moved.signals


@pytest.mark.parametrize(("position", "to"), [(-1, 0), (0, -1), (2, 0), (0, 2)])
async def test_nothing_is_moved_to_or_from_where_nothing_is(context: Context, position: int, to: int) -> None:
    stored = await save_catalogue(context, LOCAL_USER, [Entry("a"), Entry("b")], version=0)
    with pytest.raises(Rejected, match="no entry at position"):
        await move_entry(context, LOCAL_USER, position, to, version=1)
    with pytest.raises(Conflict):
        await move_entry(context, LOCAL_USER, 0, 1, version=7)
    assert await load_catalogue(context) == stored


@pytest.mark.parametrize("version", [0, 1])
async def test_of_two_changes_at_once_one_is_told(context: Context, version: int) -> None:
    if version:
        await save_catalogue(context, LOCAL_USER, [], version=0)
    changes = [save_catalogue(context, LOCAL_USER, [Entry(name)], version=version) for name in "abc"]
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert [error.code for error in refused] == ["catalogue_changed"] * 2
    assert await load_catalogue(context) in outcomes


async def test_a_file_comes_back_as_it_went_in(context: Context) -> None:
    text = '[[signals]]\nname = "VNData.vn_vel_m_s.x"\nrole = "speed"\n'
    imported = await import_catalogue(context, LOCAL_USER, text, version=0)
    assert imported.signals == (SPEED,)
    assert text in await export_catalogue(context)


async def test_a_bad_file_changes_nothing(context: Context) -> None:
    stored = await save_catalogue(context, LOCAL_USER, [SPEED], version=0)
    with pytest.raises(Rejected, match="Line 2"):
        await import_catalogue(context, LOCAL_USER, "[[signals]]\nname = 1", version=1)
    with pytest.raises(Rejected, match="two entries"):
        await save_catalogue(context, LOCAL_USER, [SPEED, SPEED], version=1)
    assert await load_catalogue(context) == stored


async def test_what_the_catalogue_does_not_know(context: Context) -> None:
    def recording(number: int, car: str) -> Recording:
        metadata = {"car": MetadataValue(car, MetadataSource.PERSON)} if car else {}
        return Recording(f"{number:064x}", ("a.mcap",), 1, Status.READY, 1, metadata=metadata)

    ours, theirs = recording(1, "HT09"), recording(2, "")
    for one, names in ((ours, ("a", "b_v", "c")), (theirs, ("d_rpm", *(f"x.{n:03}" for n in range(600))))):
        await context.documents.signals.put_many(
            [Signal(f"{one.id}:{name}", one.id, name, "float") for name in names]
        )
    await save_catalogue(
        context, LOCAL_USER, [Entry("a"), Entry("c", cars=("HT09",)), Entry("d_rpm", cars=("HT09",))], version=0
    )
    assert [one.name for one in await signals_of(context, theirs)][:1] == ["d_rpm"]
