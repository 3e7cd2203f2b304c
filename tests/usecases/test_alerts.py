"""Alerts: one for what is wrong, however often and by however many it is raised; harmless twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from paddock.domain.alerts import Alert, AlertState, Raising, Severity
from paddock.domain.principal import LOCAL_USER, Principal, PrincipalKind
from paddock.domain.roles import TeamRole
from paddock.errors import NotFound
from paddock.usecases.alerts.alerts import (
    Wanted,
    acknowledge,
    clear_alert,
    clear_by_hand,
    count_alerts,
    find_alerts,
    open_count,
    raise_alert,
)
from paddock.usecases.context import Context

pytestmark = pytest.mark.anyio

MEI = Principal(PrincipalKind.MEMBER, "Mei", TeamRole.ADMIN)


def noticed(key: str = "hot", **more: Any) -> Raising:
    return Raising(key=key, text=f"{key} is wrong", **more)


async def every(context: Context) -> tuple[Alert, ...]:
    return (await find_alerts(context)).items


async def test_it_fires_is_acknowledged_repeats_and_is_cleared(context: Context) -> None:
    fired = await raise_alert(context, noticed(device="tires-1", car="HT09", value=112.5), at=10)
    assert (fired.state, fired.count, fired.fired_at, fired.car) == (AlertState.FIRING, 1, 10, "HT09")
    seen = await acknowledge(context, MEI, fired.id)
    assert (seen.state, seen.acknowledged_by) == (AlertState.ACKNOWLEDGED, "Mei")
    assert await acknowledge(context, LOCAL_USER, fired.id) == seen, "who was first stays"
    again = await raise_alert(context, noticed(device="tires-1", value=120.0), at=20)
    assert (again.id, again.count, again.state, again.last_at) == (fired.id, 2, AlertState.ACKNOWLEDGED, 20)
    assert (again.fired_at, again.value) == (10, 120.0)
    over = await clear_alert(context, "hot", at=30)
    assert over is not None
    assert (over.state, over.cleared_at, over.cleared_by) == (AlertState.CLEARED, 30, "")
    assert over.acknowledged_by == "Mei"
    assert await clear_alert(context, "hot", at=31) is None
    assert await every(context) == (over,)


async def test_what_was_done_before_a_kill_is_done_again_without_a_trace(context: Context) -> None:
    async def story() -> None:
        await raise_alert(context, noticed(), at=10)
        await raise_alert(context, noticed(), at=11)
        await clear_alert(context, "hot", at=12)
        await raise_alert(context, noticed(), at=13)

    await story()
    before = await every(context)
    await story()
    assert await every(context) == before
    assert [(each.state, each.count, each.occurrence) for each in before] == [
        (AlertState.FIRING, 1, 2),
        (AlertState.CLEARED, 2, 1),
    ]


async def test_several_who_notice_the_same_at_once_make_one_alert(context: Context) -> None:
    await asyncio.gather(*(raise_alert(context, noticed(), at=at) for at in range(10, 18)))
    (alert,) = await every(context)
    # Who comes with an earlier time than what is known says nothing new.
    assert alert.last_at == 17 and 1 <= alert.count <= 8
    await asyncio.gather(*(acknowledge(context, MEI, alert.id) for _ in range(5)))
    (seen,) = await every(context)
    assert seen.version == alert.version + 1


async def test_one_that_got_worse_fires_again(context: Context) -> None:
    fired = await raise_alert(context, noticed(), at=1)
    await acknowledge(context, MEI, fired.id)
    worse = await raise_alert(context, noticed(severity=Severity.CRITICAL), at=2)
    assert worse.state is AlertState.FIRING and worse.id == fired.id
    assert (await acknowledge(context, LOCAL_USER, fired.id)).acknowledged_by == "local"


async def test_what_a_log_shows_is_over_once_somebody_saw_it(context: Context) -> None:
    fired = await raise_alert(context, noticed(recording="ab" * 32))
    seen = await acknowledge(context, MEI, fired.id)
    assert (seen.state, seen.acknowledged_by, seen.cleared_by) == (AlertState.CLEARED, "Mei", "Mei")
    assert await acknowledge(context, LOCAL_USER, fired.id) == seen


async def test_what_does_not_end_by_itself_is_ended_by_hand(context: Context) -> None:
    fired = await raise_alert(context, noticed(device="a"), at=1)
    assert await open_count(context, "a") == 1
    over = await clear_by_hand(context, MEI, fired.id)
    assert (over.state, over.cleared_by) == (AlertState.CLEARED, "Mei")
    assert await clear_by_hand(context, LOCAL_USER, fired.id) == over
    assert await open_count(context, "a") == 0
    with pytest.raises(NotFound):
        await acknowledge(context, MEI, "nothing")


async def test_the_list_begins_with_what_fires_and_is_filtered(context: Context) -> None:
    for at, key in enumerate(("a", "b", "c", "d"), 1):
        raising = noticed(key, device=key, car="HT09" if key < "c" else "HT08", severity=Severity.INFO)
        await raise_alert(context, raising, at=at * 10**9)
    await clear_alert(context, "d", at=9 * 10**9)
    found = await every(context)
    await acknowledge(context, MEI, next(each.id for each in found if each.key == "c"))
    assert [each.key for each in await every(context)] == ["b", "a", "c", "d"]
    first = await find_alerts(context, limit=3)
    rest = await find_alerts(context, limit=3, after=first.next)
    assert [each.key for each in (*first.items, *rest.items)] == ["b", "a", "c", "d"] and rest.next is None

    async def keys(**wanted: Any) -> list[str]:
        return [each.key for each in (await find_alerts(context, Wanted(**wanted))).items]

    assert await keys(states=(AlertState.ACKNOWLEDGED, AlertState.CLEARED)) == ["c", "d"]
    assert await keys(car="HT09", device="a") == ["a"]
    assert await keys(severities=(Severity.CRITICAL,)) == []
    assert list((await count_alerts(context)).values()) == [2, 1, 1]
