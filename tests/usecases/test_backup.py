"""Backups: made whole or not at all, proved, kept for a while, restored into what is empty."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from paddock.bootstrap import open_context, open_vpn
from paddock.domain.backup import BACKUPS, MANIFEST, BackupRun, Keep, Manifest
from paddock.domain.job import Job
from paddock.domain.keys import raw_key
from paddock.domain.own_fields import OwnFieldValues
from paddock.domain.principal import LOCAL_USER
from paddock.errors import Conflict, NotFound, PaddockError, Rejected, Unavailable
from paddock.settings import Settings
from paddock.usecases.backup.create import create_backup
from paddock.usecases.backup.files import backup_ids, newest_own, open_backup
from paddock.usecases.backup.restore import restore_backup
from paddock.usecases.backup.retention import apply_retention, list_backups
from paddock.usecases.backup.state import BackupHealth, backup_state
from paddock.usecases.backup.verify import verify_backup
from paddock.usecases.catalogue.fields import add_field, load_fields
from paddock.usecases.context import Context
from paddock.usecases.edit.edit import edit_recording
from paddock.usecases.find.facets import count_facets
from paddock.usecases.find.search import Search
from paddock.usecases.health import faults
from tests.logs import small_log
from tests.usecases.backups import KEY, backed_up, directory, everything, sealed_again
from tests.usecases.conftest import Team

pytestmark = [pytest.mark.anyio, pytest.mark.slow("whole backups of many states")]
DAY_NS = 86_400 * 10**9


@pytest.fixture
async def ready(team: Team) -> Team:
    """Two converted logs, one of them edited."""
    for driver in ("Adam", "Mei"):
        await team.upload(small_log(driver=driver))
    await team.work()
    first = (await team.context.documents.recordings.find()).items[0]
    await edit_recording(team.context, LOCAL_USER, first.id, metadata={"notes": "wet"})
    return team


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Context]:
    async with open_context(Settings(data=tmp_path / "new"), migrate=False) as opened:
        yield opened


async def restored(empty: Context, place: Path, backup_id: str, key: bytes | None = KEY, **options: Any) -> int:
    store = directory(place)
    opened = await open_backup(store, backup_id, key)
    return await restore_backup(empty, store, opened, place=str(place), **options)


async def test_what_is_restored_is_what_was_there(ready: Team, empty: Context, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    before = await everything(ready.context.documents)
    manifest = await backed_up(ready.context, place)
    assert before["recordings"] and before["signals"] and before["history"] and before["jobs"]
    assert manifest.one_state and manifest.documents == sum(map(len, before.values()))
    assert await restored(empty, place, manifest.id) == manifest.documents
    assert await everything(empty.documents) == before
    (note,) = (await empty.documents.backups.find()).items
    assert (note.id, note.error, note.ended_at is None) == (manifest.id, None, False)


async def test_fields_of_the_teams_own_come_back_with_what_they_say(
    ready: Team, empty: Context, tmp_path: Path
) -> None:
    context = ready.context
    await add_field(context, LOCAL_USER, OwnFieldValues(label="Tyre set", choices=("R25B", "Wet")))
    (recording, *_) = (await context.documents.recordings.find()).items
    await edit_recording(context, LOCAL_USER, recording.id, metadata={"tyre_set": "wet"})
    manifest = await backed_up(context, tmp_path / "backups")
    await restored(empty, tmp_path / "backups", manifest.id)
    fields = await load_fields(empty)
    assert fields.by_name["tyre_set"].choices == ("R25B", "Wet")
    counted = await count_facets(empty, Search(metadata={"tyre_set": ("WET",)}), fields)
    assert counted.values["tyre_set"][0] == ("Wet", 1)


async def test_who_was_let_in_is_let_in_again(ready: Team, tmp_path: Path) -> None:
    old, new = (Settings(data=tmp_path / name, peers_file=tmp_path / f"{name}-peers") for name in ("old", "new"))
    line = "10.77.0.2 Zoe key=xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=  # added 2026-04-18\n"
    (tmp_path / "old-peers").write_text(line)
    (tmp_path / "new-peers").write_text("10.77.0.3 Adam\n")
    place = tmp_path / "backups"
    manifest = await backed_up(replace(ready.context, vpn=open_vpn(old)), place)
    async with open_context(new, migrate=False) as opened:
        await restored(opened, place, manifest.id)
    assert (tmp_path / "new-peers").read_text() == "10.77.0.3 Adam\n" + line


async def test_every_collection_has_a_part(ready: Team, tmp_path: Path) -> None:
    manifest = await backed_up(ready.context, tmp_path / "backups")
    assert [part.collection for part in manifest.parts] == [*ready.context.documents.collections(), ""]


async def test_a_backup_is_restored_into_what_is_empty_only(ready: Team, tmp_path: Path) -> None:
    manifest = await backed_up(ready.context, tmp_path / "backups")
    before = await everything(ready.context.documents)
    with pytest.raises(Conflict, match="empty database only"):
        await restored(ready.context, tmp_path / "backups", manifest.id)
    assert await everything(ready.context.documents) == before


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("harm", "said"),
    [(cut, "was cut"), (flipped, "not as it was written"), (Path.unlink, "is missing")],
)
async def test_a_backup_that_was_harmed_is_refused_and_nothing_is_written(
    ready: Team, empty: Context, tmp_path: Path, harm: Any, said: str
) -> None:
    place = tmp_path / "backups"
    manifest = await backed_up(ready.context, place)
    for part in manifest.parts:
        path = place / BACKUPS / manifest.id / part.name
        whole = path.read_bytes()
        harm(path)
        with pytest.raises(Rejected, match=said) as refused:
            await restored(empty, place, manifest.id)
        assert refused.value.code == "backup_damaged"
        with pytest.raises(Rejected, match=said):
            await verify_backup(ready.context, directory(place), manifest)
        path.write_bytes(whole)
    await empty.documents.migrate()
    assert await empty.documents.is_empty()


async def test_another_key_is_foreign_and_taken_only_when_that_is_said(
    ready: Team, empty: Context, tmp_path: Path
) -> None:
    place = tmp_path / "backups"
    manifest = await backed_up(ready.context, place)
    for key in (b"another key, long enough", None):
        opened = await open_backup(directory(place), manifest.id, key)
        await verify_backup(ready.context, directory(place), opened.manifest)
        with pytest.raises(Rejected, match="--foreign") as refused:
            await restored(empty, place, manifest.id, key)
        assert refused.value.code == "backup_foreign"
    await restored(empty, place, manifest.id, None, foreign=True)
    assert await everything(empty.documents) == await everything(ready.context.documents)


async def test_a_count_that_is_not_so_and_a_collection_of_the_future_are_refused(
    ready: Team, empty: Context, tmp_path: Path
) -> None:
    place = tmp_path / "backups"
    manifest = await backed_up(ready.context, place)
    first, *others = manifest.parts
    more = msgspec.structs.replace(first, count=first.count + 1)
    sealed_again(place, msgspec.structs.replace(manifest, parts=(more, *others)))
    with pytest.raises(Rejected, match="entries instead of"):
        await restored(empty, place, manifest.id)
    fewer = tuple(msgspec.structs.replace(part, count=0) for part in manifest.parts)
    sealed_again(place, msgspec.structs.replace(manifest, parts=fewer))
    with pytest.raises(Rejected, match="has more than its 0 entries"):
        await restored(empty, place, manifest.id)
    future = msgspec.structs.replace(first, collection="penalties")
    sealed_again(place, msgspec.structs.replace(manifest, parts=(future, *others)))
    with pytest.raises(Rejected, match="newer Paddock"):
        await restored(empty, place, manifest.id)


async def test_an_older_backup_that_lacks_a_collection_is_restored(
    ready: Team, empty: Context, tmp_path: Path
) -> None:
    place = tmp_path / "backups"
    manifest = await backed_up(ready.context, place)
    older = tuple(part for part in manifest.parts if part.collection not in ("bundles", "backups"))
    sealed_again(place, msgspec.structs.replace(manifest, parts=older, paddock="0.0.9", schema=0))
    await restored(empty, place, manifest.id)
    assert await everything(empty.documents) == await everything(ready.context.documents)


class Breaking:
    """A place that fails at one call of all that write or read."""

    def __init__(self, inner: Any, at: int) -> None:
        self._inner = inner
        self._left = at

    def __getattr__(self, name: str) -> Any:
        self._left -= name in ("put_file", "read")
        if self._left < 0:
            raise Unavailable("The disk of backups went away.", code="store_lost")
        return getattr(self._inner, name)


@pytest.mark.slow("fails at every place")
async def test_one_that_fails_anywhere_is_no_backup_and_is_noted(ready: Team, tmp_path: Path) -> None:
    place, at = tmp_path / "backups", -1
    manifest: Manifest | None = None
    while manifest is None:
        at += 1
        store: Any = Breaking(directory(place), at)
        with contextlib.suppress(Unavailable):
            manifest = await create_backup(ready.context, store, KEY, place=str(place))
        there = await backup_ids(directory(place))
        state = await backup_state(ready.context)
        if manifest is None:
            assert there == []
            assert state.health is BackupHealth.FAILED and "went away" in state.warning
            assert await faults(ready.context) == [state.warning]
    assert at > 20 and there == [manifest.id] and state.health is BackupHealth.GOOD
    assert await faults(ready.context) == []
    later = replace(ready.context, now=lambda: manifest.made_at + 2 * DAY_NS)
    assert await apply_retention(later, directory(place), KEY, Keep(7, 4, 12)) == []
    folders = [folder.name for folder in (place / BACKUPS).iterdir()]
    assert folders == [manifest.id], "leftovers are removed after a day"


async def test_retention_removes_only_what_others_stand_in_for(ready: Team, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    begun = ready.context.now()

    async def on_day(day: int, key: bytes = KEY) -> str:
        context = replace(ready.context, now=lambda: begun + day * DAY_NS)
        return (await backed_up(context, place, key)).id

    foreign = await on_day(0, b"another key, long enough")
    ids = [await on_day(day) for day in range(5)]
    # One that would stay cannot be restored, and keeps no place.
    flipped(place / BACKUPS / ids[3] / "documents/recordings.jsonl.zst")
    gone = await apply_retention(ready.context, directory(place), KEY, Keep(2, 0, 0))
    assert gone == [ids[0], ids[1]]
    left = {each.id for each in await list_backups(directory(place), KEY)}
    assert left == {foreign, ids[2], ids[3], ids[4]}
    assert (await newest_own(directory(place), KEY)).manifest.id == ids[4]


def days_later(context: Context, days: int) -> Context:
    then = context.now() + days * DAY_NS
    return replace(context, now=lambda: then)


async def test_the_backup_that_was_just_made_stays_whatever_the_clock_says(ready: Team, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    ids = [(await backed_up(days_later(ready.context, day), place)).id for day in (400, 401, 0)]
    assert await apply_retention(ready.context, directory(place), KEY, Keep(1, 0, 0), made=ids[2]) == [ids[0]]


async def test_a_newer_backup_that_is_not_taken_is_said(ready: Team, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    good, last = [await backed_up(days_later(ready.context, day), place) for day in (0, 1)]
    sealed_again(place, msgspec.structs.replace(last, schema=1_000))
    said: list[str] = []
    assert (await newest_own(directory(place), KEY, said.append)).manifest.id == good.id
    assert len(said) == 1 and last.id in said[0] and "update Paddock" in said[0]
    (place / BACKUPS / good.id / MANIFEST).unlink()
    with pytest.raises(Rejected, match="update Paddock"):
        await newest_own(directory(place), KEY)


async def test_a_manifest_alone_or_nothing_is_no_backup(ready: Team, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    with pytest.raises(NotFound):
        await newest_own(directory(place), KEY)
    manifest = await backed_up(ready.context, place)
    (place / BACKUPS / manifest.id / "documents" / "jobs.jsonl.zst").unlink()
    (listed,) = await list_backups(directory(place), KEY)
    assert "missing or cut" in listed.fault and not listed.usable
    (place / BACKUPS / manifest.id / MANIFEST).unlink()
    assert await list_backups(directory(place), KEY) == []
    with pytest.raises(NotFound):
        await open_backup(directory(place), manifest.id, KEY)
    with pytest.raises(PaddockError):
        await open_backup(directory(place), "../../etc", KEY)


async def test_verify_says_which_originals_are_gone_or_others(ready: Team, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    manifest = await backed_up(ready.context, place)
    first, second = [one.id for one in (await ready.context.documents.recordings.find()).items]
    proved = await verify_backup(ready.context, directory(place), manifest, every=True)
    assert (proved.hashed, proved.missing, proved.damaged) == (2, (), ())
    objects = tmp_path / "objects"
    flipped(objects / raw_key(first))
    await ready.context.objects.delete(raw_key(second))
    proved = await verify_backup(ready.context, directory(place), manifest)
    assert (proved.hashed, proved.missing, proved.damaged) == (1, (raw_key(second),), (raw_key(first),))


async def test_a_backup_of_nothing_is_none(context: Context, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nothing to back up"):
        await backed_up(context, tmp_path / "backups")
    assert await backup_ids(directory(tmp_path / "backups")) == []
    assert (await backup_state(context)).health is BackupHealth.UNUSED


async def test_the_site_knows_when_the_last_good_backup_is_old(context: Context) -> None:
    async def health(**changes: Any) -> BackupHealth:
        return (await backup_state(replace(context, **changes))).health

    now = context.now()
    assert await health() is BackupHealth.UNUSED
    assert await health(backup_to="/b") is BackupHealth.UNUSED, "there is nothing yet"
    await context.documents.jobs.insert(Job("j", "ingest", "s", 0, 0))
    assert await health(backup_to="/b") is BackupHealth.NONE
    good = BackupRun("a", "/b", now, now)
    await context.documents.backups.put_many([good])
    assert await health() is BackupHealth.GOOD
    assert await health(now=lambda: now + 3 * DAY_NS) is BackupHealth.OLD
    assert await health(now=lambda: now + 3 * DAY_NS, backup_max_age_days=7) is BackupHealth.GOOD
    await context.documents.backups.put_many([BackupRun("b", "/b", now + 1)])
    assert await health() is BackupHealth.GOOD, "it is under way"
    assert await health(now=lambda: now + DAY_NS) is BackupHealth.FAILED, "it was killed"


async def test_a_backup_that_is_made_under_load_is_one_state(ready: Team, tmp_path: Path) -> None:
    place, stop = tmp_path / "backups", asyncio.Event()
    jobs = ready.context.documents.jobs

    async def write_both(number: int) -> None:
        # Written in one transaction, and far from each other in the backup.
        await jobs.put_many([Job(name, "pair", str(number), 0, 0) for name in ("0", "z")])

    async def write() -> int:
        number = 0
        while not stop.is_set():
            number += 1
            await write_both(number)
        return number

    await write_both(0)
    writer = asyncio.create_task(write())
    ids = [(await backed_up(ready.context, place)).id for _ in range(2)]
    stop.set()
    assert await writer > 3
    for number, backup_id in enumerate(ids):
        async with open_context(Settings(data=tmp_path / f"new{number}"), migrate=False) as empty:
            await restored(empty, place, backup_id)
            pair = [await empty.documents.jobs.get(name) for name in ("0", "z")]
            assert pair[0] and pair[1] and pair[0].subject == pair[1].subject
