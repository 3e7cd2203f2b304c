import asyncio
import hashlib
import io
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from mcap.writer import Writer

from paddock.domain.export import ExportRequest
from paddock.domain.keys import raw_key
from paddock.domain.principal import LOCAL_USER, Principal, PrincipalKind
from paddock.domain.recording import MetadataSource, Status
from paddock.domain.roles import TeamRole
from paddock.errors import Conflict, NotFound, Rejected
from paddock.usecases.context import Context
from paddock.usecases.edit.delete import delete_recordings, restore_recordings
from paddock.usecases.find.recordings import artifacts_of
from paddock.usecases.intake import uploads
from paddock.usecases.intake.adopt import adopt
from paddock.usecases.intake.sweep_uploads import sweep_uploads
from paddock.usecases.take_away.export import request_export
from tests.logs import small_log
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio
LOG = small_log()
ID = hashlib.sha256(LOG).hexdigest()


async def test_a_log_becomes_a_ready_recording(team: Team) -> None:
    accepted = await team.upload(LOG)
    assert (accepted.id, accepted.status) == (ID, Status.VERIFYING)
    assert await team.work() == ["ingest", "convert"]
    ready = await team.recording(ID)
    assert (ready.status, ready.message_count, ready.error) == (Status.READY, 50, None)
    assert ready.metadata["driver"].value == "Adam"
    assert ready.metadata["driver"].source is MetadataSource.FILE
    assert ready.duration_ns == 49 * 100_000_000
    assert raw_key(ID) in await team.keys()
    assert not [key for key in await team.keys() if key.startswith("incoming/")]


async def test_the_same_bytes_again_are_the_same_recording_with_two_names(team: Team) -> None:
    await team.upload(LOG, "a.mcap")
    await team.work()
    again = await team.announce(LOG, "b.mcap")
    assert again.recording is not None
    assert again.recording.names == ("a.mcap", "b.mcap")
    assert again.recording.status is Status.READY
    assert await team.work() == []


async def test_what_waits_to_be_hashed_is_not_sent_a_second_time(team: Team) -> None:
    await team.upload(LOG, "a.mcap")
    again = await team.announce(LOG, "b.mcap")
    assert again.recording is not None and again.recording.status is Status.VERIFYING
    assert await team.work() == ["ingest", "convert"]
    assert (await team.recording(ID)).names == ("a.mcap", "b.mcap")


async def test_nobody_keeps_the_right_bytes_out_by_sending_others(team: Team) -> None:
    other = small_log(driver="Eva")
    await team.upload(other, sha256=ID)
    plan = await uploads.announce(
        team.context,
        Principal(PrincipalKind.MEMBER, "Eva", TeamRole.ADMIN),
        sha256=ID,
        size_bytes=len(other),
        name="run.mcap",
    )
    assert plan.upload is not None and plan.parts, "Eva's own bytes are asked for"


async def test_eight_at_once_are_one_recording_and_one_conversion(team: Team) -> None:
    accepted = await asyncio.gather(*(team.upload(LOG, f"{number}.mcap") for number in range(8)))
    assert {recording.id for recording in accepted} == {ID}
    kinds = await team.work()
    assert kinds.count("convert") == 1
    assert await team.context.documents.recordings.count() == 1
    assert len((await team.recording(ID)).names) == 8
    assert not [key for key in await team.keys() if key.startswith("incoming/")]


async def test_metadata_sent_along_fills_what_is_empty_and_goes_before_the_file(team: Team) -> None:
    team.metadata = {"driver": "Eva"}
    await team.upload(LOG)
    await team.work()
    team.metadata = {"driver": "Ben", "notes": "wet"}
    again = await team.announce(LOG)
    assert again.recording is not None
    said = {name: known.value for name, known in again.recording.metadata.items()}
    assert said == {"driver": "Eva", "car": "HT09", "venue": "Michigan", "notes": "wet"}


async def test_sending_deleted_bytes_again_restores_the_recording(team: Team) -> None:
    await team.upload(LOG)
    await team.work()
    await team.context.documents.recordings.change(ID, {"deleted_at": 1})
    await team.announce(LOG)
    assert (await team.recording(ID)).deleted_at is None


async def test_an_interrupted_upload_goes_on_where_it_was(team: Team) -> None:
    plan = await team.announce(LOG)
    again = await team.announce(LOG)
    assert plan.upload is not None and again.upload is not None
    assert again.upload.id == plan.upload.id
    with pytest.raises(Conflict):
        await uploads.complete(team.context, plan.upload.id)
    await team.send(LOG, again)
    assert (await team.announce(LOG)).parts == ()
    await uploads.complete(team.context, plan.upload.id)
    # The answer was lost, so the client asks again: before the ingest and after it.
    await uploads.complete(team.context, plan.upload.id)
    await team.work()
    await uploads.complete(team.context, plan.upload.id)
    assert (await team.recording(ID)).status is Status.READY


async def test_an_upload_that_is_whole_is_accepted_when_it_is_announced_again(team: Team) -> None:
    plan = await team.announce(LOG)
    await team.send(LOG, plan)
    assert plan.upload is not None
    # The service died in the middle of `complete`.
    await team.context.objects.complete_upload(plan.upload.key, plan.upload.store_upload)
    again = await team.announce(LOG)
    assert again.recording is not None
    await team.work()
    assert (await team.recording(ID)).status is Status.READY


async def test_what_a_stranger_drops_is_ingested_and_what_is_no_log_is_kept_and_said(
    team: Team, tmp_path: Path
) -> None:
    other = b"PK\x03\x04" * 50_000
    for name, content in (("old logger/run 7.mcap", LOG), ("photo.jpg", other)):
        (tmp_path / "dropped").write_bytes(content)
        await team.context.objects.put_file(f"incoming/{name}", tmp_path / "dropped")
        await adopt(team.context, f"incoming/{name}")
        await adopt(team.context, f"incoming/{name}")
    await team.work()
    assert (await team.recording(ID)).status is Status.READY
    assert (await team.recording(ID)).names == ("run 7.mcap",)
    kept = await team.recording(hashlib.sha256(other).hexdigest())
    assert kept.error is not None
    assert (kept.status, kept.error.code) == (Status.FAILED, "not_mcap")
    assert raw_key(kept.id) in await team.keys()
    assert not [key for key in await team.keys() if key.startswith("incoming/")]


async def test_a_wrong_hash_is_said_and_the_right_upload_mends_it(team: Team) -> None:
    other = small_log(driver="Eva")
    await team.upload(LOG, sha256=hashlib.sha256(other).hexdigest())
    await team.work()
    failed = await team.recording(hashlib.sha256(other).hexdigest())
    assert failed.error is not None
    assert (failed.status, failed.error.code) == (Status.FAILED, "wrong_hash")
    assert await team.keys() == []
    await team.upload(other)
    await team.work()
    mended = await team.recording(failed.id)
    assert (mended.status, mended.error) == (Status.READY, None)


async def test_what_is_no_log_is_refused_and_leaves_nothing(team: Team) -> None:
    with pytest.raises(Rejected) as refused:
        await team.upload(b"PK\x03\x04" * 500_000)
    assert refused.value.code == "not_mcap"
    assert await team.keys() == []
    assert await team.context.documents.uploads.count() == 0
    assert await team.context.documents.recordings.count() == 0


@pytest.mark.parametrize(
    ("sha256", "size_bytes", "name", "code"),
    [
        (ID, 0, "run.mcap", "empty_file"),
        (ID, 10, "../run.mcap", "bad_name"),
        (ID, 10, "C:\\run.mcap", "bad_name"),
        ("abc", 10, "run.mcap", "bad_sha256"),
        (ID, 2**50, "run.mcap", "too_large"),
    ],
)
async def test_bad_announcements_are_refused_at_the_edge(
    team: Team, sha256: str, size_bytes: int, name: str, code: str
) -> None:
    with pytest.raises(Rejected) as refused:
        await uploads.announce(team.context, LOCAL_USER, sha256=sha256, size_bytes=size_bytes, name=name)
    assert refused.value.code == code
    assert await team.context.documents.uploads.count() == 0


async def test_an_unknown_upload_says_so(team: Team) -> None:
    with pytest.raises(NotFound):
        await uploads.complete(team.context, "nope")


async def test_the_sweeper_accepts_what_is_whole_and_drops_what_was_abandoned(team: Team) -> None:
    whole = await team.announce(LOG)
    await team.send(LOG, whole)
    assert whole.upload is not None
    # The service died in the middle of `complete`.
    await team.context.objects.complete_upload(whole.upload.key, whole.upload.store_upload)
    abandoned = await team.announce(small_log(driver="Eva"))
    assert abandoned.upload is not None
    later = msgspec.structs.replace(abandoned.upload, created_at=0)
    await team.context.documents.uploads.put_many([later])
    await sweep_uploads(team.context)
    await team.work()
    assert (await team.recording(ID)).status is Status.READY
    assert await team.context.documents.uploads.get(abandoned.upload.id) is None


async def test_an_unfinished_upload_is_abandoned_by_whoever_began_it(team: Team) -> None:
    plan = await team.announce(LOG)
    assert plan.upload is not None
    eva = Principal(PrincipalKind.MEMBER, "Eva", TeamRole.ADMIN)
    with pytest.raises(NotFound):
        await uploads.abandon(team.context, eva, plan.upload.id)
    await team.send(LOG, plan)
    await uploads.abandon(team.context, LOCAL_USER, plan.upload.id)
    assert await team.context.documents.uploads.count() == 0
    assert not await team.context.objects.parts(plan.upload.key, plan.upload.store_upload)
    with pytest.raises(NotFound):
        await uploads.abandon(team.context, LOCAL_USER, plan.upload.id)
    assert (await team.upload(LOG)).status is Status.VERIFYING, "it may be sent again"


@pytest.mark.parametrize("said", [True, False])
async def test_what_has_arrived_whole_is_not_abandoned(team: Team, said: bool) -> None:
    plan = await team.announce(LOG)
    assert plan.upload is not None
    await team.send(LOG, plan)
    if said:
        await uploads.complete(team.context, plan.upload.id)
    else:
        await team.context.objects.complete_upload(plan.upload.key, plan.upload.store_upload)
    with pytest.raises(Conflict, match="arrived"):
        await uploads.abandon(team.context, LOCAL_USER, plan.upload.id)
    assert (await team.announce(LOG)).recording is not None
    assert await team.work() == ["ingest", "convert"]


async def test_an_export_never_takes_the_place_of_the_default_file(team: Team) -> None:
    await team.upload(LOG)
    await team.work()
    recording = await team.recording(ID)
    (before,) = (await artifacts_of(team.context, [recording]))[ID]
    await request_export(team.context, LOCAL_USER, ID, ExportRequest(format="mat", signals=("Pedals.brake",)))
    await request_export(team.context, LOCAL_USER, ID, ExportRequest(format="mcap", end_s=1.0))
    assert await team.work() == ["export", "export"]
    assert (await artifacts_of(team.context, [recording]))[ID] == [before]


@pytest.mark.parametrize("rest", [b"", b"\x01\x08"])
async def test_a_log_without_anything_in_it_says_so_and_offers_nothing(team: Team, rest: bytes) -> None:
    log = empty_log() + rest
    await team.upload(log)
    await team.work()
    recording = await team.recording(hashlib.sha256(log).hexdigest())
    assert recording.error is not None and recording.error.code == "nothing_read"
    assert recording.error.message.startswith("Nothing could be read")
    assert (recording.status, recording.health) == (Status.FAILED, "failed")
    assert (await artifacts_of(team.context, [recording]))[recording.id] == []
    with pytest.raises(Conflict):
        await request_export(team.context, LOCAL_USER, recording.id, ExportRequest())


async def test_a_log_of_attachments_alone_is_ready_and_has_no_matlab_file(team: Team) -> None:
    log = empty_log(attachment=b"camber 1.5")
    await team.upload(log)
    await team.work()
    recording = await team.recording(hashlib.sha256(log).hexdigest())
    assert recording.status is Status.READY
    assert len((await team.contents(recording.id)).attachments) == 1
    assert (await artifacts_of(team.context, [recording]))[recording.id] == []
    with pytest.raises(Rejected, match="no message"):
        await request_export(team.context, LOCAL_USER, recording.id, ExportRequest())


async def test_a_recording_that_was_deleted_while_it_waited_is_converted_once_it_is_restored(team: Team) -> None:
    await team.upload(LOG)
    await delete_recordings(team.context, LOCAL_USER, [ID])
    assert await team.work() == ["ingest", "convert"]
    assert (await team.recording(ID)).status is Status.STORED
    await restore_recordings(team.context, LOCAL_USER, [ID])
    assert await team.work() == ["convert"]
    assert (await team.recording(ID)).status is Status.READY


def empty_log(attachment: bytes = b"") -> bytes:
    written = io.BytesIO()
    writer = Writer(written)
    writer.start()
    if attachment:
        writer.add_attachment(0, 0, "setup.txt", "text/plain", attachment)
    writer.finish()
    return written.getvalue()


@pytest.mark.parametrize("off_s", [-8 * 86_400, 8 * 86_400, 3650 * 86_400])
async def test_a_wrong_clock_loses_no_accepted_log_nor_what_is_known_of_it(team: Team, off_s: int) -> None:
    team.metadata = {"notes": "wet"}
    await team.upload(LOG, "morning.mcap")
    wrong = replace(team.context, now=lambda: time.time_ns() + off_s * 10**9)
    await sweep_uploads(wrong)
    await Team(wrong).work()
    await sweep_uploads(team.context)
    await team.work()
    recording = await team.recording(ID)
    assert (recording.status, recording.names) == (Status.READY, ("morning.mcap",))
    assert recording.metadata["notes"].value == "wet"


async def test_an_announcement_of_the_future_expires_in_its_time(team: Team) -> None:
    ahead = replace(team.context, now=lambda: time.time_ns() + 3650 * 86_400 * 10**9)
    await Team(ahead).announce(LOG)
    for days in (0, 8):
        later = replace(team.context, now=lambda days=days: time.time_ns() + days * 86_400 * 10**9)
        await sweep_uploads(later)
    assert await team.context.documents.uploads.count() == 0


async def test_a_dropped_file_with_a_time_of_the_future_is_taken_in(team: Team, tmp_path: Path) -> None:
    (tmp_path / "dropped").write_bytes(LOG)
    await team.context.objects.put_file("incoming/run.mcap", tmp_path / "dropped")
    await sweep_uploads(replace(team.context, now=lambda: time.time_ns() - 86_400 * 10**9))
    await team.work()
    assert (await team.recording(ID)).status is Status.READY


async def test_one_file_that_cannot_be_taken_in_stops_no_other(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.mcap", "z.mcap"):
        (tmp_path / "dropped").write_bytes(small_log(driver=name))
        await team.context.objects.put_file(f"incoming/{name}", tmp_path / "dropped")

    async def adopts(context: Context, key: str) -> None:
        if key.endswith("a.mcap"):
            raise RuntimeError("a bug")
        await adopt(context, key)

    monkeypatch.setattr("paddock.usecases.intake.sweep_uploads.adopt", adopts)
    await sweep_uploads(replace(team.context, now=lambda: time.time_ns() + 3600 * 10**9))
    await team.work()
    assert await team.context.documents.recordings.count() == 1
