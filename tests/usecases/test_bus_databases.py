"""CAN databases of the team decode the logs that fit them, whenever they come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import msgspec
import pytest

from paddock.domain.bus_database import BusDatabase, DatabaseUse, DecodedBy, check_use, chosen
from paddock.domain.can_database import Databases
from paddock.domain.catalogue import Entry
from paddock.domain.export import DEFAULT_EXPORT
from paddock.domain.principal import LOCAL_USER
from paddock.errors import NotFound, Rejected
from paddock.ports.documents import Equals, HasSignal
from paddock.usecases.buses.databases import (
    add_database,
    database_content,
    decode_anew,
    outdated_count,
    retire_database,
)
from paddock.usecases.buses.decoding import all_databases, load_databases
from paddock.usecases.buses.versions import compare_versions
from paddock.usecases.catalogue.catalogue import load_catalogue, save_catalogue
from paddock.usecases.context import Context
from paddock.usecases.find.contents import contents_of
from paddock.usecases.find.search import Search, search_recordings
from paddock.web.databases.decoding import decoding_of
from tests.readers.can.dbc import SMALL
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio

DBC = SMALL.encode()
SYM = """FormatVersion=6.0 // Do not edit this line!
Title="Small"

{SENDRECEIVE}

[Engine]
ID=100h
Len=8
Var=Rpm unsigned 0,16 /u:rpm
"""
LOG = "".join(f"(1776522720.{number:06d}) can0 100#{number:02X}000A0100000000\n" for number in range(50)).encode()
"""18 April 2026."""


@pytest.fixture
def team(team: Team) -> Team:
    team.metadata["car"] = "HT09"
    return team


async def topics(team: Team, recording_id: str) -> list[str]:
    contents = await contents_of(team.context.documents, await team.recording(recording_id))
    return [channel.topic for channel in contents.channels]


async def uploaded(team: Team) -> str:
    recording = await team.upload(LOG, "run.log")
    await team.work()
    return recording.id


async def add(team: Team, content: bytes = DBC, **use: str) -> BusDatabase:
    return (await add_database(team.context, LOCAL_USER, content, "car.dbc", DatabaseUse(**use))).database


async def test_a_log_waits_for_its_database(team: Team) -> None:
    run = await uploaded(team)
    assert (await team.recording(run)).decoded_by == () and await topics(team, run) == ["0x100"]
    added = await add_database(team.context, LOCAL_USER, DBC, "car.dbc", DatabaseUse(car="ht09"))
    assert (added.converted, added.database.message_count, added.database.signal_count) == (1, 3, 11)
    await team.work()
    assert await topics(team, run) == ["Engine"]
    (by,) = (await team.recording(run)).decoded_by
    assert (by.bus, by.database) == ("", added.database.id)


async def test_a_log_that_comes_after_is_decoded_at_once(team: Team) -> None:
    await add(team, valid_from="2026-04-01", valid_until="2026-04-30")
    run = await uploaded(team)
    assert await topics(team, run) == ["Engine"], "by the day on which it was recorded, not that on which it came"


@pytest.mark.parametrize("use", [{"car": "HT08"}, {"valid_until": "2026-04-17"}, {"valid_from": "2026-04-19"}])
async def test_one_for_other_logs_decodes_nothing(team: Team, use: dict[str, str]) -> None:
    await add(team, **use)
    assert await topics(team, await uploaded(team)) == ["0x100"]


async def test_a_new_version_decodes_anew_when_asked_and_old_files_stay(team: Team) -> None:
    await add(team)
    run = await uploaded(team)
    before = await artifacts(team, run)
    newer = await add(team, SMALL.replace("Rpm :", "EngineSpeed :").encode(), note="renamed")
    assert await team.work() == [] and await outdated_count(team.context) == 1
    assert await decode_anew(team.context, LOCAL_USER) == 1
    await team.work()
    assert (await team.recording(run)).decoded_by[0].database == newer.id and await outdated_count(
        team.context
    ) == 0
    after = await artifacts(team, run)
    assert before < after, "the file that was made before is still there beside the new one"


async def artifacts(team: Team, recording_id: str) -> set[str]:
    page = await team.context.documents.artifacts.find(limit=50)
    return {
        each.id for each in page.items if each.recording == recording_id and each.format == DEFAULT_EXPORT.format
    }


async def test_it_is_there_once_however_often_it_is_added(team: Team) -> None:
    first, again, other = await add(team), await add(team, note="again"), await add(team, car="HT08")
    assert first.id == again.id != other.id
    assert {each.id for each in await all_databases(team.context)} == {first.id, other.id}


async def test_a_retired_one_decodes_nothing_new_and_is_kept(team: Team) -> None:
    database = await add(team)
    run = await uploaded(team)
    await retire_database(team.context, LOCAL_USER, database.id)
    assert (await team.recording(run)).decoded_by[0].database == database.id
    assert (await database_content(team.context, database.id))[1] == DBC
    await add(team)
    (back,) = await all_databases(team.context)
    assert back.retired_at is None
    with pytest.raises(NotFound):
        await retire_database(team.context, LOCAL_USER, "none")


@pytest.mark.parametrize(
    ("content", "use", "code"),
    [
        (b"no database", {}, "not_a_database"),
        (b"", {}, "not_a_database"),
        (b"x" * (9 << 20), {}, "too_large"),
        (DBC, {"valid_from": "18.4.2026"}, "bad_database_use"),
        (DBC, {"valid_from": "2026-02-30"}, "bad_database_use"),
        (DBC, {"valid_from": "2026-05-01", "valid_until": "2026-04-01"}, "bad_database_use"),
        (DBC, {"car": "x" * 300}, "bad_database_use"),
    ],
)
async def test_what_cannot_be_is_refused(team: Team, content: bytes, use: dict[str, str], code: str) -> None:
    with pytest.raises(Rejected) as refused:
        await add(team, content, **use)
    assert refused.value.code == code and await all_databases(team.context) == ()


def test_the_nearest_and_newest_decodes() -> None:
    def database(id: str, added_at: int, **use: str) -> BusDatabase:
        return BusDatabase(id=id, sha256="", name="", use=check_use(DatabaseUse(**use)), added_at=added_at)

    databases = [
        database("old", 1, car="HT09"),
        database("new", 2, car="HT09"),
        database("any car", 3),
        database("of can1", 4, bus="can1"),
        database("another car", 5, car="HT08"),
    ]
    found = {bus: each.id for bus, each in chosen(databases, "ht09", "2026-04-18").items()}
    assert found == {"": "new", "can1": "of can1"}
    assert chosen(databases, "HT07", "2026-04-18")[""].id == "any car"


async def test_a_rename_stays_one_signal_of_the_season(team: Team) -> None:
    await add(team, car="HT09")
    run = await uploaded(team)
    content = SMALL.replace("Rpm :", "EngineSpeed :").replace("SG_ 256 Rpm", "SG_ 256 EngineSpeed").encode()
    added = await add_database(team.context, LOCAL_USER, content, "car.dbc", DatabaseUse(car="HT09", note="new"))
    assert added.renamed == ("Engine.EngineSpeed",)
    (entry,) = (await load_catalogue(team.context)).signals
    assert entry.names == ("Engine.EngineSpeed", "Engine.Rpm") and entry.cars == ("HT09",)
    for name in ("Engine.EngineSpeed", "Engine.Rpm"):
        found = await search_recordings(
            team.context, Search(comparisons=(HasSignal(name, "max", ">", 1),)), limit=10
        )
        assert [each.id for each in found.items] == [run], "whatever the log calls it"
    comparison = await compare_versions(team.context, added.database.id)
    assert comparison.before is not None and [each.was for each in comparison.changes] == ["Engine.Rpm"]
    again = await add_database(
        team.context, LOCAL_USER, content, "again.dbc", DatabaseUse(car="HT09", note="again")
    )
    assert again.renamed == (), "it says what the version before says"


async def test_a_rename_joins_the_entry_that_the_team_wrote(team: Team) -> None:
    await save_catalogue(team.context, LOCAL_USER, [Entry("Engine.Rpm", label="Revs", unit="rpm")], version=0)
    await add(team)
    await add(team, SMALL.replace("Rpm :", "EngineSpeed :").encode(), note="renamed")
    (entry,) = (await load_catalogue(team.context)).signals
    assert entry.label == "Revs" and entry.names == ("Engine.Rpm", "Engine.EngineSpeed")


async def test_ids_that_another_version_knows_are_pointed_out(team: Team) -> None:
    fewer = SMALL.replace("BO_ 256 Engine", "BO_ 257 Engine")
    whole = await add(team, DBC)
    await retire_database(team.context, LOCAL_USER, whole.id)
    await add(team, fewer.encode())
    run = await uploaded(team)
    decoding = await decoding_of(team.context, await team.recording(run))
    assert decoding is not None
    assert [(each.id, names) for each, names in decoding.elsewhere] == [(whole.id, ["Engine"])]


async def test_a_file_says_which_version_made_it(team: Team) -> None:
    added = await add(team)
    run = await uploaded(team)
    page = await team.context.documents.artifacts.find([Equals("recording", run)], limit=10)
    assert {each.decoded_by for each in page.items} == {(f"car.dbc ({added.sha256[:8]})",)}


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Awaitable[object]]) -> None:
    """Have something happen once, when a conversion has chosen its databases."""
    waiting = [act]

    async def load(context: Context, used: Iterable[DecodedBy]) -> Databases:
        if waiting:
            await waiting.pop()()
        return await load_databases(context, used)

    monkeypatch.setattr("paddock.usecases.conversion.convert.load_databases", load)


async def test_a_database_that_comes_while_a_log_is_converted_decodes_it(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: add(team))
    run = await uploaded(team)
    assert await topics(team, run) == ["Engine"] and await outdated_count(team.context) == 0


async def test_a_version_that_comes_while_a_log_is_converted_is_offered(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await add(team)
    meanwhile(monkeypatch, lambda: add(team, DBC + b"\n", note="newer"))
    run = await uploaded(team)
    assert (await team.recording(run)).decoded_by[0].database == first.id
    assert await outdated_count(team.context) == 1


async def test_what_a_database_decodes_that_is_retired_meanwhile_stays(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await add(team)
    meanwhile(monkeypatch, lambda: retire_database(team.context, LOCAL_USER, database.id))
    run = await uploaded(team)
    assert (await team.recording(run)).decoded_by[0].database == database.id and await topics(team, run) == [
        "Engine"
    ]


async def test_two_versions_at_once_are_two_and_the_later_one_decodes(team: Team) -> None:
    run = await uploaded(team)
    renamed = SMALL.replace("Rpm :", "EngineSpeed :").replace("SG_ 256 Rpm", "SG_ 256 EngineSpeed").encode()
    versions = await asyncio.gather(add(team, DBC, car="HT09"), add(team, renamed, car="HT09", note="new"))
    await team.work()
    newest = max(versions, key=lambda each: each.added_at)
    assert (await team.recording(run)).decoded_by[0].database == newest.id
    assert await outdated_count(team.context) == 0 and len(await all_databases(team.context)) == 2
    (entry,) = (await load_catalogue(team.context)).signals
    assert set(entry.names) == {"Engine.EngineSpeed", "Engine.Rpm"}, "whichever was seen first"


async def test_one_that_two_people_add_at_once_is_one_and_decodes_once(team: Team) -> None:
    run = await uploaded(team)
    both = [msgspec.structs.replace(LOCAL_USER, name=name) for name in ("Adam", "Eve")]
    added = await asyncio.gather(
        *(add_database(team.context, who, DBC, "car.dbc", DatabaseUse(car="HT09")) for who in both)
    )
    (database,) = await all_databases(team.context)
    assert {each.database.id for each in added} == {database.id} and database.added_by in ("Adam", "Eve")
    assert (await team.work()).count("convert") == 1
    assert (await team.recording(run)).decoded_by[0].database == database.id


@pytest.mark.parametrize("kind", ["sym", "kcd"])
async def test_sym_and_kcd_are_read_by_cantools(team: Team, kind: str) -> None:
    cantools = pytest.importorskip("cantools.database")
    content = cantools.load_string(SMALL, "dbc", strict=False).as_kcd_string() if kind == "kcd" else SYM
    added = await add_database(team.context, LOCAL_USER, content.encode(), f"car.{kind}", DatabaseUse())
    assert added.database.message_count
    run = await uploaded(team)
    assert await topics(team, run) == ["Engine"]


@pytest.mark.parametrize(
    "content",
    ["<NetworkDefinition", "FormatVersion=6.0\n{SEND", '<!DOCTYPE x [<!ENTITY a "b">]><NetworkDefinition/>'],
)
async def test_what_is_no_sym_or_kcd_is_refused(team: Team, content: str) -> None:
    with pytest.raises(Rejected) as refused:
        await add(team, content.encode())
    assert refused.value.code == "not_a_database"
