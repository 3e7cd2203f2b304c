"""``/api/devices/{id}/actions``: what is asked of a device, and what it answers."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Router, delete, get, post, put
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from paddock.domain.actions import DEFAULT_EXPIRES_S, Action, ActionKind, ActionState, answer_of
from paddock.domain.instants import to_rfc3339
from paddock.domain.principal import Principal, PrincipalKind
from paddock.domain.roles import Permission
from paddock.errors import Rejected
from paddock.usecases.actions.actions import (
    ask,
    find_actions,
    find_kinds,
    note_sent,
    put_kind,
    remove_kind,
    take_answer,
    waiting_actions,
)
from paddock.web.devices.api import Id
from paddock.web.kernel.injected import After, Limit, TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.problems import responses
from paddock.web.recordings.resources import Instant

ActionId = Annotated[str, PathParameter(max_length=200, description="The action's id.")]
_Text = Annotated[str, Meta(max_length=8_000)]
_Number = Annotated[int, Meta(ge=-(2**53), le=2**53)]
_Value = _Text | _Number | float | bool | None
_Values = Annotated[tuple[_Value, ...], Meta(max_length=1_000)]
_Params = Annotated[dict[Annotated[str, Meta(max_length=200)], _Value | _Values], Meta(max_length=100)]
_Seconds = _Number


class NewAction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is asked of a device."""

    name: Annotated[str, Meta(max_length=2_000, description="As the device knows it.", examples=["zero_sensors"])]
    params: Annotated[
        _Params | None, Meta(description="What else the device is told; without it, what its button says.")
    ] = None
    id: Annotated[
        str, Meta(max_length=200, description="Asked again with the same id, it is the same action.", examples=[""])
    ] = ""
    expires_s: Annotated[
        _Seconds | None, Meta(description="How long it waits for the device, in seconds.", examples=[300])
    ] = None
    dangerous: Annotated[bool, Meta(description="Whether it must be confirmed, whatever its button says.")] = False
    confirm: Annotated[bool, Meta(description="That it is meant: dangerous ones are refused without.")] = False


class DeviceAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a device says of an action."""

    state: Annotated[
        str, Meta(max_length=100, description="`acknowledged`, `done` or `failed`.", examples=["done"])
    ]
    result: Annotated[str, Meta(max_length=2_000, description="What came of it, for people.", examples=["ok"])] = ""


class ButtonText(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A button of a device."""

    label: Annotated[str, Meta(max_length=2_000, description="On the button.", examples=["Zero the sensors"])]
    params: Annotated[_Params, Meta(description="What else the device is told.")] = {}
    dangerous: Annotated[bool, Meta(description="Whoever presses it is asked once more.")] = False
    expires_s: Annotated[_Seconds, Meta(description="How long it waits for the device.")] = DEFAULT_EXPIRES_S


class ButtonResource(ButtonText, frozen=True, kw_only=True):
    """A button of a device."""

    name: Annotated[str, Meta(description="As the device knows it.", examples=["zero_sensors"])]


class ActionResource(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was asked of a device."""

    id: Annotated[str, Meta(description="Makes doing it twice harmless.", examples=["3f9a1c0de4b87a52"])]
    device: Annotated[str, Meta(description="The device's id.")]
    name: Annotated[str, Meta(description="As the device knows it.", examples=["zero_sensors"])]
    params: Annotated[dict[str, Any], Meta(description="What else the device is told.")]
    dangerous: Annotated[bool, Meta(description="Whether it had to be confirmed.")]
    state: Annotated[
        ActionState,
        Meta(description="`queued → sent → acknowledged → done` or `failed`; `expired` where it did not come."),
    ]
    asked_at: Instant
    asked_by: Annotated[str, Meta(description="Who asked.", examples=["Adam"])]
    expires_at: Annotated[str, Meta(description="After this the device is not given it any more.")]
    sent_at: Annotated[str | None, Meta(description="When it was handed to the device's connection last.")]
    times_sent: Annotated[int, Meta(description="How often that was.", examples=[1])]
    acknowledged_at: Annotated[str | None, Meta(description="Since when the device has it.")]
    ended_at: Annotated[str | None, Meta(description="When it was done, failed or expired.")]
    result: Annotated[str, Meta(description="What the device says of it.")]


class ActionPage(msgspec.Struct, frozen=True):
    """Some actions, the last first."""

    items: tuple[ActionResource, ...]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null at the end.")] = None


class ButtonList(msgspec.Struct, frozen=True):
    """The buttons of a device."""

    items: tuple[ButtonResource, ...]


@post(
    "/{device_id:str}/actions",
    needs=Permission.SEND_ACTIONS,
    status_code=201,
    responses=responses(400, 404, 409, 422),
    summary="Ask something of a device",
)
async def ask_device(
    context: TheContext, principal: ThePrincipal, device_id: Id, data: JSONBody[NewAction]
) -> ActionResource:
    """The device is given it at once, or when it returns, unless it expired before.

    A dangerous one is answered 409, `confirm_first`, until it is asked with `confirm`.
    """
    action = await ask(
        context,
        principal,
        device_id,
        data.name,
        data.params,
        action_id=data.id,
        expires_s=data.expires_s,
        dangerous=data.dangerous,
        confirmed=data.confirm,
    )
    return action_resource(action)


@get(
    "/{device_id:str}/actions",
    needs=Permission.SEE_ACTIONS,
    responses=responses(403, 404, 422),
    summary="What was asked of a device",
)
async def list_actions(
    context: TheContext,
    principal: ThePrincipal,
    device_id: Id,
    pending: Annotated[
        str | None,
        QueryParameter(max_length=20, description="Only what the device has not answered; as `?pending` does."),
    ] = None,
    limit: Limit = 50,
    after: After = None,
) -> ActionPage:
    """The last first. A device that has no MQTT asks for `?pending`, the oldest first, and so is handed them."""
    _check_device(principal, device_id)
    if pending is None:
        page = await find_actions(context, device_id, limit=limit, after=after)
        return ActionPage(tuple(map(action_resource, page.items)), page.next)
    waiting = (await waiting_actions(context, [device_id]))[:limit]
    if principal.kind is PrincipalKind.DEVICE:
        waiting = [await note_sent(context, each.id) for each in waiting]
    return ActionPage(tuple(map(action_resource, waiting)))


@post(
    "/{device_id:str}/actions/{action_id:str}",
    needs=Permission.SEE_ACTIONS,
    status_code=200,
    responses=responses(400, 403, 404, 409, 422),
    summary="Answer an action",
)
async def answer_action(
    context: TheContext, principal: ThePrincipal, device_id: Id, action_id: ActionId, data: JSONBody[DeviceAnswer]
) -> ActionResource:
    """A device that has no MQTT says here what came of it; said twice, nothing changes."""
    if principal.kind is not PrincipalKind.DEVICE:
        raise Rejected("Only the device itself says what came of an action.", code="not_allowed")
    _check_device(principal, device_id)
    answer = answer_of({"id": action_id, "state": data.state, "result": data.result})
    return action_resource(await take_answer(context, answer, at=context.now(), device_id=device_id))


@get(
    "/{device_id:str}/buttons",
    needs=Permission.READ,
    responses=responses(404, 422),
    summary="The buttons of a device",
)
async def list_buttons(context: TheContext, device_id: Id) -> ButtonList:
    """What may be asked of it with one press."""
    return ButtonList(tuple(map(button_resource, await find_kinds(context, device_id))))


@put(
    "/{device_id:str}/buttons/{name:str}",
    needs=Permission.MANAGE_DEVICES,
    responses=responses(400, 404, 422),
    summary="Give a device a button",
)
async def put_button(
    context: TheContext,
    principal: ThePrincipal,
    device_id: Id,
    name: Annotated[str, PathParameter(max_length=200, description="As the device knows the action.")],
    data: JSONBody[ButtonText],
) -> ButtonResource:
    """Adds it, or changes the one of this name."""
    kind = ActionKind(
        id="",
        device=device_id,
        name=name,
        label=data.label,
        params=data.params,
        dangerous=data.dangerous,
        expires_s=data.expires_s,
    )
    return button_resource(await put_kind(context, principal, kind))


@delete(
    "/{device_id:str}/buttons/{name:str}",
    needs=Permission.MANAGE_DEVICES,
    responses=responses(404, 422),
    summary="Remove a button",
)
async def remove_button(
    context: TheContext,
    principal: ThePrincipal,
    device_id: Id,
    name: Annotated[str, PathParameter(max_length=200, description="As the device knows the action.")],
) -> None:
    """What was asked by it stays."""
    await remove_kind(context, principal, device_id, name)


def action_resource(action: Action) -> ActionResource:
    """One action as JSON has it."""
    return ActionResource(
        id=action.id,
        device=action.device,
        name=action.name,
        params=action.params,
        dangerous=action.dangerous,
        state=action.state,
        asked_at=to_rfc3339(action.asked_at),
        asked_by=action.asked_by,
        expires_at=to_rfc3339(action.expires_at),
        sent_at=_instant(action.sent_at),
        times_sent=action.times_sent,
        acknowledged_at=_instant(action.acknowledged_at),
        ended_at=_instant(action.ended_at),
        result=action.result,
    )


def button_resource(kind: ActionKind) -> ButtonResource:
    """One button as JSON has it."""
    return ButtonResource(
        name=kind.name, label=kind.label, params=kind.params, dangerous=kind.dangerous, expires_s=kind.expires_s
    )


def _check_device(principal: Principal, device_id: str) -> None:
    if principal.kind is PrincipalKind.DEVICE and principal.name != device_id:
        raise Rejected("A device sees only what is asked of itself.", code="not_allowed")


def _instant(instant_ns: int | None) -> str | None:
    return None if instant_ns is None else to_rfc3339(instant_ns)


ROUTER = Router(
    "/api/devices",
    route_handlers=[
        ask_device,
        list_actions,
        answer_action,
        list_buttons,
        put_button,
        remove_button,
    ],
    before_request=refuse_unknown_parameters,
    tags=["devices"],
)
