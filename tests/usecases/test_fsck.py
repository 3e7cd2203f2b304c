import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from paddock.domain.keys import artifact_key, columns_key, file_key, raw_key
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Status
from paddock.errors import Conflict
from paddock.ports.documents import Equals
from paddock.usecases.context import Context
from paddock.usecases.conversion.builds import sweep_old_builds
from paddock.usecases.conversion.reprocess import reprocess_one
from paddock.usecases.edit.files import add_file
from paddock.usecases.jobs import jobs
from paddock.usecases.storage.fsck import Fault, fsck
from tests.logs import small_log
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio
LOG = small_log()
ID = hashlib.sha256(LOG).hexdigest()


@pytest.fixture
async def ready(team: Team) -> Team:
    await team.upload(LOG)
    await team.work()
    return team


def much_later(context: Context) -> Context:
    """When nothing can be work under way any more."""
    return replace(context, now=lambda: time.time_ns() + 3600 * 10**9)


async def faults(team: Team, *, mend: bool = False) -> list[Fault]:
    return [finding.fault async for finding in fsck(much_later(team.context), mend=mend)]


async def mended(team: Team) -> None:
    """Mend, do the work that follows, and there is nothing left to find."""
    await faults(team, mend=True)
    await Team(much_later(team.context)).work()
    assert await faults(team) == []
    assert (await team.recording(ID)).status is Status.READY


async def test_what_agrees_has_no_findings(ready: Team) -> None:
    assert await faults(ready) == []


async def test_a_lost_original_needs_a_person_and_is_not_hidden(ready: Team) -> None:
    await ready.context.objects.delete(raw_key(ID))
    assert await faults(ready, mend=True) == [Fault.ORIGINAL_MISSING]
    assert await faults(ready) == [Fault.ORIGINAL_MISSING]


async def test_a_lost_or_cut_attached_file_needs_a_person(ready: Team, tmp_path: Path) -> None:
    async def sheet() -> AsyncIterator[bytes]:
        yield b"%PDF"

    file = await add_file(ready.context, LOCAL_USER, ID, "setup.pdf", sheet())
    key = file_key(ID, file.id)
    assert await faults(ready) == []
    (tmp_path / "cut").write_bytes(b"%")
    await ready.context.objects.put_file(key, tmp_path / "cut")
    assert await faults(ready, mend=True) == [Fault.FILE_DAMAGED]
    await ready.context.objects.delete(key)
    found = [finding async for finding in fsck(ready.context)]
    assert [(each.fault, each.what) for each in found] == [(Fault.FILE_MISSING, key)]
    assert "setup.pdf" in found[0].remedy


async def test_an_original_without_a_document_becomes_a_recording_again(ready: Team) -> None:
    await ready.context.documents.recordings.delete([Equals("id", ID)])
    assert Fault.ORIGINAL_UNKNOWN in await faults(ready)
    await mended(ready)


async def test_lost_artifacts_and_columns_are_made_again(ready: Team) -> None:
    before = set(await ready.keys())
    for key in before:
        if not key.startswith("raw/"):
            await ready.context.objects.delete(key)
    assert set(await faults(ready)) == {Fault.ARTIFACT_MISSING, Fault.COLUMNS_MISSING}
    await mended(ready)
    assert len(await ready.keys()) == len(before)


async def test_leftovers_of_a_killed_conversion_are_removed_once_they_are_old(ready: Team, tmp_path: Path) -> None:
    (tmp_path / "left").write_bytes(b"half")
    (channel,) = (await ready.contents(ID)).channels
    leftovers = {artifact_key(ID, "0" * 32, ".mat"), columns_key(channel.slug, ID, "0" * 16)}
    for key in leftovers:
        await ready.context.objects.put_file(key, tmp_path / "left")
    assert [finding async for finding in fsck(ready.context)] == [], "they may belong to work that is under way"
    assert set(await faults(ready)) == {Fault.ARTIFACT_UNKNOWN, Fault.COLUMNS_UNKNOWN}
    await mended(ready)
    assert not leftovers & set(await ready.keys())


async def test_a_recording_that_nobody_works_on_is_given_work(ready: Team) -> None:
    await ready.context.documents.jobs.delete([Equals("kind", "convert")])
    await ready.context.documents.recordings.change(ID, {"status": Status.STORED})
    assert await faults(ready) == [Fault.WORK_MISSING]
    await mended(ready)


async def test_what_is_kept_on_purpose_is_no_finding_and_goes_when_its_links_have_expired(ready: Team) -> None:
    (old,) = [key for key in await ready.keys() if key.startswith("columns/")]
    await reprocess_one(ready.context, LOCAL_USER, ID)
    await ready.work()
    assert old in await ready.keys()
    assert await faults(ready) == []
    await sweep_old_builds(ready.context)
    assert old in await ready.keys(), "links to it are still good"
    await sweep_old_builds(replace(ready.context, now=lambda: time.time_ns() + 3601 * 10**9))
    assert old not in await ready.keys()
    assert await faults(ready) == []


async def test_words_say_what_is_or_would_be_done(ready: Team, tmp_path: Path) -> None:
    (tmp_path / "left").write_bytes(b"half")
    await ready.context.objects.put_file(artifact_key(ID, "0" * 32, ".mat"), tmp_path / "left")
    context = much_later(ready.context)
    (would,) = [finding.remedy async for finding in fsck(context)]
    (did,) = [finding.remedy async for finding in fsck(context, mend=True)]
    assert "--mend removes it" in would and "it is removed" in did


def damage(team: Team, how: str) -> None:
    original = team.context.scratch.parent / "objects" / raw_key(ID)
    content = bytearray(original.read_bytes())
    if how == "gone":
        original.unlink()
    elif how == "cut":
        original.write_bytes(content[: len(content) // 2])
    elif how == "longer":
        original.write_bytes(content + b"\0")
    else:
        content[len(content) // 2] ^= 0xFF
        original.write_bytes(content)


@pytest.mark.parametrize(
    ("how", "hashes", "fault"),
    [
        ("gone", False, Fault.ORIGINAL_MISSING),
        ("cut", False, Fault.ORIGINAL_DAMAGED),
        ("longer", False, Fault.ORIGINAL_DAMAGED),
        ("flipped", True, Fault.ORIGINAL_DAMAGED),
    ],
)
async def test_a_damaged_original_is_said_on_its_recording_which_takes_the_good_bytes_again(
    ready: Team, how: str, hashes: bool, fault: Fault
) -> None:
    damage(ready, how)
    later = replace(ready.context, now=lambda: time.time_ns() + 2 * 86_400 * 10**9)
    assert [finding.fault async for finding in fsck(ready.context, hashes=hashes)] == [fault]
    recording = await ready.recording(ID)
    assert recording.status is Status.READY, "what was made of it is still there"
    assert recording.original_fault is not None and recording.original_fault.code == fault.value
    with pytest.raises(Conflict, match="Send the log again"):
        await reprocess_one(ready.context, LOCAL_USER, ID)
    plan = await ready.announce(LOG)
    assert plan.recording is None and plan.parts
    await ready.upload(LOG)
    await ready.work()
    assert (await ready.recording(ID)).original_fault is None
    for context in (ready.context, later):
        assert [finding async for finding in fsck(context, hashes=True)] == []
    damage(ready, "flipped")
    assert [finding.fault async for finding in fsck(later, hashes=True)] == [Fault.ORIGINAL_DAMAGED]
    await ready.upload(LOG)
    await ready.work()
    assert (await ready.announce(LOG)).recording is not None


async def test_a_wrong_size_is_noticed_when_the_log_is_sent_again_or_converted(ready: Team) -> None:
    damage(ready, "cut")
    before = await ready.recording(ID)
    await jobs.enqueue(ready.context, "convert", ID)
    await ready.work()
    after = await ready.recording(ID)
    assert after.error is not None and after.error.code == "original_damaged"
    assert (after.status, after.build, after.message_count) == (Status.READY, before.build, before.message_count)
    await ready.upload(LOG)
    await ready.work()
    mended = await ready.recording(ID)
    assert (mended.status, mended.error, mended.original_fault) == (Status.READY, None, None)


async def test_hashing_goes_on_where_it_was_interrupted(team: Team) -> None:
    for driver in ("Adam", "Eva"):
        await team.upload(small_log(driver=driver))
    await team.work()
    context = replace(team.context, now=lambda: time.time_ns() + 2 * 86_400 * 10**9)
    seen: list[tuple[int, int]] = []

    def interrupted(done: int, total: int) -> None:
        seen.append((done, total))
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _ = [finding async for finding in fsck(context, hashes=True, progress=interrupted)]
    whole = seen[-1][1]
    _ = [finding async for finding in fsck(context, hashes=True, progress=lambda *told: seen.append(told))]
    assert 0 < seen[-1][1] < whole
    _ = [finding async for finding in fsck(context, hashes=True, progress=lambda *told: seen.append(told))]
    assert seen[-1] == (whole, whole), "a run that was not interrupted is followed by one over everything"
