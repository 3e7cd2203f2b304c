"""The recorder applies the alert rules, and takes alerts and answers of devices; read twice, each counts once."""

from __future__ import annotations

import pytest

from paddock.device_log.entry import Kind
from paddock.domain.actions import ActionState
from paddock.domain.alerts import AlertState
from paddock.domain.principal import LOCAL_USER
from paddock.domain.rules import Comparison, RuleText
from paddock.usecases.actions.actions import ask, get_action
from paddock.usecases.alerts import live_rules
from paddock.usecases.alerts.alerts import Wanted, find_alerts
from paddock.usecases.alerts.rules import add_rule
from tests.usecases.test_recorder import Track, track

__all__ = ["track"]
pytestmark = pytest.mark.anyio

HOT = RuleText(name="Hot", signal="tires.fl", comparison=Comparison.ABOVE, limit=110.0, for_s=1.0, clear_s=2.0)


async def test_a_rule_fires_from_what_is_sent_and_its_log_is_not_looked_at_again(
    track: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_rules, "LOOK_AGAIN_S", 0.0)
    await track.add(type="tires")
    rule = await add_rule(track.context, LOCAL_USER, HOT, on=True)
    for value in (90, 111, 112):
        track.send({"fl": value}, after_s=1)
    await track.record()
    (alert,) = (await find_alerts(track.context)).items
    assert (alert.state, alert.device, alert.car, alert.rule) == (AlertState.FIRING, "box", "HT09", rule.id)
    assert alert.text == "Hot: tires.fl is 112 (tires.fl above 110 for 1 s)"
    # The recorder was killed before it kept its position: it reads all of it again.
    await track.record()
    assert (await find_alerts(track.context)).items == (alert,)
    for value in (80, 80, 80):
        track.send({"fl": value}, after_s=1)
    await track.record()
    (over,) = (await find_alerts(track.context)).items
    assert (over.state, over.count) == (AlertState.CLEARED, 1)
    await track.record(until_s=61)
    assert await track.team.work() == ["ingest", "convert", "rules"]
    assert (await find_alerts(track.context, Wanted(rule=rule.id))).items == (over,)


async def test_alerts_and_answers_of_devices_count_once(track: Track) -> None:
    await track.add()
    action = await ask(track.context, LOCAL_USER, "box", "zero")
    track.send({"message": "Battery at 3.1 V", "severity": "critical"}, kind=Kind.ALERTS, after_s=1)
    track.send({"message": "Battery at 3.0 V"}, {"message": 7}, b"{", kind=Kind.ALERTS, after_s=1)
    track.send({"id": action.id, "state": "done"}, kind=Kind.ACTIONS, after_s=1)
    track.send({"id": "nothing", "state": "done"}, b"\xff", kind=Kind.ACTIONS)
    for _ in range(2):
        await track.record()
        alerts = (await find_alerts(track.context)).items
        assert sorted((each.text, each.count) for each in alerts) == [("7", 1), ("Battery at 3.0 V", 2)]
        assert (await get_action(track.context, action.id)).state is ActionState.DONE
    state = await track.context.documents.device_states.get("box")
    assert state is not None and state.refused == {"bad_alert": 1, "no_such_action": 1, "bad_answer": 1}
