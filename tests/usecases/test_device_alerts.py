"""What devices say on their alerts topic: read generously, counted once, bounded."""

from __future__ import annotations

import json

import msgspec
import pytest

from paddock.domain.alerts import AlertState, Severity
from paddock.errors import Rejected
from paddock.usecases.alerts.alerts import find_alerts
from paddock.usecases.alerts.from_devices import MAX_OPEN, take_device_alerts
from paddock.usecases.context import Context

pytestmark = pytest.mark.anyio

S = 10**9


async def said(context: Context, payload: object, at: int = 1, content_type: str = "application/json") -> int:
    sent = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    found = await take_device_alerts(
        context, "tires-1", sent, content_type=content_type, received_ns=at * S, car="HT09"
    )
    return len(found)


async def test_an_alert_repeats_and_ends(context: Context) -> None:
    await said(
        context, {"device_id": "tires-1", "message": "FL is at 112 °C", "severity": "critical", "value": 112}
    )
    await said(context, {"message": "FL is at 113 °C", "level": "error"}, at=2)
    (alert,) = (await find_alerts(context)).items
    assert (alert.text, alert.count, alert.severity) == ("FL is at 113 °C", 2, Severity.CRITICAL)
    assert (alert.device, alert.car, alert.fired_at) == ("tires-1", "HT09", S)
    await said(context, {"message": "FL is at 80 °C", "state": "cleared"}, at=3)
    (alert,) = (await find_alerts(context)).items
    assert alert.state is AlertState.CLEARED
    # The recorder was killed, and reads the same entries again.
    for at, payload in ((1, {"message": "FL is at 112 °C"}), (3, {"message": "FL is at 80 °C", "state": "ok"})):
        await said(context, payload, at=at)
    assert (await find_alerts(context)).items == (alert,)


@pytest.mark.parametrize(
    ("payload", "content_type", "text", "severity"),
    [
        (b"Battery low", "", "Battery low", Severity.WARNING),
        (b'"Battery low"', "", "Battery low", Severity.WARNING),
        (b'{"type": "battery_low", "level": "info"}', "", "battery_low", Severity.INFO),
        (msgspec.msgpack.encode({"msg": "Battery low", "priority": "HIGH"}), "application/msgpack", "Battery low",
         Severity.CRITICAL),
        (b'{"alert": "a\\u0000b\\nc", "severity": ["no"]}', "application/json", "a b c", Severity.WARNING),
        ('{"text": "zu heiß"}'.encode(), "application/json; charset=utf-8", "zu heiß", Severity.WARNING),
    ],
)  # fmt: skip
async def test_many_ways_to_say_it(
    context: Context, payload: bytes, content_type: str, text: str, severity: Severity
) -> None:
    await said(context, payload, content_type=content_type)
    (alert,) = (await find_alerts(context)).items
    assert (alert.text, alert.severity) == (text, severity)


async def test_times_are_seconds_to_nanoseconds_or_rfc_3339(context: Context) -> None:
    instant = 1_776_526_320
    for number, moment in enumerate(
        (
            instant,
            instant * 1_000,
            instant * 10**6,
            instant * S,
            "2026-04-18T15:32:00Z",
            "2026-04-18T17:32:00+02:00",
        )
    ):
        await said(context, {"type": f"t{number}", "timestamp": moment}, at=number + 1)
    assert {alert.moment_ns for alert in (await find_alerts(context)).items} == {instant * S}
    await said(context, {"type": "wrong", "timestamp": "yesterday"}, at=90)
    assert (await find_alerts(context)).items[0].moment_ns is None


async def test_several_in_one_message(context: Context) -> None:
    assert await said(context, [{"message": "a"}, {"message": "b"}]) == 2
    assert await said(context, b'{"message": "c"}\n{"message": "d"}\n', content_type="application/x-ndjson") == 2
    assert len((await find_alerts(context)).items) == 4


@pytest.mark.parametrize(
    ("payload", "content_type"),
    [
        (b"\xff\xfe", ""),
        (b'{"message":', "application/json"),
        (b"{not json", ""),
        (b"[" * 100_000, "application/json"),
        (b"{}", "application/json"),
        (b"[]", "application/json"),
        (b"", ""),
        (b"   ", "application/json"),
        (b"\xc1", "application/msgpack"),
        (json.dumps([{"message": "a"}] * 101).encode(), "application/json"),
    ],
)
async def test_what_says_nothing_is_refused(context: Context, payload: bytes, content_type: str) -> None:
    with pytest.raises(Rejected) as refused:
        await said(context, payload, content_type=content_type)
    assert refused.value.code == "bad_alert"
    assert not (await find_alerts(context)).items


@pytest.mark.slow("as many alerts as a device may have")
async def test_a_device_has_so_many_open_alerts_at_most(context: Context) -> None:
    for number in range(MAX_OPEN // 100):
        await said(context, [{"type": f"kind-{number}-{each}"} for each in range(100)], at=number + 1)
    with pytest.raises(Rejected) as refused:
        await said(context, {"type": "one more"}, at=50)
    assert refused.value.code == "too_many_alerts"
    assert await said(context, {"type": "kind-0-1"}, at=51) == 1, "what is open may repeat"
    await said(context, {"type": "kind-0-1", "active": False}, at=52)
    assert await said(context, {"type": "one more"}, at=53) == 1
