"""Checklists: kept, run on every log that comes in, tried on the recordings there are, and computed anew."""

from __future__ import annotations

import io
import json

import msgspec
import pytest
from mcap.writer import Writer

from paddock.domain.catalogue import Entry
from paddock.domain.check_results import CheckedList, Outcome, RuleResult
from paddock.domain.checklists import CheckKind, ChecklistText, CheckText
from paddock.domain.maths_channels import MathsText
from paddock.domain.notices import Destination, DestinationKind, Topic
from paddock.domain.principal import LOCAL_USER
from paddock.domain.rule_preview import PreviewState
from paddock.errors import Conflict, NotFound, Rejected
from paddock.usecases.catalogue.catalogue import load_catalogue, save_catalogue
from paddock.usecases.checks import preview as preview_module
from paddock.usecases.checks.asking import ask_all_checks, ask_checks
from paddock.usecases.checks.lists import add_checklist, all_checklists, change_checklist, remove_checklist
from paddock.usecases.checks.preview import ask_preview, get_preview, stop_preview
from paddock.usecases.checks.run import check_rules, results_of
from paddock.usecases.context import Context
from paddock.usecases.edit.edit import edit_recording
from paddock.usecases.maths.channels import add_channel
from paddock.usecases.notices.destinations import add_destination
from paddock.usecases.people.audit import list_changes
from tests.logs import STARTED_NS, small_log
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio

LIMITS, CONDITION, RATE = CheckKind.LIMITS, CheckKind.CONDITION, CheckKind.RATE
GAP, PRESENT = CheckKind.GAP, CheckKind.PRESENT


def rule(kind: CheckKind, subject: str, **more: object) -> CheckText:
    return msgspec.structs.replace(CheckText(kind=kind, subject=subject), **more)


THROTTLE = rule(LIMITS, "Pedals.throttle", low=0.0, high=4.0)
SYSTEMS = ChecklistText(name="Systems", rules=(THROTTLE, rule(RATE, "Pedals", rate_hz=10.0)))


async def one(context: Context, recording_id: str) -> CheckedList:
    (result,) = await results_of(context, recording_id)
    return result


async def ruled(context: Context, team: Team, recording_id: str, *rules: CheckText) -> list[RuleResult]:
    return await check_rules(context, await team.recording(recording_id), rules)


async def test_checklists_are_kept_changed_and_removed(context: Context) -> None:
    added = await add_checklist(context, LOCAL_USER, msgspec.structs.replace(SYSTEMS, name="  Systems  check "))
    assert (added.name, added.version) == ("Systems check", 1)
    changed = await change_checklist(context, LOCAL_USER, added.id, SYSTEMS, version=1)
    assert changed.version == 2 and await all_checklists(context) == (changed,)
    assert (await change_checklist(context, LOCAL_USER, added.id, SYSTEMS)).version == 2, "it says the same"
    with pytest.raises(Conflict):
        await change_checklist(context, LOCAL_USER, added.id, added.said, version=1)
    with pytest.raises(Conflict, match="already"):
        await add_checklist(context, LOCAL_USER, msgspec.structs.replace(SYSTEMS, name="systems"))
    await remove_checklist(context, LOCAL_USER, added.id)
    assert await all_checklists(context) == ()
    with pytest.raises(NotFound):
        await remove_checklist(context, LOCAL_USER, added.id)
    audit = (await list_changes(context, kind="checklist", subject=added.id)).items
    assert {"created", "said", "removed"} == {each.field for each in audit}


@pytest.mark.parametrize(
    "bad",
    [
        {"kind": LIMITS, "subject": "x"},
        {"kind": LIMITS, "subject": "x", "low": 2.0, "high": 1.0},
        {"kind": LIMITS, "subject": "x", "low": float("nan")},
        {"kind": LIMITS, "subject": " ", "low": 1.0},
        {"kind": RATE, "subject": "x"},
        {"kind": RATE, "subject": "x", "rate_hz": float("inf")},
        {"kind": RATE, "subject": "x", "rate_hz": 10.0, "tolerance_percent": -1.0},
        {"kind": GAP, "subject": "x", "longest_s": 0.0},
        {"kind": GAP, "subject": "x" * 3_000, "longest_s": 1.0},
        {"kind": CONDITION, "subject": "speed >"},
        {"kind": CONDITION, "subject": "speed > 1", "all_but_s": -1.0},
        {"kind": PRESENT, "subject": "x", "name": "y" * 200},
    ],
)
async def test_a_rule_that_cannot_be_is_refused_and_named(context: Context, bad: dict[str, object]) -> None:
    good = rule(PRESENT, "Pedals")
    rules = (good, msgspec.convert(bad, CheckText, strict=False))
    with pytest.raises(Rejected, match="Rule 2"):
        await add_checklist(context, LOCAL_USER, ChecklistText(name="x", rules=rules))


async def test_a_checklist_needs_a_name_and_rules(context: Context) -> None:
    for said in (ChecklistText(name=" ", rules=SYSTEMS.rules), ChecklistText(name="x", rules=())):
        with pytest.raises(Rejected):
            await add_checklist(context, LOCAL_USER, said)


async def test_every_log_that_comes_in_is_checked(context: Context, team: Team) -> None:
    checklist = await add_checklist(context, LOCAL_USER, SYSTEMS)
    recording = await team.upload(small_log(100))
    assert await team.work() == ["ingest", "convert", "checks"]
    result = await one(context, recording.id)
    assert (result.checklist, result.name, result.version, result.failed) == (checklist.id, "Systems", 1, 1)
    throttle, rate = result.rules
    assert (throttle.outcome, rate.outcome) == (Outcome.FAILED, Outcome.PASSED)
    (moment,) = throttle.moments
    # 0.1 more every 0.1 s: above 4 from the 41st on, to the end.
    assert (moment.start_ns, moment.end_ns) == (STARTED_NS + 4_100_000_000, STARTED_NS + 9_900_000_000)
    assert (moment.signals, moment.worst, throttle.total_ns) == (("Pedals.throttle",), 9.9, 5_800_000_000)
    assert throttle.said == "Outside for 5.8 s, at worst 9.9."
    found = await team.recording(recording.id)
    assert (found.checks, found.failed_checks) == ("failed", 1)
    good = await team.upload(small_log(30, driver="Mei"))
    await team.work()
    found = await team.recording(good.id)
    assert (found.checks, found.failed_checks) == ("passed", 0)


async def test_without_checklists_there_is_no_job(context: Context, team: Team) -> None:
    recording = await team.upload(small_log())
    assert await team.work() == ["ingest", "convert"]
    assert not await ask_checks(context, await team.recording(recording.id))


async def test_a_change_is_another_version_and_computed_anew(context: Context, team: Team) -> None:
    checklist = await add_checklist(context, LOCAL_USER, SYSTEMS)
    recording = await team.upload(small_log(100))
    await team.work()
    milder = msgspec.structs.replace(THROTTLE, all_but_s=6.0)
    await change_checklist(context, LOCAL_USER, checklist.id, ChecklistText(name="Systems", rules=(milder,)))
    assert (await one(context, recording.id)).version == 1, "until it is computed anew"
    assert await team.work() == ["checks_all", "checks"]
    result = await one(context, recording.id)
    assert (result.version, result.outcome) == (2, Outcome.PASSED)
    assert result.rules[0].said == "Outside for 5.8 s, at worst 9.9: that is allowed."
    assert (await team.recording(recording.id)).checks == "passed"
    await remove_checklist(context, LOCAL_USER, checklist.id)
    await team.work()
    assert await results_of(context, recording.id) == ()
    assert (await team.recording(recording.id)).checks == ""


async def test_recordings_of_before_are_checked_when_somebody_asks(context: Context, team: Team) -> None:
    recording = await team.upload(small_log(100))
    other = await team.upload(small_log(30, driver="Mei"))
    await team.work()
    await add_checklist(context, LOCAL_USER, SYSTEMS)
    assert await team.work() == []
    assert (await team.recording(recording.id)).checks == ""
    assert await ask_checks(context, await team.recording(recording.id), asked_by="Adam")
    assert await team.work() == ["checks"]
    assert (await team.recording(recording.id)).checks == "failed"
    await ask_all_checks(context, "Adam", every_recording=True)
    assert await team.work() == ["checks_all", "checks", "checks"]
    assert (await team.recording(other.id)).checks == "passed"


async def test_only_for_its_cars(context: Context, team: Team) -> None:
    await add_checklist(context, LOCAL_USER, msgspec.structs.replace(SYSTEMS, cars=("ht08",)))
    recording = await team.upload(small_log(100))
    await team.work()
    assert await results_of(context, recording.id) == ()
    found = await team.recording(recording.id)
    assert found.checks == ""


async def test_a_recording_that_is_of_another_car_is_checked_by_its_lists(context: Context, team: Team) -> None:
    await add_checklist(context, LOCAL_USER, msgspec.structs.replace(SYSTEMS, cars=("HT08",)))
    recording = await team.upload(small_log(100))
    await team.work()
    await edit_recording(context, LOCAL_USER, recording.id, metadata={"car": "HT08"})
    await team.work()
    assert (await team.recording(recording.id)).checks == "failed"
    await edit_recording(context, LOCAL_USER, recording.id, metadata={"car": "HT09"})
    await team.work()
    assert (await team.recording(recording.id)).checks == "" and await results_of(context, recording.id) == ()


def odd_log() -> bytes:
    """A topic in two channels that take turns, with values that are missing, and one without messages."""
    target = io.BytesIO()
    writer = Writer(target)
    writer.start()
    channels = []
    for number in range(2):
        schema = writer.register_schema(f"Pedals{number}", "jsonschema", b'{"type": "object"}')
        channels.append(writer.register_channel("Pedals", "json", schema))
    writer.register_channel("Silent", "json", schema)
    for number in range(100):
        value = None if number % 4 == 2 else number / 10
        instant = STARTED_NS + number * 100_000_000
        message = json.dumps({"throttle": value, "one": number == 50, "never": None}).encode()
        writer.add_message(channels[number % 2], instant, message, instant)
    writer.finish()
    return target.getvalue()


async def test_a_topic_in_two_channels_missing_values_and_silence(context: Context, team: Team) -> None:
    recording = await team.upload(odd_log())
    await team.work()
    results = await ruled(
        context,
        team,
        recording.id,
        rule(GAP, "Pedals", longest_s=0.1),
        rule(GAP, "Pedals", longest_s=0.05),
        rule(RATE, "Pedals", rate_hz=10.0, tolerance_percent=0.0),
        rule(GAP, "Silent", longest_s=1.0),
        rule(PRESENT, "Silent"),
        rule(PRESENT, "Pedals.never"),
        rule(LIMITS, "Pedals.never", high=1.0),
    )
    assert [(each.outcome.value, each.said) for each in results[:3]] == [
        ("passed", ""),
        ("failed", "99 gaps, the longest 0.1 s."),
        ("passed", ""),
    ]
    assert [each.said for each in results[3:5]] == ["Silent has no message in this log."] * 2
    assert [each.outcome.value for each in results[5:]] == ["failed", "skipped"]


async def test_every_kind_of_rule(context: Context, team: Team) -> None:
    recording = await team.upload(small_log(100))
    await team.work()

    async def came(*rules: CheckText) -> list[tuple[str, str]]:
        return [(each.outcome.value, each.said) for each in await ruled(context, team, recording.id, *rules)]

    assert await came(
        rule(PRESENT, "Pedals"), rule(PRESENT, "Pedals.brake"), rule(PRESENT, "throttle"), rule(PRESENT, "Brakes")
    ) == [("passed", "")] * 3 + [("failed", "Brakes is not in this log.")]
    assert await came(
        rule(GAP, "Pedals", longest_s=0.1), rule(GAP, "Pedals", longest_s=0.09), rule(GAP, "Nothing", longest_s=1.0)
    ) == [
        ("passed", ""),
        ("failed", "99 gaps, the longest 0.1 s."),
        ("failed", "Nothing is not in this log."),
    ]
    assert await came(
        rule(RATE, "Pedals", rate_hz=100.0),
        rule(RATE, "Pedals.brake", rate_hz=10.0),
        rule(RATE, "Pedals", rate_hz=5.0),
    ) == [
        ("failed", "Off for 9 s, at worst 10 Hz."),
        ("passed", ""),
        ("failed", "Off for 8 s, at worst 10 Hz."),
    ]
    assert await came(
        rule(LIMITS, "brake", high=0.4),
        rule(LIMITS, "Pedals.brake", low=0.5, high=0.5),
        rule(LIMITS, "Pedals.throttle + 1", high=10.0, all_but_s=0.5),
        rule(LIMITS, "Tires.fl", high=10.0),
    ) == [
        ("failed", "Outside for 9.9 s, at worst 0.5 (Pedals.brake)."),
        ("passed", ""),
        ("failed", "Outside for 0.8 s, at worst 10.9."),
        ("skipped", "There is no signal Tires.fl in this recording."),
    ]
    assert await came(
        rule(CONDITION, "Pedals.throttle > 9 and Pedals.brake > 0.4", all_but_s=0.5),
        rule(CONDITION, "Pedals.throttle > 9", all_but_s=1.0),
        rule(CONDITION, "lap() > 2"),
    ) == [
        ("failed", "So for 0.8 s."),
        ("passed", "So for 0.8 s: that is allowed."),
        ("skipped", "The expression names no signal, so it has no instants."),
    ]
    (held,) = await ruled(context, team, recording.id, rule(CONDITION, "Pedals.throttle > 9"))
    (moment,) = held.moments
    assert (moment.start_ns, moment.signals) == (STARTED_NS + 9_100_000_000, ("Pedals.throttle",))
    (slow,) = await ruled(context, team, recording.id, rule(RATE, "Pedals", rate_hz=100.0))
    assert slow.moments[0].signals[0].startswith("Pedals.") and slow.moments[0].worst == 10.0


async def test_by_the_catalogues_name_and_maths_channels(context: Context, team: Team) -> None:
    await save_catalogue(context, LOCAL_USER, [Entry("Driver.throttle", aliases=("Pedals.throttle",))], version=0)
    await add_channel(context, LOCAL_USER, MathsText(name="double", text="Pedals.throttle * 2"))
    await add_checklist(
        context,
        LOCAL_USER,
        ChecklistText(
            name="x", rules=(rule(LIMITS, "Driver.throttle", high=4.0), rule(LIMITS, "double", high=19.0))
        ),
    )
    recording = await team.upload(small_log(100))
    await team.work()
    named, computed = (await one(context, recording.id)).rules
    assert named.said == "Outside for 5.8 s, at worst 9.9 (Pedals.throttle)."
    assert (computed.outcome, computed.said) == (Outcome.FAILED, "Outside for 0.3 s, at worst 19.8 (double.value).")


async def test_another_catalogue_is_looked_at_anew(context: Context, team: Team) -> None:
    await add_checklist(context, LOCAL_USER, ChecklistText(name="x", rules=(rule(PRESENT, "Driver.throttle"),)))
    recording = await team.upload(small_log(100))
    await team.work()
    assert (await team.recording(recording.id)).checks == "failed"
    version = (await load_catalogue(context)).version
    await save_catalogue(
        context, LOCAL_USER, [Entry("Driver.throttle", aliases=("Pedals.throttle",))], version=version
    )
    await context.documents.jobs.change("checks_all-checked", {"due_at": 0})
    await team.work()
    assert (await team.recording(recording.id)).checks == "passed"


async def test_a_checklist_is_tried_on_the_recordings_there_are(context: Context, team: Team) -> None:
    for messages, driver in ((100, "Adam"), (60, "Mei"), (20, "Luis")):
        await team.upload(small_log(messages, driver=driver))
    await team.upload(small_log(90, driver="Eve", topic="Brakes"))
    await team.work()
    preview = await ask_preview(context, LOCAL_USER, SYSTEMS)
    assert (preview.state, preview.by_rule) == (PreviewState.WAITING, (0, 0))
    assert await team.work() == ["checklist_preview"]
    done = await get_preview(context, preview.id)
    assert (done.state, done.failed, done.total, done.looked) == (PreviewState.DONE, 3, 4, 4)
    assert (done.by_rule, done.skipped_by_rule) == ((2, 1), (1, 0))
    assert sorted((each.failed, each.rule, each.seconds) for each in done.runs) == [
        (1, 0, 4.1),
        (1, 0, 4.1),
        (1, 1, 0.0),
    ]
    assert {each.checks for each in (await context.documents.recordings.find()).items} == {""}, "nothing is kept"
    other = await ask_preview(context, LOCAL_USER, msgspec.structs.replace(SYSTEMS, cars=("HT08",)))
    await stop_preview(context, other.id)
    await team.work()
    assert (await get_preview(context, other.id)).state is PreviewState.STOPPED
    with pytest.raises(NotFound):
        await get_preview(context, "none")


async def test_a_trial_ends_in_time_and_says_of_how_many_it_is(
    context: Context, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    await team.upload(small_log(60))
    await team.work()
    monkeypatch.setattr(preview_module, "LONGEST_NS", -1)
    preview = await ask_preview(context, LOCAL_USER, SYSTEMS)
    await team.work()
    done = await get_preview(context, preview.id)
    assert (done.state, done.looked, done.total) == (PreviewState.DONE, 0, 1)


async def test_a_trial_that_was_killed_goes_on_where_it_was(context: Context, team: Team) -> None:
    for driver in ("Adam", "Mei"):
        await team.upload(small_log(60, driver=driver))
    await team.work()
    preview = await ask_preview(context, LOCAL_USER, SYSTEMS)
    half = {"looked": 1, "failed": 1, "by_rule": (1, 0), "total": 2, "state": PreviewState.RUNNING}
    await context.documents.checklist_previews.change(preview.id, half)
    await team.work()
    done = await get_preview(context, preview.id)
    assert (done.state, done.looked, done.failed, done.by_rule) == (PreviewState.DONE, 2, 2, (2, 0))


async def test_a_failed_checklist_is_told_once(context: Context, team: Team) -> None:
    address = "https://chat.example.org/hooks/secret"
    chat = Destination(
        id="", name="Pit", kind=DestinationKind.SLACK, address=address, topics=(Topic.CHECKLIST_FAILED,)
    )
    await add_destination(context, LOCAL_USER, chat)
    checklist = await add_checklist(context, LOCAL_USER, SYSTEMS)
    await team.upload(small_log(100))
    await team.work()
    (notice,) = (await context.documents.notices.find()).items
    assert notice.event.text.endswith(
        "failed Systems. Pedals.throttle from 0 to 4: Outside for 5.8 s, at worst 9.9."
    )
    said = ChecklistText(name="Systems", rules=(THROTTLE,))
    await change_checklist(context, LOCAL_USER, checklist.id, said)
    await team.work()
    assert await context.documents.notices.count() == 1
