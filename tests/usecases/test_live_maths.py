"""Maths channels of what devices send: the values that the recording has later, and alert rules on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddock.domain.devices import Device
from paddock.domain.maths_channels import MathsChannel, MathsText
from paddock.domain.principal import LOCAL_USER
from paddock.domain.rules import Comparison, RuleText
from paddock.usecases.alerts import live_rules
from paddock.usecases.alerts.alerts import find_alerts
from paddock.usecases.alerts.rules import add_rule
from paddock.usecases.live.history import live_plot
from paddock.usecases.live.live import Live
from paddock.usecases.live.maths import LiveMaths, why_channel_not_live
from paddock.usecases.maths.channels import add_channel
from tests.usecases.conftest import Team
from tests.usecases.live_devices import START_NS, Said
from tests.usecases.test_live_history import Site, T, Track
from tests.usecases.test_recorder import track

__all__ = ["track"]
pytestmark = [pytest.mark.anyio, pytest.mark.slow("converts recordings")]

SLIP = MathsText(text="slip = low_pass(wheel.speed * r, 5) / ground.speed - 1", constants={"r": 0.2})
LOCKS = MathsText(text="locks = rising_edge(slip < -0.3)")


async def test_live_they_are_what_they_are_in_the_recording(team: Team, tmp_path: Path) -> None:
    site = Site(team, tmp_path)
    await site.add()
    for said in (SLIP, LOCKS):
        await add_channel(site.context, LOCAL_USER, said)
    maths, live = LiveMaths(site.context), Live()
    await maths.refresh()
    for number in range(120):
        at_ns = T + number * 50_000_000
        wheel = 50.0 - (number % 40 if number % 40 > 25 else 0)
        messages = [{"topic": "wheel", "timestamp": at_ns / 1e9, "speed": wheel}]
        if number % 5 == 0:
            messages.insert(0, {"topic": "ground", "timestamp": at_ns / 1e9, "speed": 10.0 + number / 50})
        site.send(messages, after_s=0.05)
        said = [Said(str(each["topic"]), at_ns, {"speed": float(each["speed"])}) for each in messages]
        live.take("box", number + 1, at_ns, [*said, *maths.computed("box", said, at_ns, at_ns)])
    await site.record(until_s=61)
    await team.work()
    (stream,) = await site.streams()
    site.context.watching.live.take(
        "box", stream.last_position + 1, site.now_ns, [Said("slip", site.now_ns, {"value": 0.0})]
    )
    plot = await live_plot(site.context, "box", ["slip.value"], T / 1e9, site.now_ns / 1e9 - 1, 50_000)
    recorded = {
        round(at * 1e3): value for at, value in zip(plot.series[0].seconds, plot.series[0].values, strict=True)
    }
    seen = live.signals("box")
    assert {each.name: each.dtype for each in seen}["locks.value"] == "bool"
    (slip,) = (each.tape.all() for each in seen if each.name == "slip.value")
    # It begins two seconds later, so the filter has another past at first.
    later = [(at, value) for at, value in zip(slip.times.tolist(), slip.values, strict=True) if at > T + 4 * 10**9]
    assert len(later) > 30
    for at, value in later:
        assert value == pytest.approx(recorded[round(at / 1e6)], abs=1e-6)


async def test_what_needs_a_whole_recording_is_refused_with_a_sentence(team: Team) -> None:
    def channel(name: str, text: str) -> MathsChannel:
        return MathsChannel(id=name, name=name, text=text)

    energy, mean = channel("energy", "integral(power)"), channel("doubled", "energy * 2")
    assert why_channel_not_live(mean, [energy, mean]) == (
        "integral() is known of recordings alone: it counts from where a recording begins, and what a device sends "
        "has no beginning."
    )
    assert "laps are timed once a log is there" in why_channel_not_live(channel("n", "lap() + 1"), [])
    assert why_channel_not_live(channel("fine", "median(delay(x, 1), 0.1)"), []) == ""

    for said in ("a = box.x * 2", "b = count(box.x > 0)", "c = nothing.there"):
        await add_channel(team.context, LOCAL_USER, MathsText(text=said))
    maths = LiveMaths(team.context)
    await maths.refresh()
    found = []
    for number in range(50):
        at_ns = START_NS + number * 100_000_000
        found += maths.computed("box", [Said("box", at_ns, {"x": 1.5})], at_ns, at_ns)
    assert {each.topic for each in found} == {"a"} and {each.values["value"] for each in found} == {3.0}
    assert len(found) == 30, "once it is known how often what comes"


async def test_a_rule_on_a_maths_channel_fires_while_the_device_sends(
    track: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_rules, "LOOK_AGAIN_S", 0.0)
    await track.add(type="tires")
    await add_channel(track.context, LOCAL_USER, MathsText(text="spread = tires.fl - tires.fr"))
    rule = RuleText(name="Uneven", signal="spread", comparison=Comparison.ABOVE, limit=10.0)
    await add_rule(track.context, LOCAL_USER, rule, on=True)
    for number in range(8):
        track.send({"timestamp": T / 1e9 + number, "fl": 80.0 + 3 * number, "fr": 80.0}, after_s=1)
    await track.record()
    (alert,) = (await find_alerts(track.context)).items
    assert (alert.device, alert.signal, alert.text) == (
        "box",
        "spread.value",
        "Uneven: spread.value is 12 (spread above 10)",
    )


async def test_it_says_nothing_of_a_device_whose_car_has_another_channel(team: Team) -> None:
    await add_channel(team.context, LOCAL_USER, MathsText(text="a = box.x * 2", car="HT08"))
    await team.context.documents.devices.insert(Device(id="box", name="box", car="HT09"))
    maths = LiveMaths(team.context)
    await maths.refresh()
    for number in range(50):
        at_ns = START_NS + number * 100_000_000
        assert not maths.computed("box", [Said("box", at_ns, {"x": 1.0})], at_ns, at_ns)
