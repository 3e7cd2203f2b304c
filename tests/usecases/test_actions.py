"""Actions: each step once, whoever does it how often; what is offline gets it when it returns, or never."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from paddock.broker.actions import AskedActions
from paddock.domain.actions import Action, ActionKind, ActionState, Answer
from paddock.domain.devices import Device
from paddock.domain.instants import NS_PER_S
from paddock.domain.principal import LOCAL_USER
from paddock.errors import Conflict, NotFound, Rejected
from paddock.usecases.actions.actions import (
    ask,
    find_actions,
    find_kinds,
    get_action,
    note_sent,
    put_kind,
    remove_kind,
    take_answer,
    waiting_actions,
)
from paddock.usecases.actions.from_devices import take_device_answers
from paddock.usecases.context import Context
from paddock.usecases.devices.devices import add_device, disable_device
from paddock.usecases.people.audit import list_changes

pytestmark = pytest.mark.anyio


@pytest.fixture
async def box(context: Context) -> str:
    return (await add_device(context, LOCAL_USER, Device(id="", name="Tires"))).id


def later(context: Context, seconds: float) -> Context:
    now = context.now
    return replace(context, now=lambda: now() + round(seconds * NS_PER_S))


async def said(context: Context, box: str, action: Action, state: str, result: str = "", at: int = 5) -> Action:
    payload = json.dumps({"id": action.id, "state": state, "result": result}).encode()
    (answered,) = await take_device_answers(context, box, payload, content_type="application/json", received_ns=at)
    return answered


async def test_queued_sent_acknowledged_done(context: Context, box: str) -> None:
    action = await ask(context, LOCAL_USER, box, "zero", {"wheel": "fl"})
    assert (action.state, action.asked_by, action.times_sent) == (ActionState.QUEUED, "local", 0)
    downlink = AskedActions(context)
    (outgoing,) = await downlink.waiting([box, "other"])
    assert json.loads(outgoing.payload)["params"] == {"wheel": "fl"} and outgoing.id == action.id
    assert not await downlink.waiting([]) and not await downlink.waiting(["other"])
    await downlink.sent(action.id)
    await downlink.sent(action.id)
    assert (await get_action(context, action.id)).times_sent == 2
    assert len(await downlink.waiting([box])) == 1, "until it says that it has it"
    await downlink.acknowledged(action.id)
    await downlink.sent(action.id)
    known = await get_action(context, action.id)
    assert (known.state, known.times_sent) == (ActionState.ACKNOWLEDGED, 2)
    assert not await downlink.waiting([box])
    done = await said(context, box, action, "done", "zeroed")
    assert (done.state, done.result, done.ended_at) == (ActionState.DONE, "zeroed", 5)
    for state in ("failed", "acknowledged", "done"):
        assert await said(context, box, action, state, "again", at=9) == done
    await downlink.acknowledged(action.id)
    assert await get_action(context, action.id) == done
    (change, *_) = (await list_changes(context, kind="device", subject=box)).items
    assert (change.field, change.after, change.principal) == ("action", "zero", "local")


async def test_the_same_id_is_the_same_action(context: Context, box: str) -> None:
    asked = await asyncio.gather(*(ask(context, LOCAL_USER, box, "zero", action_id="a1") for _ in range(5)))
    assert {each.id for each in asked} == {"a1"} and len((await find_actions(context, box)).items) == 1
    with pytest.raises(Conflict) as refused:
        await ask(context, LOCAL_USER, box, "other", action_id="a1")
    assert refused.value.code == "action_exists"


async def test_one_that_is_not_taken_in_time_expires_but_what_the_device_says_counts(
    context: Context, box: str
) -> None:
    never = await ask(context, LOCAL_USER, box, "zero", expires_s=60)
    late = await note_sent(context, (await ask(context, LOCAL_USER, box, "one", expires_s=60)).id)
    has_it = await ask(context, LOCAL_USER, box, "two", expires_s=60)
    await said(context, box, has_it, "accepted")
    assert len(await waiting_actions(later(context, 59), [box])) == 2
    assert await waiting_actions(later(context, 61), [box]) == ()
    states = {each.id: each.state for each in (await find_actions(context, box)).items}
    assert states == {
        never.id: ActionState.EXPIRED,
        late.id: ActionState.EXPIRED,
        has_it.id: ActionState.ACKNOWLEDGED,
    }
    assert (await get_action(context, never.id)).ended_at == never.expires_at
    assert (await note_sent(context, never.id)).state is ActionState.EXPIRED
    assert (await said(context, box, late, "done")).state is ActionState.DONE


async def test_dangerous_ones_ask_twice(context: Context, box: str) -> None:
    await put_kind(context, LOCAL_USER, ActionKind(id="", device=box, name="pump", label="Pump on", dangerous=True))
    await put_kind(context, LOCAL_USER, ActionKind(id="", device=box, name="reboot", label="Restart"))
    for name, more in (("pump", {}), ("erase_flash", {}), ("zero", {"dangerous": True})):
        asking: dict[str, Any] = {"action_id": f"x-{name}", **more}
        with pytest.raises(Conflict) as refused:
            await ask(context, LOCAL_USER, box, name, **asking)
        assert refused.value.code == "confirm_first"
        assert (await ask(context, LOCAL_USER, box, name, confirmed=True, **asking)).dangerous
        assert (await ask(context, LOCAL_USER, box, name, **asking)).state is ActionState.QUEUED, "it is asked"
    assert not (await ask(context, LOCAL_USER, box, "reboot")).dangerous, "its button says so"


async def test_buttons_say_what_is_asked(context: Context, box: str) -> None:
    kind = ActionKind(id="", device=box, name="rate", label="Fast", params={"hz": 50}, expires_s=10)
    await put_kind(context, LOCAL_USER, kind)
    await put_kind(context, LOCAL_USER, ActionKind(id="", device=box, name="zero", label="Zero"))
    action = await ask(context, LOCAL_USER, box, "rate")
    assert action.params == {"hz": 50} and action.expires_at - action.asked_at == 10 * NS_PER_S
    assert [each.label for each in await find_kinds(context, box)] == ["Fast", "Zero"]
    await remove_kind(context, LOCAL_USER, box, "rate")
    with pytest.raises(NotFound):
        await remove_kind(context, LOCAL_USER, box, "rate")


async def test_what_cannot_be_is_refused(context: Context, box: str) -> None:
    with pytest.raises(NotFound):
        await ask(context, LOCAL_USER, "nobody", "zero")
    for more in ({"name": ""}, {"params": {"x": "y" * 9_000}}, {"action_id": "a b"}, {"expires_s": 0}):
        asking: dict[str, Any] = {"name": "zero", **more}
        with pytest.raises(Rejected):
            await ask(context, LOCAL_USER, box, **asking)
    await disable_device(context, LOCAL_USER, box)
    with pytest.raises(Conflict):
        await ask(context, LOCAL_USER, box, "zero")


async def test_a_device_answers_for_itself_alone_and_in_words_that_are_known(context: Context, box: str) -> None:
    action = await ask(context, LOCAL_USER, box, "zero")
    with pytest.raises(NotFound):
        await said(context, "other", action, "done")
    for payload in (b"{}", b"\xff", b"[1]", b'{"id": "x", "state": "perhaps"}', b'{"id": 3, "state": "done"}'):
        with pytest.raises(Rejected):
            await take_device_answers(context, box, payload, content_type="", received_ns=1)
    with pytest.raises(NotFound):
        await take_answer(context, Answer("nothing", ActionState.DONE, ""), at=1)
    assert (await get_action(context, action.id)).state is ActionState.QUEUED


async def test_so_many_wait_at_most(context: Context, box: str) -> None:
    for _ in range(100):
        await ask(context, LOCAL_USER, box, "zero")
    with pytest.raises(Rejected) as refused:
        await ask(context, LOCAL_USER, box, "zero")
    assert refused.value.code == "too_many_actions"
