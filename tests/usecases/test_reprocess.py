import hashlib
from dataclasses import replace

import pytest

from paddock import COLUMNS
from paddock.domain.export import ExportRequest
from paddock.domain.job import JobState
from paddock.domain.keys import raw_key
from paddock.domain.original import Original
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Failure, Status
from paddock.errors import Conflict
from paddock.formats.registry import formats
from paddock.usecases.conversion.reprocess import reprocess, reprocess_one
from paddock.usecases.find.recordings import artifacts_of, exports_of
from paddock.usecases.intake import uploads
from paddock.usecases.jobs import jobs, leases
from paddock.usecases.jobs.say_failed import say_failed
from paddock.usecases.take_away.export import request_export
from tests.logs import small_log
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio
LOG = small_log()
ID = hashlib.sha256(LOG).hexdigest()


async def converted_by(team: Team, version: str) -> None:
    await team.upload(LOG)
    await team.work()
    await team.context.documents.recordings.change(ID, {"converter": version})


async def test_only_what_an_older_version_made_is_made_again_and_once(team: Team) -> None:
    await converted_by(team, "0.0.1")
    before = (await team.recording(ID)).build
    assert (await reprocess(team.context, LOCAL_USER)).why == {
        f"The columns are from converter 0.0.1; this is {COLUMNS}.": 1
    }
    assert (await reprocess(team.context, LOCAL_USER)).asked == 1, "asking again while it waits changes nothing"
    assert await team.work() == ["convert"]
    assert (await team.recording(ID)).build != before
    assert (await reprocess(team.context, LOCAL_USER)).asked == 0
    assert (await reprocess(team.context, LOCAL_USER, everything=True)).asked == 1


async def test_a_writer_of_a_higher_number_makes_its_files_anew_and_no_others(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    await team.upload(LOG)
    await team.work()
    csv, flat = ExportRequest(format="csv"), ExportRequest(format="parquet", layout="flat")
    made = {}
    for request in (csv, flat):
        await request_export(team.context, LOCAL_USER, ID, request)
        await team.work()
        made[request] = (await request_export(team.context, LOCAL_USER, ID, request)).artifact
    (mat,) = (await artifacts_of(team.context, [await team.recording(ID)]))[ID]
    assert mat.converter == f"{COLUMNS}.{formats()['mat'].layouts['paddock']}"

    for form, layout in (("csv", ""), ("mat", "paddock")):
        layouts = {**formats()[form].layouts, layout: 7}
        monkeypatch.setitem(formats(), form, replace(formats()[form], layouts=layouts))
    assert (await request_export(team.context, LOCAL_USER, ID, flat)).artifact == made[flat]
    assert (await request_export(team.context, LOCAL_USER, ID, csv)).artifact is None
    done = await reprocess(team.context, LOCAL_USER)
    assert done.why == {f"The MATLAB file is from converter {mat.converter}; this is {COLUMNS}.7.": 1}
    assert set(await team.work()) == {"export", "convert"}
    assert (await reprocess(team.context, LOCAL_USER)).asked == 0

    recording = await team.recording(ID)
    listed = {each.format: each for each in await exports_of(team.context, recording)}
    assert listed["csv"].converter == f"{COLUMNS}.7" and listed["parquet"] == made[flat]
    (default,) = (await artifacts_of(team.context, [recording]))[ID]
    assert default.converter == f"{COLUMNS}.7"
    stored = await team.context.documents.artifacts.get(mat.id)
    assert stored is not None and stored.expires_at, "links to the old one run out"


async def test_the_old_files_are_served_until_the_new_ones_are_whole_also_when_they_never_are(team: Team) -> None:
    await converted_by(team, "0.0.1")
    recording = await team.recording(ID)
    before = await artifacts_of(team.context, [recording])
    await reprocess(team.context, LOCAL_USER)
    job = await leases.take(team.context, "test")
    assert job is not None
    assert await artifacts_of(team.context, [recording]) == before
    await say_failed(team.context, job, Failure("internal_error", "a bug"))
    assert (await team.recording(ID)).status is Status.READY
    assert await artifacts_of(team.context, [recording]) == before


async def test_many_become_due_at_the_given_rate(team: Team) -> None:
    for driver in ("Adam", "Eva", "Mei"):
        await team.upload(small_log(driver=driver))
    await team.work()
    assert (await reprocess(team.context, LOCAL_USER, everything=True, rate_hz=0.01)).asked == 3
    assert await team.work() == ["convert"], "the others are due in 100 and 200 s"
    waiting = await jobs.find_jobs(team.context, (JobState.QUEUED,))
    assert len(waiting.items) == 2


async def test_a_query_narrows_it(team: Team) -> None:
    for driver in ("Adam", "Eva"):
        await team.upload(small_log(driver=driver))
    await team.work()
    assert (await reprocess(team.context, LOCAL_USER, text="eva", everything=True)).asked == 1


async def test_one_is_converted_again_whatever_made_it(team: Team) -> None:
    await team.upload(LOG)
    await team.work()
    before = (await team.recording(ID)).build
    await reprocess_one(team.context, LOCAL_USER, ID[:10])
    await reprocess_one(team.context, LOCAL_USER, ID[:10])
    assert await team.work() == ["convert"]
    assert (await team.recording(ID)).build not in ("", None, before)


async def test_what_never_arrived_cannot_be_converted(team: Team) -> None:
    plan = await team.announce(LOG)
    await team.send(LOG[:-1] + b"!", plan)
    assert plan.upload is not None
    await uploads.complete(team.context, plan.upload.id)
    await team.work()
    assert (await team.recording(ID)).original is Original.AWAITED
    assert (await reprocess(team.context, LOCAL_USER)).without_original == 1
    with pytest.raises(Conflict, match="send the log again") as refused:
        await reprocess_one(team.context, LOCAL_USER, ID)
    assert refused.value.code == "no_original"
    assert await team.work() == []


async def test_a_conversion_that_finds_less_keeps_the_old_files_and_asks(team: Team) -> None:
    await team.upload(LOG)
    await team.work()
    before = await team.recording(ID)
    await team.context.documents.recordings.change(ID, {"message_count": 522})
    await reprocess_one(team.context, LOCAL_USER, ID)
    await team.work()
    asks = await team.recording(ID)
    assert asks.error is not None and asks.error.code == "found_less"
    assert "50 messages are found where there were 522" in asks.error.message
    assert (asks.status, asks.build, asks.message_count) == (Status.READY, before.build, 522)
    assert (await reprocess(team.context, LOCAL_USER)).asked == 0
    await reprocess_one(team.context, LOCAL_USER, ID, accept=True)
    await team.work()
    accepted = await team.recording(ID)
    assert (accepted.status, accepted.error, accepted.message_count) == (Status.READY, None, 50)


async def test_a_log_that_has_changed_since_is_called_damaged_and_not_less(team: Team) -> None:
    await team.upload(LOG)
    await team.work()
    original = team.context.scratch.parent / "objects" / raw_key(ID)
    original.write_bytes(LOG[:100] + bytes(len(LOG) - 100))
    await reprocess_one(team.context, LOCAL_USER, ID)
    await team.work()
    kept = await team.recording(ID)
    assert kept.error is not None and kept.error.code == "original_damaged"
    assert kept.original_fault is not None and kept.message_count == 50
    await team.upload(LOG)
    await team.work()
    assert (await team.recording(ID)).error is None


async def test_many_that_found_less_are_accepted_at_once(team: Team) -> None:
    await team.upload(LOG)
    await team.work()
    await team.context.documents.recordings.change(ID, {"error": Failure("found_less", "less")})
    assert (await reprocess(team.context, LOCAL_USER)).asked == 0
    assert (await reprocess(team.context, LOCAL_USER, accept=True)).asked == 1
