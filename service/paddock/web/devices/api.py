"""``/api/devices``: what sends while it happens, its token, its last values."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, Router, delete, get, patch, post, put
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from paddock.domain.devices import MAX_ID, MAX_PHOTO_BYTES, Device, StreamCuts, is_active
from paddock.domain.instants import to_rfc3339
from paddock.domain.roles import Permission
from paddock.usecases.context import Context
from paddock.usecases.devices.devices import (
    add_device,
    change_device,
    cut_stream,
    disable_device,
    enable_device,
    get_device,
    keep_photo,
    latest_values,
    photo_of,
    remove_photo,
    seen_device,
    seen_devices,
)
from paddock.usecases.devices.schemas import MAX_SCHEMA_BYTES, keep_schema, remove_schema, schema_of
from paddock.usecases.devices.tokens import (
    DEFAULT_DAYS,
    MAX_DAYS,
    MAX_TOKEN_CHARACTERS,
    mint_token,
    revoke_token,
    verify_token,
)
from paddock.usecases.streams.written import until_written
from paddock.web.devices.resources import (
    CutsResource,
    DeviceList,
    DeviceResource,
    LatestResource,
    device_resource,
    latest_resource,
)
from paddock.web.edit.files_api import body_of
from paddock.web.kernel.injected import AnyRequest, TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.problems import responses

Id = Annotated[str, PathParameter(max_length=MAX_ID, description="Of the device, as in the list.")]
NO_STORE = {"Cache-Control": "no-store"}
"""A token is in the answer."""
_Text = Annotated[str, Meta(max_length=2_000)]
_Timeout = Annotated[int, Meta(ge=-(2**53), le=2**53)]


class NewDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A device to add."""

    name: Annotated[str, Meta(max_length=2_000, description="As people call it.", examples=["Tire temps front"])]
    type: Annotated[
        str, Meta(max_length=2_000, description="What kind of device it is.", examples=["tire temperatures"])
    ] = ""
    car: Annotated[str, Meta(max_length=2_000, description="The car it belongs to.", examples=["HT09"])] = ""
    id: Annotated[
        str,
        Meta(
            max_length=200,
            description="That it is to have: letters, digits, - and _. Without, one is made of its name.",
            examples=["tire-temps-front"],
        ),
    ] = ""
    owner: Annotated[str, Meta(max_length=2_000, description="Who sees to it.")] = ""
    notes: Annotated[str, Meta(max_length=20_000, description="What else there is to know.")] = ""
    topic: Annotated[
        str, Meta(max_length=2_000, description="Of its messages that say none; made of the type without one.")
    ] = ""
    timeout_s: Annotated[
        int, Meta(ge=-(2**53), le=2**53, description="One that sent nothing for longer is silent.", examples=[60])
    ] = 60
    cuts: CutsResource = CutsResource()


class CutChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When what it sends becomes a recording; what is left out stays."""

    idle_s: Annotated[
        Annotated[int, Meta(ge=1, le=86_400)] | UnsetType, Meta(description="It has sent nothing for so long.")
    ] = UNSET
    max_bytes: Annotated[
        Annotated[int, Meta(ge=1, le=10**11)] | UnsetType, Meta(description="So much has come.")
    ] = UNSET
    max_s: Annotated[
        Annotated[int, Meta(ge=1, le=30 * 86_400)] | UnsetType, Meta(description="It has lasted so long.")
    ] = UNSET


class DeviceChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to change; what is left out stays."""

    name: Annotated[_Text | UnsetType, Meta(description="As people call it.")] = UNSET
    type: Annotated[_Text | UnsetType, Meta(description="What kind of device it is.")] = UNSET
    car: Annotated[_Text | UnsetType, Meta(description="The car it belongs to.")] = UNSET
    owner: Annotated[_Text | UnsetType, Meta(description="Who sees to it.")] = UNSET
    notes: Annotated[
        Annotated[str, Meta(max_length=20_000)] | UnsetType, Meta(description="What else there is to know.")
    ] = UNSET
    topic: Annotated[_Text | UnsetType, Meta(description="Of its messages that say none.")] = UNSET
    timeout_s: Annotated[_Timeout | UnsetType, Meta(description="After which it is silent.")] = UNSET
    cuts: CutChanges = CutChanges()
    is_disabled: Annotated[bool | UnsetType, Meta(description="Whether nothing of it is taken.")] = UNSET
    version: Annotated[
        _Timeout | None,
        Meta(description="Of the device that was looked at: a change since then is refused."),
    ] = None


class TokenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the new token is to be valid."""

    days: Annotated[
        int, Meta(ge=-(2**53), le=2**53, description=f"1 to {MAX_DAYS:,}.", examples=[DEFAULT_DAYS])
    ] = DEFAULT_DAYS


class HandedToken(msgspec.Struct, frozen=True):
    """A token, shown this once."""

    token: Annotated[str, Meta(description="A JWT. Whoever has it is the device.")]
    expires_at: Annotated[str, Meta(description="RFC 3339, UTC.", examples=["2027-04-18T14:32:00Z"])]


class TokenToVerify(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token that somebody showed."""

    token: Annotated[str, Meta(max_length=MAX_TOKEN_CHARACTERS, description="As it was sent.")]


class VerifiedToken(msgspec.Struct, frozen=True):
    """Whose token it is."""

    valid: Annotated[bool, Meta(description="Always true: any other token is answered 401 or 403.")]
    device_id: Annotated[str, Meta(description="The device that it admits.", examples=["ht09"])]
    name: Annotated[str, Meta(description="As people call it.", examples=["HT09"])]
    expires_at: Annotated[str, Meta(description="RFC 3339, UTC.")]


class Activity(msgspec.Struct, frozen=True):
    """Whether a device sends."""

    is_active: Annotated[bool, Meta(description="Whether it sent data or an alert within its time-out.")]


@get("/", needs=Permission.READ, summary="The devices")
async def list_devices(context: TheContext) -> DeviceList:
    """All of them with what they did last, disabled ones too."""
    return DeviceList(tuple(device_resource(each, context) for each in await seen_devices(context)))


@post(
    "/",
    needs=Permission.MANAGE_DEVICES,
    status_code=201,
    responses=responses(400, 409, 422),
    summary="Add a device",
)
async def send_device(context: TheContext, principal: ThePrincipal, data: JSONBody[NewDevice]) -> DeviceResource:
    """It sends once it has a token: `POST /api/devices/{id}/token`."""
    said = {name: getattr(data, name) for name in data.__struct_fields__ if name != "cuts"}
    added = await add_device(context, principal, Device(cuts=_cuts(data.cuts), **said))
    return await _resource(context, added.id)


@get("/{device_id:str}", needs=Permission.READ, responses=responses(404, 422), summary="One device")
async def show_device(context: TheContext, device_id: Id) -> DeviceResource:
    """With what it did last."""
    await until_written(context)
    return await _resource(context, device_id)


@patch(
    "/{device_id:str}",
    needs=Permission.MANAGE_DEVICES,
    responses=responses(400, 404, 409, 422),
    summary="Change a device",
)
async def edit_device(
    context: TheContext, principal: ThePrincipal, device_id: Id, data: JSONBody[DeviceChanges]
) -> DeviceResource:
    """One that is disabled sends nothing within a second, and what it has open is closed."""
    changes: dict[str, Any] = {
        name: value
        for name in ("name", "type", "car", "owner", "notes", "topic", "timeout_s")
        if (value := getattr(data, name)) is not UNSET
    }
    cuts = {name: value for name, value in msgspec.structs.asdict(data.cuts).items() if value is not UNSET}
    if cuts:
        known = await get_device(context, device_id)
        changes["cuts"] = msgspec.structs.replace(known.cuts, **cuts)
    await change_device(context, principal, device_id, changes, version=data.version)
    if data.is_disabled is not UNSET:
        await (disable_device if data.is_disabled else enable_device)(context, principal, device_id)
    return await _resource(context, device_id)


@post(
    "/{device_id:str}/token",
    needs=Permission.MANAGE_DEVICES,
    responses=responses(400, 404, 422),
    summary="Give a device a token",
)
async def hand_token(
    context: TheContext,
    principal: ThePrincipal,
    device_id: Id,
    data: JSONBody[TokenRequest | None] = None,
) -> Response[HandedToken]:
    """Kept nowhere: it is not shown again. The token before it admits nobody from now on.

    The body may say for how many days it is valid, `{"days": 90}`; without one it is a year.
    """
    minted = await mint_token(context, principal, device_id, days=(data or TokenRequest()).days)
    return Response(HandedToken(minted.token, to_rfc3339(minted.expires_at)), status_code=201, headers=NO_STORE)


@delete(
    "/{device_id:str}/token",
    needs=Permission.MANAGE_DEVICES,
    responses=responses(404, 422),
    summary="Revoke the token of a device",
)
async def take_token(context: TheContext, principal: ThePrincipal, device_id: Id) -> None:
    """It admits nobody from now on; what the device has open is closed within a second."""
    await revoke_token(context, principal, device_id)


@post(
    "/verify",
    needs=Permission.SEND_DATA,
    status_code=200,
    responses=responses(400, 401, 403, 422),
    summary="Verify the token of a device",
)
async def verify(context: TheContext, data: JSONBody[TokenToVerify]) -> Response[VerifiedToken]:
    """Whose it is. One that expired or was revoked, or that is none of ours, is answered 401 with the reason."""
    device = await verify_token(context, data.token)
    assert device.token is not None, "its token was just verified"
    said = VerifiedToken(True, device.id, device.name, to_rfc3339(device.token.expires_at))
    return Response(said, headers=NO_STORE)


@get("/{device_id:str}/is_active", needs=Permission.READ, responses=responses(404, 422), summary="Does it send?")
async def show_activity(context: TheContext, device_id: Id) -> Activity:
    """Whether it sent data or an alert within its own time-out."""
    await until_written(context)
    seen = await seen_device(context, device_id)
    return Activity(is_active(seen.device, seen.state, context.now()))


@get("/{device_id:str}/latest", needs=Permission.READ, responses=responses(404, 422), summary="Its last values")
async def show_latest(context: TheContext, device_id: Id) -> LatestResource:
    """The last value of each signal, with the time that the device said."""
    await until_written(context)
    return latest_resource(await latest_values(context, device_id))


@post(
    "/{device_id:str}/cut",
    needs=Permission.MANAGE_DEVICES,
    responses=responses(404, 422),
    status_code=202,
    summary="Make a recording now",
)
async def ask_for_cut(context: TheContext, principal: ThePrincipal, device_id: Id) -> DeviceResource:
    """What came so far becomes a recording, as it does by itself when the device is idle."""
    await cut_stream(context, principal, device_id)
    return await _resource(context, device_id)


@put(
    "/{device_id:str}/photo",
    needs=Permission.MANAGE_DEVICES,
    request_max_body_size=MAX_PHOTO_BYTES,
    responses=responses(404, 413, 422),
    summary="Give a device a photo",
)
async def send_photo(
    request: AnyRequest, context: TheContext, principal: ThePrincipal, device_id: Id
) -> DeviceResource:
    """The body is a JPEG, PNG or WebP as it is."""
    content = b"".join([piece async for piece in body_of(request)])
    await keep_photo(context, principal, device_id, content)
    return await _resource(context, device_id)


@delete(
    "/{device_id:str}/photo",
    needs=Permission.MANAGE_DEVICES,
    status_code=200,
    responses=responses(404, 422),
    summary="Remove its photo",
)
async def take_photo(context: TheContext, principal: ThePrincipal, device_id: Id) -> DeviceResource:
    """It has none then."""
    await remove_photo(context, principal, device_id)
    return await _resource(context, device_id)


@get("/{device_id:str}/photo", needs=Permission.READ, responses=responses(404, 422), summary="Its photo")
async def show_photo(
    context: TheContext,
    device_id: Id,
    of: Annotated[str, QueryParameter(max_length=100, description="Changes with the photo.")] = "",
) -> Response[bytes]:
    """As it was sent."""
    photo = await photo_of(context, device_id)
    return Response(photo.content, media_type=photo.media_type, headers={"Cache-Control": "private, max-age=86400"})


@put(
    "/{device_id:str}/schema",
    needs=Permission.MANAGE_DEVICES,
    request_max_body_size=MAX_SCHEMA_BYTES,
    responses=responses(404, 413, 422),
    summary="Register the protobuf schema of a device",
)
async def send_schema(
    request: AnyRequest,
    context: TheContext,
    principal: ThePrincipal,
    device_id: Id,
    message: Annotated[
        str,
        QueryParameter(
            max_length=500,
            description="The message type that it sends: `ht.Car`; the only one in the schema without.",
            examples=[],
        ),
    ] = "",
) -> DeviceResource:
    """The body is a `FileDescriptorSet`: `protoc --include_imports --descriptor_set_out=car.desc car.proto`.

    Without a body the schema that it has is kept, and the type alone is changed.
    """
    content = b"".join([piece async for piece in body_of(request)])
    await keep_schema(context, principal, device_id, message, content)
    return await _resource(context, device_id)


@get(
    "/{device_id:str}/schema",
    needs=Permission.READ,
    responses=responses(404, 422),
    summary="Its protobuf schema",
)
async def show_schema(context: TheContext, device_id: Id) -> Response[bytes]:
    """As it was sent."""
    schema = await schema_of(context, device_id)
    headers = {"Cache-Control": "no-cache", "Content-Disposition": f'attachment; filename="{device_id}.desc"'}
    return Response(schema.content, media_type=schema.media_type, headers=headers)


@delete(
    "/{device_id:str}/schema",
    needs=Permission.MANAGE_DEVICES,
    status_code=200,
    responses=responses(404, 422),
    summary="Remove its protobuf schema",
)
async def take_schema(context: TheContext, principal: ThePrincipal, device_id: Id) -> DeviceResource:
    """Its messages are JSON or MessagePack from then on; recordings keep the schema that they were made with."""
    await remove_schema(context, principal, device_id)
    return await _resource(context, device_id)


async def _resource(context: Context, device_id: str) -> DeviceResource:
    return device_resource(await seen_device(context, device_id), context)


def _cuts(said: CutsResource) -> StreamCuts:
    return StreamCuts(idle_s=said.idle_s, max_bytes=said.max_bytes, max_s=said.max_s)


ROUTER = Router(
    "/api/devices",
    route_handlers=[
        list_devices,
        send_device,
        show_device,
        edit_device,
        hand_token,
        take_token,
        verify,
        show_activity,
        show_latest,
        ask_for_cut,
        send_photo,
        show_photo,
        take_photo,
        send_schema,
        show_schema,
        take_schema,
    ],
    before_request=refuse_unknown_parameters,
    tags=["devices"],
)
