"""Rules: kept, applied to what comes now, to every log that comes in, and tried on the recordings there are."""

from __future__ import annotations

import msgspec
import pytest

from paddock.domain.alerts import Alert, AlertState, Severity
from paddock.domain.catalogue import Entry
from paddock.domain.instants import NS_PER_S
from paddock.domain.principal import LOCAL_USER
from paddock.domain.quiet_hours import QuietHours
from paddock.domain.rule_preview import PreviewState
from paddock.domain.rules import Comparison, Rule, RuleText
from paddock.errors import Conflict, NotFound, Rejected
from paddock.ports.documents import Equals
from paddock.usecases.alerts import live_rules
from paddock.usecases.alerts.alerts import acknowledge, find_alerts
from paddock.usecases.alerts.ingest_rules import ask_rules
from paddock.usecases.alerts.live_rules import LiveRules, LiveSample
from paddock.usecases.alerts.preview import ask_preview, get_preview, stop_preview
from paddock.usecases.alerts.rules import add_rule, all_rules, change_rule, remove_rule
from paddock.usecases.catalogue.catalogue import save_catalogue
from paddock.usecases.context import Context
from paddock.usecases.people.audit import list_changes
from tests.logs import STARTED_NS, small_log
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio

HOT = RuleText(
    name="Tires too hot", signal="Tires.fl", comparison=Comparison.ABOVE, limit=110.0, hysteresis=2.0, clear_s=0.0
)
THROTTLE = RuleText(name="Full throttle", signal="Pedals.throttle", comparison=Comparison.ABOVE, limit=4.0)


@pytest.fixture(autouse=True)
def look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_rules, "LOOK_AGAIN_S", 0.0)


def sample(second: float, received: float | None = None, **values: object) -> LiveSample:
    received_ns = round((second if received is None else received) * NS_PER_S)
    return LiveSample("Tires", round(second * NS_PER_S), values, received_ns)


async def every(context: Context) -> tuple[Alert, ...]:
    return (await find_alerts(context)).items


async def test_rules_are_kept_changed_and_removed(context: Context) -> None:
    rule = await add_rule(context, LOCAL_USER, msgspec.structs.replace(HOT, name="  Hot ", cars=(" HT09 ", "")))
    assert (rule.said.name, rule.said.cars, rule.on, rule.revision) == ("Hot", ("HT09",), False, 1)
    on = await change_rule(context, LOCAL_USER, rule.id, on=True)
    assert on.on and on.revision == 1
    milder = msgspec.structs.replace(rule.said, severity=Severity.INFO)
    assert (await change_rule(context, LOCAL_USER, rule.id, said=milder, version=on.version)).revision == 1
    higher = msgspec.structs.replace(rule.said, limit=120.0)
    assert (await change_rule(context, LOCAL_USER, rule.id, said=higher)).revision == 2
    with pytest.raises(Conflict):
        await change_rule(context, LOCAL_USER, rule.id, on=False, version=1)
    await remove_rule(context, LOCAL_USER, rule.id)
    assert await all_rules(context) == ()
    with pytest.raises(NotFound):
        await change_rule(context, LOCAL_USER, rule.id, on=True)
    audit = (await list_changes(context, kind="rule", subject=rule.id)).items
    assert {"created", "said", "on", "removed"} == {each.field for each in audit}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": " "},
        {"signal": ""},
        {"limit": None},
        {"limit": float("nan")},
        {"hysteresis": -1.0},
        {"for_s": 1e9},
        {"clear_s": float("nan")},
        {"comparison": Comparison.OUTSIDE},
        {"comparison": Comparison.INSIDE, "low": 2.0, "high": 1.0},
        {"comparison": Comparison.IS, "limit": None},
        {"quiet": QuietHours(start="22:00", end="07:00", zone="Moon/Base")},
        {"quiet": QuietHours(start="22:00", end="22:00")},
        {"quiet": QuietHours(start="25:00", end="07:00")},
    ],
)
async def test_what_cannot_be_is_refused(context: Context, changes: dict[str, object]) -> None:
    with pytest.raises(Rejected):
        await add_rule(context, LOCAL_USER, msgspec.structs.replace(HOT, **changes))


async def on(context: Context, said: RuleText = HOT) -> Rule:
    return await add_rule(context, LOCAL_USER, said, on=True)


async def test_a_rule_fires_live_and_is_over_and_a_restart_forgets_nothing(context: Context) -> None:
    rule = await on(context, msgspec.structs.replace(HOT, for_s=2.0))
    await LiveRules(context).take("tires-1", "HT09", [sample(1, fl=111.0), sample(2, fl=112.0)])
    assert await every(context) == ()
    rules = LiveRules(context)
    await rules.take("tires-1", "HT09", [sample(3, received=3.5, fl=113.0, fr=200.0)])
    (alert,) = await every(context)
    assert (alert.device, alert.car, alert.rule, alert.signal) == ("tires-1", "HT09", rule.id, "Tires.fl")
    assert (alert.fired_at, alert.moment_ns, alert.value) == (3.5 * NS_PER_S, NS_PER_S, 113.0)
    assert alert.text == "Tires too hot: Tires.fl is 113 (Tires.fl above 110 for 2 s)"
    # Killed before it said how far it was: the same again, in other pieces.
    again = LiveRules(context)
    for each in (sample(1, fl=111.0), sample(2, fl=112.0), sample(3, received=3.5, fl=113.0)):
        await again.take("tires-1", "HT09", [each])
    assert await every(context) == (alert,)
    await again.take("tires-1", "HT09", [sample(4, fl=109.0)])
    assert (await every(context))[0].state is AlertState.FIRING, "within the hysteresis"
    await again.take("tires-1", "HT09", [sample(5, fl=107.0)])
    (over,) = await every(context)
    assert (over.state, over.cleared_at, over.count) == (AlertState.CLEARED, 5 * NS_PER_S, 1)


async def test_a_killed_process_that_had_raised_but_not_remembered_counts_once(context: Context) -> None:
    await on(context)
    await LiveRules(context).take("tires-1", "", [sample(1, fl=120.0)])
    await context.documents.rule_watches.delete([Equals("id", "tires-1")])
    await LiveRules(context).take("tires-1", "", [sample(1, fl=120.0), sample(2, fl=121.0)])
    (alert,) = await every(context)
    assert alert.count == 1


async def test_what_fires_several_times_in_one_batch_is_as_many_alerts_and_stays_so(context: Context) -> None:
    await on(context)
    batch = [sample(n, 10.0, fl=degrees) for n, degrees in enumerate((120.0, 80.0, 121.0, 80.0, 122.0))]
    states = ["firing", "cleared", "cleared"]
    for rules in (LiveRules(context), LiveRules(context)):
        await rules.take("tires-1", "", batch)
        found = [(each.state.value, each.value) for each in await every(context)]
        assert found == list(zip(states, (122.0, 121.0, 120.0), strict=True))
        # As after a kill before anything was remembered.
        await context.documents.rule_watches.delete([Equals("id", "tires-1")])
    await LiveRules(context).take("tires-1", "", [*batch, sample(5, 10.1, fl=80.0)])
    assert [each.state for each in await every(context)] == [AlertState.CLEARED] * 3


async def test_only_its_cars_and_only_while_it_is_on(context: Context) -> None:
    rule = await on(context, msgspec.structs.replace(HOT, cars=("ht08",)))
    rules = LiveRules(context)
    await rules.take("tires-1", "HT09", [sample(1, fl=120.0)])
    await rules.take("other", "", [sample(1, fl=120.0)])
    assert await every(context) == ()
    await rules.take("tires-2", "HT08", [sample(1, fl=120.0)])
    (alert,) = await every(context)
    await change_rule(context, LOCAL_USER, rule.id, on=False)
    await rules.take("tires-2", "HT08", [sample(2, fl=130.0)])
    (over,) = await every(context)
    assert over.id == alert.id and over.state is AlertState.CLEARED


async def test_a_rule_that_was_changed_looks_anew(context: Context) -> None:
    rule = await on(context)
    rules = LiveRules(context)
    await rules.take("tires-1", "", [sample(1, fl=120.0)])
    await change_rule(context, LOCAL_USER, rule.id, said=msgspec.structs.replace(HOT, limit=115.0))
    await rules.take("tires-1", "", [sample(2, fl=121.0)])
    # Changed at a later time than those samples came: they were only looked at afterwards.
    assert [each.state for each in await every(context)] == [AlertState.FIRING, AlertState.CLEARED]


async def test_by_the_catalogues_name_by_role_and_by_text(context: Context) -> None:
    await save_catalogue(context, LOCAL_USER, [Entry("Tires.front_left", aliases=("Tires.fl",))], version=0)
    await on(context, msgspec.structs.replace(HOT, name="a", signal="Tires.front_left"))
    await on(context, msgspec.structs.replace(HOT, name="b", signal="cell_temperature", limit=60.0))
    await on(context, RuleText(name="c", signal="Tires.mode", comparison=Comparison.IS, text="FAULT"))
    rules = LiveRules(context)
    await rules.take("x", "", [sample(1, fl=120.0, cell_temps_c=61.0, mode="OK", odd=[1], huge=10**400)])
    await rules.take("x", "", [sample(2, mode="FAULT"), sample(3, mode=None)])
    assert sorted(each.text[:1] for each in await every(context)) == ["a", "b", "c"]


async def test_a_clock_that_was_set_back_does_not_stop_the_rules(context: Context) -> None:
    await on(context)
    rules = LiveRules(context)
    await rules.take("x", "", [sample(4_000_000_000, received=1, fl=50.0)])
    await rules.take("x", "", [sample(100, received=2, fl=120.0)])
    assert len(await every(context)) == 1


async def test_every_log_that_comes_in_is_looked_at_once(context: Context, team: Team) -> None:
    rule = await on(context, THROTTLE)
    await on(context, msgspec.structs.replace(THROTTLE, name="never", limit=99.0))
    recording = await team.upload(small_log(100))
    assert await team.work() == ["ingest", "convert", "rules"]
    (alert,) = await every(context)
    assert (alert.recording, alert.car, alert.rule, alert.signal) == (
        recording.id,
        "HT09",
        rule.id,
        "Pedals.throttle",
    )
    assert alert.moment_ns == STARTED_NS + 4_100_000_000
    assert alert.text == "Full throttle: Pedals.throttle was 4.1 (Pedals.throttle above 4)"
    seen = await acknowledge(context, LOCAL_USER, alert.id)
    assert seen.state is AlertState.CLEARED
    await team.upload(small_log(20, driver="Mei"))
    assert await team.work() == ["ingest", "convert", "rules"]
    assert len(await every(context)) == 1, "there the throttle is never full"


async def test_a_rule_that_is_switched_on_later_leaves_older_logs_alone(context: Context, team: Team) -> None:
    recording = await team.upload(small_log(100))
    await team.work()
    await on(context, THROTTLE)
    await ask_rules(context, recording)
    assert await team.work() == ["rules"]
    assert await every(context) == ()


async def test_without_rules_there_is_no_job(context: Context, team: Team) -> None:
    await add_rule(context, LOCAL_USER, THROTTLE)
    await team.upload(small_log())
    assert await team.work() == ["ingest", "convert"]


async def test_a_rule_is_tried_on_the_recordings_there_are(context: Context, team: Team) -> None:
    for messages, driver in ((100, "Adam"), (60, "Mei"), (20, "Luis")):
        await team.upload(small_log(messages, driver=driver))
    await team.upload(small_log(90, driver="Eve", topic="Brakes"))
    await team.work()
    preview = await ask_preview(context, LOCAL_USER, THROTTLE)
    assert preview.state is PreviewState.WAITING
    assert await team.work() == ["rule_preview"]
    done = await get_preview(context, preview.id)
    assert (done.state, done.fired, done.total, done.looked, done.skipped) == (PreviewState.DONE, 2, 3, 3, 0)
    assert {(each.signal, each.count, each.value) for each in done.hits} == {("Pedals.throttle", 1, 4.1)}
    assert [round(each.seconds, 3) for each in done.hits] == [4.1, 4.1]
    assert await every(context) == (), "nothing is raised"
    other = await ask_preview(context, LOCAL_USER, msgspec.structs.replace(THROTTLE, cars=("HT08",)))
    await stop_preview(context, other.id)
    await team.work()
    assert (await get_preview(context, other.id)).state is PreviewState.STOPPED


async def test_a_trial_by_role_looks_at_what_plays_it(context: Context, team: Team) -> None:
    await team.upload(small_log(60))
    await team.work()
    said = RuleText(name="x", signal="throttle", comparison=Comparison.OUTSIDE, low=0.0, high=3.0)
    preview = await ask_preview(context, LOCAL_USER, said)
    await team.work()
    done = await get_preview(context, preview.id)
    assert (done.fired, done.total) == (1, 1)
    assert done.hits[0].signal == "Pedals.throttle"


async def test_a_trial_that_was_killed_goes_on_where_it_was(context: Context, team: Team) -> None:
    for driver in ("Adam", "Mei"):
        await team.upload(small_log(60, driver=driver))
    await team.work()
    preview = await ask_preview(context, LOCAL_USER, THROTTLE)
    half = {"looked": 1, "fired": 1, "total": 2, "state": PreviewState.RUNNING}
    await context.documents.rule_previews.change(preview.id, half)
    await team.work()
    done = await get_preview(context, preview.id)
    assert (done.state, done.looked, done.fired, len(done.hits)) == (PreviewState.DONE, 2, 2, 1)
