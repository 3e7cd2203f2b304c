"""Editing, undoing, deleting and files: nobody's word is lost, and everybody's is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from paddock.domain.principal import LOCAL_USER, Principal, PrincipalKind
from paddock.domain.recording import MetadataSource, MetadataValue, Recording, StartedSource
from paddock.domain.roles import TeamRole
from paddock.errors import Conflict, NotFound, Rejected
from paddock.ports.documents import Equals
from paddock.usecases.context import Context
from paddock.usecases.edit.conflict import EditConflict
from paddock.usecases.edit.delete import delete_recordings, restore_recordings
from paddock.usecases.edit.edit import edit_many, edit_recording, history_of, undo
from paddock.usecases.edit.files import MAX_FILE_BYTES, add_file, attached_file, remove_file
from paddock.usecases.find.recordings import artifacts_of, get_recording
from paddock.usecases.jobs import jobs
from tests.logs import small_log
from tests.usecases.conftest import Team
from tests.web.builders import STARTED_NS, build_recording

pytestmark = pytest.mark.anyio
ADA = Principal(PrincipalKind.MEMBER, "Ada", TeamRole.ADMIN)


@pytest.fixture
async def recording(context: Context) -> Recording:
    built = build_recording()
    await context.documents.recordings.insert(built)
    return built


async def test_an_edit_is_a_persons_word_and_is_remembered(context: Context, recording: Recording) -> None:
    edited = await edit_recording(context, ADA, recording.id, metadata={"driver": " Eve ", "car": "HT09"})
    assert edited.metadata["driver"] == MetadataValue("Eve", MetadataSource.PERSON)
    assert edited.metadata["car"].source is MetadataSource.FILE, "the same value keeps its source"
    assert "eve" in edited.search and "adam" not in edited.search
    (change,) = (await history_of(context, edited)).items
    assert (change.principal, change.field, change.before, change.after) == ("Ada", "driver", "Adam", "Eve")
    again = await edit_recording(context, ADA, recording.id, metadata={"driver": "Eve"})
    assert again.version == edited.version, "nothing changed, nothing is written"


async def test_a_base_station_says_nothing_over_a_person(context: Context, recording: Recording) -> None:
    async def say(**fields: str) -> Recording:
        return await edit_recording(
            context, LOCAL_USER, recording.id, metadata=fields, source=MetadataSource.BASE_STATION
        )

    said = await say(driver="Eve", venue="Lincoln")
    assert said.metadata["driver"] == MetadataValue("Eve", MetadataSource.BASE_STATION), "before, the log said Adam"
    await edit_recording(context, ADA, recording.id, metadata={"driver": "Bo", "session": ""})
    said = await say(driver="Adam", venue="Michigan", session="am", car="")
    assert said.metadata["driver"] == MetadataValue("Bo", MetadataSource.PERSON)
    assert said.metadata["venue"] == MetadataValue("Michigan", MetadataSource.BASE_STATION)
    assert said.metadata["car"] == recording.metadata["car"], "it takes back only what a base station said"
    taken_back = await say(driver="", venue="")
    assert "venue" not in taken_back.metadata
    assert taken_back.metadata["driver"].value == "Bo"
    newest, *_ = (await history_of(context, taken_back)).items
    restored = await undo(context, ADA, recording.id, newest.id)
    assert restored.metadata["venue"] == MetadataValue("Michigan", MetadataSource.BASE_STATION)


async def test_undo_gives_back_value_and_source(context: Context, recording: Recording) -> None:
    edited = await edit_recording(
        context, ADA, recording.id, metadata={"driver": "", "session": "am"}, started_ns=5
    )
    assert edited.metadata["driver"].value == "" and edited.started_source is StartedSource.PERSON
    for change in (await history_of(context, edited)).items:
        restored = await undo(context, LOCAL_USER, recording.id, change.id)
    assert restored.metadata == recording.metadata
    assert (restored.started_ns, restored.started_source) == (STARTED_NS, StartedSource.LOG_TIME)
    assert len((await history_of(context, restored)).items) == 6


async def test_undo_does_not_undo_a_later_word(context: Context, recording: Recording) -> None:
    edited = await edit_recording(context, ADA, recording.id, metadata={"driver": "Eve"})
    (change,) = (await history_of(context, edited)).items
    await edit_recording(context, ADA, recording.id, metadata={"driver": "Bo"})
    with pytest.raises(Conflict, match="again since"):
        await undo(context, ADA, recording.id, change.id)
    with pytest.raises(NotFound):
        await undo(context, ADA, recording.id, "nothing")


async def test_two_people_at_once(context: Context, recording: Recording) -> None:
    """Different fields both hold; of the same field the second one is asked."""
    seen = recording.version
    await edit_recording(context, ADA, recording.id, metadata={"driver": "Eve"}, version=seen)
    both = await edit_recording(context, LOCAL_USER, recording.id, metadata={"venue": "Lincoln"}, version=seen)
    assert (both.metadata["driver"].value, both.metadata["venue"].value) == ("Eve", "Lincoln")
    with pytest.raises(EditConflict) as conflict:
        await edit_recording(context, LOCAL_USER, recording.id, metadata={"driver": "Bo"}, version=seen)
    (difference,) = conflict.value.differences
    assert (difference.field, difference.yours, difference.theirs, difference.by) == ("driver", "Bo", "Eve", "Ada")
    settled = await edit_recording(
        context, LOCAL_USER, recording.id, metadata={"driver": "Bo"}, version=conflict.value.version
    )
    assert settled.metadata["driver"].value == "Bo"


async def test_the_pipelines_writes_are_no_edits(context: Context, recording: Recording) -> None:
    await context.documents.recordings.change(recording.id, {"version": recording.version + 1})
    edited = await edit_recording(context, ADA, recording.id, metadata={"driver": "Eve"}, version=recording.version)
    assert edited.metadata["driver"].value == "Eve"


async def test_many_edits_at_once_lose_nothing(context: Context, recording: Recording) -> None:
    names = ("car", "driver", "event", "venue", "session", "run")
    await asyncio.gather(*(edit_recording(context, ADA, recording.id, metadata={name: "x"}) for name in names))
    edited = await get_recording(context, recording.id)
    assert {edited.metadata[name].value for name in names} == {"x"}
    assert {change.field for change in (await history_of(context, edited)).items} == set(names)


async def test_a_crash_before_the_history_is_written_loses_none_of_it(
    context: Context, recording: Recording
) -> None:
    edited = await edit_recording(context, ADA, recording.id, metadata={"driver": "Eve"})
    for change in edited.edits:
        await context.documents.history.delete([Equals("id", change.id)])
    await edit_recording(context, ADA, recording.id, metadata={"driver": "Bo"})
    history = (await history_of(context, await get_recording(context, recording.id))).items
    assert [change.after for change in history] == ["Bo", "Eve"]


async def test_what_cannot_be_a_value_is_refused(context: Context, recording: Recording) -> None:
    for wrong in ({"nope": "x"}, {"driver": "x" * 201}):
        with pytest.raises(Rejected):
            await edit_recording(context, ADA, recording.id, metadata=wrong)


async def test_the_matlab_file_follows(context: Context) -> None:
    team = Team(context)
    uploaded = await team.upload(small_log())
    await team.work()
    converted = await team.recording(uploaded.id)
    (first,) = (await artifacts_of(context, [converted]))[converted.id]
    await edit_many(context, ADA, [converted.id], {"driver": "Eve"})
    assert await team.work() == ["export"]
    edited = await team.recording(uploaded.id)
    (second,) = (await artifacts_of(context, [edited]))[edited.id]
    assert second.id != first.id
    change = (await history_of(context, edited)).items[0]
    await undo(context, ADA, converted.id, change.id)
    assert await team.work() == []
    assert (await artifacts_of(context, [edited]))[edited.id][0].id == first.id


async def test_a_reprocessed_log_does_not_fill_what_a_person_cleared(context: Context) -> None:
    team = Team(context)
    uploaded = await team.upload(small_log())
    await team.work()
    assert "driver" in (await team.recording(uploaded.id)).metadata
    await edit_recording(context, ADA, uploaded.id, metadata={"driver": ""})
    await jobs.enqueue(context, "convert", uploaded.id)
    await team.work()
    assert (await team.recording(uploaded.id)).metadata["driver"].value == ""


async def test_deleted_is_hidden_until_restored(context: Context, recording: Recording) -> None:
    assert await delete_recordings(context, ADA, [recording.id, recording.id]) == 1
    with pytest.raises(NotFound):
        await get_recording(context, recording.id)
    with pytest.raises(NotFound):
        await edit_recording(context, ADA, recording.id, metadata={"driver": "x"})
    assert (await get_recording(context, recording.id, deleted=True)).id == recording.id
    assert await restore_recordings(context, ADA, [recording.short_id]) == 1
    restored = await get_recording(context, recording.id)
    assert [(c.before, c.after) for c in (await history_of(context, restored)).items] == [
        ("deleted", None),
        (None, "deleted"),
    ]


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece


async def test_files_come_and_go(context: Context, recording: Recording) -> None:
    added = await add_file(context, ADA, recording.id, "Setup ☃.pdf", pieces(b"%PDF", b"-1.7"))
    assert (added.size_bytes, added.added_by) == (8, "Ada")
    with_file = await get_recording(context, recording.id)
    assert with_file.files == (added,)
    assert attached_file(with_file, added.id).file_name == "Setup ☃.pdf"
    await remove_file(context, ADA, recording.id, added.id)
    assert (await get_recording(context, recording.id)).files == ()
    assert [info.key async for info in context.objects.list("files/")] == []
    with pytest.raises(NotFound):
        await remove_file(context, ADA, recording.id, added.id)


async def test_a_file_that_is_too_large_or_has_no_name(context: Context, recording: Recording) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(MAX_FILE_BYTES // 3)

    with pytest.raises(Rejected, match="larger"):
        await add_file(context, ADA, recording.id, "large.bin", endless())
    with pytest.raises(Rejected):
        await add_file(context, ADA, recording.id, "../x", pieces(b""))
    assert (await get_recording(context, recording.id)).files == ()
