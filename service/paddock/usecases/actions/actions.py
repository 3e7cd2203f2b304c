"""Actions: asked by people, handed to devices, answered by them; each step harmless twice."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec

from paddock.domain.actions import (
    DEFAULT_EXPIRES_S,
    MAX_WAITING,
    WAITING,
    Action,
    ActionKind,
    ActionState,
    Answer,
    answered,
    check_expires,
    checked_action,
    checked_kind,
    is_dangerous,
    sent,
)
from paddock.domain.instants import NS_PER_S
from paddock.domain.principal import Principal
from paddock.errors import Conflict, NotFound, Rejected, Unavailable
from paddock.ports.documents import MAX_PAGE, Between, Condition, Equals, OneOf, Page, Sort
from paddock.usecases.context import Context
from paddock.usecases.devices.devices import get_device
from paddock.usecases.people.audit import note_act

_OLDEST_FIRST = Sort("asked_at")
_NEWEST_FIRST = Sort("asked_at", descending=True)
_ATTEMPTS = 20


async def ask(
    context: Context,
    principal: Principal,
    device_id: str,
    name: str,
    params: Mapping[str, Any] | None = None,
    *,
    action_id: str = "",
    expires_s: int | None = None,
    dangerous: bool = False,
    confirmed: bool = False,
) -> Action:
    """Ask something of a device. The same id asked again is the same action.

    Args:
        params: what the device is told besides the name; that of its button, if not given.
        action_id: made here where it is empty.
        expires_s: how long it waits for the device; as the button says, if not given.
        dangerous: whether it must be confirmed although its button does not say so.
        confirmed: whether who asks was asked once more.

    Raises:
        NotFound: there is no such device (code ``no_such_device``).
        Rejected: it cannot be (code ``bad_action``), too many wait (``too_many_actions``).
        Conflict: it is dangerous and not confirmed (code ``confirm_first``), its id is that of another action
            (``action_exists``), or the device is disabled (``device_disabled``).
    """
    device = await get_device(context, device_id)
    kind = await context.documents.action_kinds.get(f"{device_id}/{name}")
    now = context.now()
    if expires_s is None:
        expires_s = kind.expires_s if kind is not None else DEFAULT_EXPIRES_S
    action = checked_action(
        Action(
            id=action_id or secrets.token_hex(8),
            device=device_id,
            name=name,
            params=dict(params if params is not None else kind.params if kind is not None else {}),
            dangerous=dangerous or is_dangerous(name, kind),
            asked_at=now,
            asked_by=principal.name,
            expires_at=now + check_expires(expires_s) * NS_PER_S,
        )
    )
    if action_id and (known := await context.documents.actions.get(action_id)) is not None:
        return _the_same(known, action)
    if device.disabled_at is not None:
        raise Conflict(f"{device.name} is disabled: enable it first.", code="device_disabled")
    if action.dangerous and not confirmed:
        raise Conflict(
            f"{name} may do harm: say that you mean it, with confirm, to have {device.name} do it.",
            code="confirm_first",
        )
    waiting: list[Condition] = [Equals("device", device_id), OneOf("state", WAITING)]
    if await context.documents.actions.count(waiting) >= MAX_WAITING:
        raise Rejected(
            f"{MAX_WAITING} actions wait for {device.name} already: let it answer them first.",
            code="too_many_actions",
        )
    if await context.documents.actions.insert(action):
        await note_act(context, principal, "device", device.id, device.name, "action", after=name)
        return action
    return _the_same(await get_action(context, action.id), action)


async def get_action(context: Context, action_id: str) -> Action:
    """One action.

    Raises:
        NotFound: there is none (code ``no_such_action``).
    """
    action = await context.documents.actions.get(action_id)
    if action is None:
        raise NotFound(f"There is no action {action_id[:80]!r}.", code="no_such_action")
    return action


async def find_actions(
    context: Context, device_id: str, *, limit: int = 50, after: str | None = None
) -> Page[Action]:
    """What was asked of a device, the last first."""
    await expire_actions(context)
    where = [Equals("device", device_id)]
    return await context.documents.actions.find(where, sort=_NEWEST_FIRST, limit=limit, after=after)


async def waiting_actions(context: Context, device_ids: Collection[str]) -> Sequence[Action]:
    """What is to be handed to devices, the oldest first: what they have not said to have."""
    await expire_actions(context)
    where = [OneOf("device", tuple(device_ids)), OneOf("state", WAITING)]
    return (await context.documents.actions.find(where, sort=_OLDEST_FIRST, limit=MAX_PAGE)).items


async def note_sent(context: Context, action_id: str) -> Action:
    """The action after it was handed to its device's connection once more.

    Raises:
        NotFound: there is none (code ``no_such_action``).
    """
    return await _change(context, action_id, lambda action: sent(action, context.now()))


async def take_answer(context: Context, answer: Answer, *, at: int, device_id: str | None = None) -> Action:
    """Note what a device says of an action; again, nothing changes.

    Args:
        device_id: who says it; None for whoever hands it over in the device's name.

    Raises:
        NotFound: nobody asked that of this device (code ``no_such_action``).
    """
    if device_id is not None and (await get_action(context, answer.action)).device != device_id:
        raise NotFound(f"There is no action {answer.action!r} of {device_id}.", code="no_such_action")
    return await _change(context, answer.action, lambda action: answered(action, answer, at))


async def _change(context: Context, action_id: str, changed: Callable[[Action], Action]) -> Action:
    for _ in range(_ATTEMPTS):
        action = await get_action(context, action_id)
        if (wanted := changed(action)) == action:
            return action
        if (done := await _replace(context, action, wanted)) is not None:
            return done
    raise Unavailable("Others change this action all the time: try again.", code="action_busy")


async def expire_actions(context: Context) -> int:
    """Note which actions their devices did not take in time; how many."""
    now = context.now()
    late: list[Condition] = [OneOf("state", WAITING), Between("expires_at", below=now)]
    expired = 0
    for action in (await context.documents.actions.find(late, limit=MAX_PAGE)).items:
        wanted = msgspec.structs.replace(
            action, state=ActionState.EXPIRED, ended_at=action.expires_at, version=action.version + 1
        )
        expired += await _replace(context, action, wanted) is not None
    return expired


async def find_kinds(context: Context, device_id: str) -> Sequence[ActionKind]:
    """The buttons of a device, in the order in which they were added."""
    where = [Equals("device", device_id)]
    return (await context.documents.action_kinds.find(where, sort=Sort("added_at"), limit=MAX_PAGE)).items


async def put_kind(context: Context, principal: Principal, kind: ActionKind) -> ActionKind:
    """Add a button to a device, or change the one of the same name.

    Raises:
        NotFound: there is no such device (code ``no_such_device``).
        Rejected: it cannot be (code ``bad_action``), or the device has as many as it may (``too_many_actions``).
    """
    await get_device(context, kind.device)
    wanted = msgspec.structs.replace(
        checked_kind(kind), id=f"{kind.device}/{kind.name}", added_at=context.now(), added_by=principal.name
    )
    known = {each.id: each for each in await find_kinds(context, kind.device)}
    if wanted.id in known:
        wanted = msgspec.structs.replace(wanted, added_at=known[wanted.id].added_at)
    elif len(known) >= MAX_WAITING:
        raise Rejected(f"A device has at most {MAX_WAITING} buttons.", code="too_many_actions")
    await context.documents.action_kinds.put_many([wanted])
    await note_act(context, principal, "device", kind.device, kind.device, "button", after=wanted.label)
    return wanted


async def remove_kind(context: Context, principal: Principal, device_id: str, name: str) -> None:
    """Remove a button; what was asked by it stays.

    Raises:
        NotFound: there is none (code ``no_such_action``).
    """
    if not await context.documents.action_kinds.delete([Equals("id", f"{device_id}/{name}")]):
        raise NotFound("There is no such button: it may have been removed.", code="no_such_action")
    await note_act(context, principal, "device", device_id, device_id, "button", before=name)


def _the_same(known: Action, asked: Action) -> Action:
    if (known.device, known.name, known.params) == (asked.device, asked.name, asked.params):
        return known
    raise Conflict(f"{known.id} is the id of another action: use a new one.", code="action_exists")


async def _replace(context: Context, action: Action, changed: Action) -> Action | None:
    names = [name for name in action.__struct_fields__ if getattr(action, name) != getattr(changed, name)]
    changes = {name: getattr(changed, name) for name in names}
    return await context.documents.actions.change(action.id, changes, [Equals("version", action.version)])
