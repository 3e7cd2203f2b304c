"""What car and base station say of a log: metadata, and how wrong its clock was."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import MetadataSource, MetadataValue, Recording, StartedSource, Status
from paddock.domain.upload import SaidAlong
from paddock.errors import Rejected
from paddock.usecases.conversion.reprocess import reprocess_one
from paddock.usecases.edit.edit import edit_recording, history_of, undo
from paddock.usecases.find.recordings import artifacts_of
from paddock.usecases.intake import uploads
from paddock.usecases.intake.adopt import adopt
from tests.logs import STARTED_NS, small_log
from tests.matlab_files import loadmat
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio
LOG = small_log()
ID = hashlib.sha256(LOG).hexdigest()
HOUR_NS = 3_600_000_000_000
STATION = SaidAlong({}, {"event": "Endurance"}, HOUR_NS)


async def announce(team: Team, said: SaidAlong, **more: int) -> uploads.UploadPlan:
    return await uploads.announce(
        team.context, LOCAL_USER, sha256=ID, size_bytes=len(LOG), name="run.mcap", said=said, **more
    )


async def sent(team: Team, said: SaidAlong) -> Recording:
    plan = await announce(team, said)
    await team.send(LOG, plan)
    assert plan.upload is not None
    await uploads.complete(team.context, plan.upload.id)
    await team.work()
    return await team.recording(ID)


def start_of(recording: Recording) -> tuple[int | None, StartedSource]:
    return recording.started_ns, recording.started_source


async def test_what_comes_along_fills_what_is_empty_and_corrects_the_start(team: Team, tmp_path: Path) -> None:
    recording = await sent(team, STATION)
    assert recording.metadata["event"] == MetadataValue("Endurance", MetadataSource.BASE_STATION)
    assert recording.metadata["driver"].source is MetadataSource.FILE
    assert start_of(recording) == (STARTED_NS + HOUR_NS, StartedSource.CLOCK_OFFSET)
    (mat,) = (await artifacts_of(team.context, [recording]))[ID]
    (tmp_path / "run.mat").write_bytes(b"".join([piece async for piece in team.context.objects.read(mat.key)]))
    run = loadmat(tmp_path / "run.mat", simplify_cells=True)["meta"]["run"]
    assert (run["started"], run["event"]) == ("2026-04-18T15:32:00Z", "Endurance")

    await reprocess_one(team.context, LOCAL_USER, ID)
    await team.work()
    again = await team.recording(ID)
    assert again.build != recording.build
    assert start_of(again) == start_of(recording)


async def test_it_may_come_after_the_log_and_the_matlab_file_says_it(team: Team) -> None:
    before = await sent(team, SaidAlong())
    assert start_of(before) == (STARTED_NS, StartedSource.LOG_TIME)
    plan = await announce(team, STATION)
    assert plan.recording is not None
    assert start_of(plan.recording) == (STARTED_NS + HOUR_NS, StartedSource.CLOCK_OFFSET)
    assert await team.work() == ["export"], "the MATLAB file with the event"
    other = SaidAlong({}, {"event": "Autocross"}, 5)
    after = await announce(team, other)
    assert after.recording == await team.recording(ID) and after.recording is not None
    assert after.recording.metadata["event"].value == "Endurance", "nothing that is known is replaced"
    assert start_of(after.recording) == start_of(plan.recording)


async def test_what_a_person_says_of_the_start_stays(team: Team) -> None:
    await sent(team, SaidAlong())
    await edit_recording(team.context, LOCAL_USER, ID, started_ns=7)
    told = (await announce(team, STATION)).recording
    assert told is not None and start_of(told) == (7, StartedSource.PERSON)
    await reprocess_one(team.context, LOCAL_USER, ID)
    await team.work()
    assert start_of(await team.recording(ID)) == (7, StartedSource.PERSON)
    change = next(c for c in (await history_of(team.context, told)).items if c.field == "started_ns")
    undone = await undo(team.context, LOCAL_USER, ID, change.id)
    assert start_of(undone) == (STARTED_NS + HOUR_NS, StartedSource.CLOCK_OFFSET), "as far as is known now"


async def test_an_edit_of_a_corrected_start_is_undone_to_the_corrected_one(team: Team) -> None:
    corrected = await sent(team, STATION)
    edited = await edit_recording(team.context, LOCAL_USER, ID, started_ns=7)
    change = (await history_of(team.context, edited)).items[0]
    assert start_of(await undo(team.context, LOCAL_USER, ID, change.id)) == start_of(corrected)


async def test_what_is_said_while_a_log_is_sent_counts(team: Team) -> None:
    first = await announce(team, SaidAlong())
    plan = await announce(team, STATION)
    assert first.upload is not None and plan.upload is not None and plan.upload.id == first.upload.id
    both = await sent(team, SaidAlong({"venue": "Lot 7"}))
    assert both.metadata["event"] == MetadataValue("Endurance", MetadataSource.BASE_STATION)
    assert both.metadata["venue"] == MetadataValue("Lot 7", MetadataSource.PERSON)


async def test_what_a_station_says_and_recordings_cannot_have_keeps_no_log_out(team: Team) -> None:
    said = {"event": "Endurance", "tyres": "wet", "driver": "A" * 300}
    plan = await announce(team, SaidAlong({}, said))
    assert plan.upload is not None and plan.upload.station_metadata == {"event": "Endurance"}
    assert len(plan.left_out) == 2 and "'tyres'" in plan.left_out[0]
    with pytest.raises(Rejected):
        await announce(team, SaidAlong(said))


async def test_a_part_size_may_be_asked_for_within_bounds(team: Team) -> None:
    plan = await announce(team, SaidAlong(), part_size_bytes=1)
    assert plan.upload is not None and plan.upload.part_size_bytes == team.context.objects.least_part_bytes


@pytest.mark.parametrize(
    ("sidecar", "event"),
    [
        (json.dumps({"metadata": {"event": "Endurance", "tyres": "wet"}, "clock_offset_ns": HOUR_NS}), "Endurance"),
        ("no sidecar", ""),
    ],
)
async def test_another_program_leaves_a_log_and_its_sidecar(
    team: Team, tmp_path: Path, sidecar: str, event: str
) -> None:
    # The sidecar before its log, as it may be: it is no log.
    incoming = tmp_path / "objects" / "incoming"
    (incoming / "car 9").mkdir(parents=True)
    (incoming / "car 9" / "run.mcap.json").write_text(sidecar)
    await adopt(team.context, "incoming/car 9/run.mcap.json")
    assert await team.work() == []
    (incoming / "car 9" / "run.mcap").write_bytes(LOG)
    await adopt(team.context, "incoming/car 9/run.mcap")
    await team.work()
    recording = await team.recording(ID)
    assert (recording.status, recording.names) == (Status.READY, ("run.mcap",))
    assert (recording.metadata["event"].value if event else "") == event
    assert recording.started_ns == STARTED_NS + (HOUR_NS if event else 0)
    assert list(incoming.iterdir()) == []
