"""A recording whose bytes are gone offers nothing that needs them; sent again, all of it is back."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, BinaryIO

import msgspec
import pytest

from paddock import COLUMNS
from paddock.domain.export import ExportRequest
from paddock.domain.keys import raw_key
from paddock.domain.original import Original
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Artifact, Failure, Recording, Status
from paddock.errors import Conflict, NotFound, PaddockError
from paddock.ports.objects import ObjectInfo
from paddock.usecases.context import Context
from paddock.usecases.conversion.reprocess import reprocess, reprocess_one
from paddock.usecases.find.recordings import original_file
from paddock.usecases.intake import originals
from paddock.usecases.intake.originals import (
    MISSING,
    OTHER_BYTES,
    fault_by_hash,
    fault_by_size,
    is_kept,
    is_offered,
    note,
)
from paddock.usecases.jobs import jobs
from paddock.usecases.look.attachments import open_attachment
from paddock.usecases.storage.fsck import Fault, fsck
from paddock.usecases.take_away.bundles import request_bundle, states_of
from paddock.usecases.take_away.export import request_export
from tests.logs import small_log
from tests.readers.mcap.builders import car_log
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio
LOG = car_log(8)
ID = hashlib.sha256(LOG).hexdigest()
CSV = ExportRequest(format="csv")
MCAP = ExportRequest(format="mcap", signals=("ins",))


@pytest.fixture
async def ready(team: Team) -> Team:
    await team.upload(LOG)
    await team.work()
    assert (await team.recording(ID)).original is Original.KEPT
    return team


async def asked_for_again(team: Team) -> None:
    recording = await team.recording(ID)
    await original_file(team.context, recording)
    await open_attachment(team.context, recording, 0)
    await request_export(team.context, LOCAL_USER, ID, MCAP)
    await reprocess_one(team.context, LOCAL_USER, ID)
    assert (await team.announce(LOG)).recording is not None


async def test_what_is_gone_is_offered_nowhere_until_it_is_sent_again(ready: Team) -> None:
    made = await request_export(ready.context, LOCAL_USER, ID, CSV)
    await ready.work()
    await jobs.enqueue(ready.context, "convert", ID)
    await ready.context.documents.jobs.change(f"convert-{ID}", {"state": "dead"})
    await ready.context.objects.delete(raw_key(ID))
    assert [finding.fault async for finding in fsck(ready.context)] == [Fault.ORIGINAL_MISSING]

    gone = await ready.recording(ID)
    assert (gone.original, gone.status, is_offered(gone)) == (Original.GONE, Status.READY, False)
    refusals: list[Callable[[], Awaitable[object]]] = [
        lambda: original_file(ready.context, gone),
        lambda: open_attachment(ready.context, gone, 0),
        lambda: request_export(ready.context, LOCAL_USER, ID, MCAP),
        lambda: reprocess_one(ready.context, LOCAL_USER, ID),
        lambda: jobs.retry(ready.context, LOCAL_USER, f"convert-{ID}"),
    ]
    for refused in refusals:
        with pytest.raises((NotFound, Conflict), match="Send the log again"):
            await refused()
    assert await jobs.retry_all(ready.context, LOCAL_USER) == await jobs.redrive(ready.context, LOCAL_USER) == 0
    done = await reprocess(ready.context, LOCAL_USER, everything=True)
    assert (done.asked, done.without_original) == (0, 1)
    assert (await request_export(ready.context, LOCAL_USER, ID, CSV)).id == made.id, "what was made is still there"
    plan = await ready.announce(LOG)
    assert plan.recording is None and plan.parts, "a car that asks is not told to free its disk"

    await ready.upload(LOG)
    await ready.work()
    again = await ready.recording(ID)
    assert (again.original, again.original_fault) == (Original.KEPT, None)
    await asked_for_again(ready)
    assert [finding async for finding in fsck(ready.context)] == []


async def test_of_several_the_one_without_its_log_stops_no_other(ready: Team) -> None:
    other = small_log()
    await ready.upload(other)
    await ready.work()
    await ready.context.objects.delete(raw_key(ID))
    async for _ in fsck(ready.context):
        pass
    ids = [ID, hashlib.sha256(other).hexdigest()]
    (state,) = await states_of(
        ready.context, [await request_bundle(ready.context, LOCAL_USER, ids, ExportRequest(format="mcap"))]
    )
    refused, taken = state.parts
    assert refused.error is not None and refused.error.code == "no_original"
    assert taken.error is None


@pytest.mark.parametrize("asks", ["download", "attachment", "convert", "export"])
async def test_whoever_finds_that_it_is_gone_says_so(ready: Team, asks: str) -> None:
    await ready.context.objects.delete(raw_key(ID))
    recording = await ready.recording(ID)
    assert is_offered(recording), "nobody has looked"
    if asks == "download":
        with pytest.raises(NotFound, match="Send the log again"):
            await original_file(ready.context, recording)
    elif asks == "attachment":
        with pytest.raises(NotFound, match="Send the log again"):
            await open_attachment(ready.context, recording, 0)
    elif asks == "convert":
        await reprocess_one(ready.context, LOCAL_USER, ID)
    else:
        await request_export(ready.context, LOCAL_USER, ID, MCAP)
    await ready.work()
    assert (await ready.recording(ID)).original is Original.GONE


async def test_a_damaged_one_can_be_downloaded_and_nothing_is_made_of_it(ready: Team) -> None:
    await note(ready.context, await ready.recording(ID), OTHER_BYTES)
    damaged = await ready.recording(ID)
    assert (damaged.original, is_offered(damaged), is_kept(damaged)) == (Original.DAMAGED, True, False)
    assert (await original_file(ready.context, damaged)).key == raw_key(ID)
    for refused in (
        request_export(ready.context, LOCAL_USER, ID, MCAP),
        open_attachment(ready.context, damaged, 0),
    ):
        with pytest.raises(PaddockError, match="its bytes are not those that were sent"):
            await refused


async def made_of(team: Team) -> Artifact:
    await request_export(team.context, LOCAL_USER, ID, CSV)
    await team.work()
    found = (await request_export(team.context, LOCAL_USER, ID, CSV)).artifact
    assert found is not None
    return found


async def test_columns_of_an_older_number_serve_where_there_are_no_others_and_say_so(ready: Team) -> None:
    await ready.context.documents.recordings.change(ID, {"converter": "2"})
    await ready.context.objects.delete(raw_key(ID))
    async for _ in fsck(ready.context):
        pass
    older = await made_of(ready)
    assert older.converter.startswith("2.")
    # Sent again, the file is made anew: of columns that this code makes.
    await ready.upload(LOG)
    await ready.work()
    newer = await made_of(ready)
    assert newer.id != older.id and newer.converter.startswith(f"{COLUMNS}.")
    # And where the log is lost once more, the better file is still there.
    await note(ready.context, await ready.recording(ID), MISSING)
    assert await made_of(ready) == newer


async def test_bytes_that_come_while_somebody_says_that_they_are_gone_are_not_lost(ready: Team) -> None:
    """An upload puts the log there between the look and the note."""
    looks = 0

    class Late:
        def __getattr__(self, name: str) -> object:
            return getattr(ready.context.objects, name)

        async def stat(self, key: str) -> ObjectInfo | None:
            nonlocal looks
            looks += 1
            return None if looks == 1 else await ready.context.objects.stat(key)

    context: Context = replace(ready.context, objects=Late())  # type: ignore[arg-type]
    assert await fault_by_size(context, await ready.recording(ID)) is None
    assert (await ready.recording(ID)).original is Original.KEPT


async def test_bytes_that_are_replaced_while_they_are_hashed_are_hashed_again(
    ready: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ready.context.scratch.parent / "objects" / raw_key(ID)
    path.write_bytes(LOG[:-1] + b"!")
    hashed = originals.sha256_of

    def replaced(log: BinaryIO, *arguments: Any) -> str:
        digest = hashed(log, *arguments)
        aside = path.with_suffix(".aside")
        aside.write_bytes(LOG)
        aside.replace(path)
        return digest

    monkeypatch.setattr(originals, "sha256_of", replaced)
    assert await fault_by_hash(ready.context, await ready.recording(ID)) is None
    assert (await ready.recording(ID)).original is Original.KEPT


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"status": Status.VERIFYING}, Original.AWAITED),
        ({"status": Status.FAILED, "error": Failure("wrong_hash", "Others.")}, Original.AWAITED),
        ({"status": Status.FAILED, "error": Failure("bytes_missing", "None.")}, Original.AWAITED),
        ({"status": Status.FAILED, "error": Failure("nothing_read", "Empty.")}, Original.KEPT),
        ({"status": Status.STORED}, Original.KEPT),
        ({"status": Status.READY, "build": "b"}, Original.KEPT),
        ({"status": Status.READY, "build": "b", "original_fault": MISSING}, Original.GONE),
        ({"status": Status.READY, "build": "b", "original_fault": OTHER_BYTES}, Original.DAMAGED),
    ],
)
def test_a_document_of_an_older_version_says_it_by_its_status(changes: dict[str, object], state: Original) -> None:
    fresh = Recording(id=ID, names=("run.mcap",), size_bytes=1, status=Status.VERIFYING, uploaded_at=0)
    document = msgspec.to_builtins(msgspec.structs.replace(fresh, **changes))
    del document["original"]
    old = msgspec.convert(document, Recording)
    assert (old.original, old.original_state) == (Original.UNSAID, state)
