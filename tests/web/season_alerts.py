"""What is wrong on the test day, and who is told."""

from __future__ import annotations

import msgspec

from paddock.domain.alerts import AlertSource, Raising, Severity
from paddock.domain.check_evaluation import Found
from paddock.domain.check_results import CheckedList, Moment, result_id
from paddock.domain.check_words import met, missing, result_of, skipped
from paddock.domain.checklists import CheckKind, ChecklistText, CheckText
from paddock.domain.instants import NS_PER_S
from paddock.domain.notices import Destination, DestinationKind, Topic
from paddock.domain.principal import LOCAL_USER
from paddock.domain.quiet_hours import QuietHours
from paddock.domain.rules import Comparison, RuleText
from paddock.usecases.alerts.alerts import acknowledge, clear_alert, raise_alert
from paddock.usecases.alerts.rules import add_rule
from paddock.usecases.checks.lists import add_checklist, change_checklist
from paddock.usecases.context import Context
from paddock.usecases.notices.destinations import add_destination
from paddock.usecases.notices.outbox import put_out_alerts
from tests.web.builders import HOSTILE, STARTED_NS

NIGHT = QuietHours(start="22:00", end="07:00", zone="Europe/Berlin")


async def alerts_of_the_day(context: Context, recording: str) -> None:
    """Alerts in each state, rules on and off, a chat that is told."""
    said = RuleText(
        name="Cells too hot",
        signal="cell_temperature",
        comparison=Comparison.ABOVE,
        limit=60.0,
        for_s=2.0,
        quiet=NIGHT,
    )
    rule = await add_rule(context, LOCAL_USER, said, on=True)
    state = RuleText(name=HOSTILE[:60], signal="VCU.state", comparison=Comparison.IS, text="FAULT", cars=("HT09",))
    await add_rule(context, LOCAL_USER, state)
    chat = Destination(
        id="",
        name="Pit crew",
        kind=DestinationKind.DISCORD,
        address="https://discord.example.org/api/webhooks/1/secret-word",
        topics=tuple(Topic),
        quiet=NIGHT,
    )
    await add_destination(context, LOCAL_USER, chat)
    for key, severity, more in (
        ("tires-1/hot", Severity.CRITICAL, {"device": "tires-1", "car": "HT09", "source": AlertSource.DEVICE}),
        ("seen", Severity.WARNING, {"device": "weather", "source": AlertSource.SILENCE}),
        ("over", Severity.INFO, {"car": "HT09"}),
        ("log", Severity.WARNING, {"recording": recording, "rule": rule.id, "seconds": 12.0, "signal": "a.b"}),
        (HOSTILE, Severity.INFO, {}),
    ):
        text = f"{key} is wrong, and this is said at some length so that it has to be broken on a small screen"
        raising = Raising(key=key, text=text, severity=severity, moment_ns=STARTED_NS, **more)
        alert = await raise_alert(context, raising)
        if key == "seen":
            await acknowledge(context, LOCAL_USER, alert.id)
    await clear_alert(context, "over")
    await put_out_alerts(context)


async def checks_of_the_day(context: Context, recording: str) -> None:
    """A checklist that a run failed in every way, by an earlier version of it."""
    limits = CheckText(kind=CheckKind.LIMITS, subject="BatteryPack.min_cell_v", name=HOSTILE[:60], low=2.8)
    gap = CheckText(kind=CheckKind.GAP, subject="/vectornav/imu", longest_s=1.0)
    said = ChecklistText(name="Systems check", rules=(limits, gap))
    checklist = await add_checklist(context, LOCAL_USER, said)
    await change_checklist(context, LOCAL_USER, checklist.id, msgspec.structs.replace(said, cars=("HT09",)))
    moments = [Moment(STARTED_NS + n * NS_PER_S, STARTED_NS + n * NS_PER_S, ("a.b",), 2.6) for n in range(9)]
    rules = (
        result_of(limits, {"BatteryPack.min_cell_v": Found(True, 9, 5 * NS_PER_S, 2.6, (), 100)}),
        missing(gap),
        skipped(limits, "There is no signal BatteryPack.min_cell_v in this recording."),
        met(gap),
    )
    rules = (msgspec.structs.replace(rules[0], moments=tuple(moments)), *rules[1:])
    result = CheckedList(
        id=result_id(recording, checklist.id),
        recording=recording,
        checklist=checklist.id,
        name="Systems check",
        version=1,
        rules=rules,
    )
    await context.documents.check_results.put_many([result])
    await context.documents.recordings.change(recording, {"checks": "failed", "failed_checks": result.failed})
