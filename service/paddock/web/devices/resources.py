"""What the API says of devices."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from paddock.domain.devices import DeviceToken, LatestValues, is_active, topic_of
from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.usecases.context import Context
from paddock.usecases.devices.devices import SeenDevice

Time = Annotated[str | None, Meta(description="RFC 3339, UTC.", examples=["2026-04-18T14:32:00Z"])]


class CutsResource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When what a device sends becomes a recording, whichever comes first."""

    idle_s: Annotated[int, Meta(ge=1, le=86_400, description="It has sent nothing for so long.")] = 60
    max_bytes: Annotated[int, Meta(ge=1, le=10**11, description="So much has come.")] = 500_000_000
    max_s: Annotated[int, Meta(ge=1, le=30 * 86_400, description="It has lasted so long.")] = 3_600


class TokenResource(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a device's token; the token itself is kept nowhere."""

    minted_at: Time
    minted_by: Annotated[str, Meta(description="Who made it.")]
    expires_at: Time


class RefusedResource(msgspec.Struct, frozen=True, kw_only=True):
    """Input of a device that was not taken."""

    count: Annotated[int, Meta(description="All in all.", examples=[0])]
    by_code: Annotated[dict[str, int], Meta(description="By the code of the reason.", examples=[{"not_json": 3}])]
    last: Annotated[str, Meta(description="The last reason, as a sentence; empty without one.")]
    last_at: Time


class DeviceResource(msgspec.Struct, frozen=True, kw_only=True):
    """One device."""

    id: Annotated[str, Meta(description="In topics and addresses, and its user name in MQTT.", examples=["ht09"])]
    name: Annotated[str, Meta(description="As people call it.", examples=["HT09"])]
    type: Annotated[str, Meta(description="What kind of device it is.", examples=["tire temperatures"])]
    car: Annotated[str, Meta(description="The car it belongs to.", examples=["HT09"])]
    owner: Annotated[str, Meta(description="Who sees to it.", examples=["Mei Lin"])]
    notes: Annotated[str, Meta(description="What else there is to know.")]
    topic: Annotated[str, Meta(description="Of its messages that say none.", examples=["tire_temperatures"])]
    timeout_s: Annotated[int, Meta(description="One that sent nothing for longer is silent.", examples=[60])]
    cuts: CutsResource
    is_active: Annotated[bool, Meta(description="Whether it sent something within its time-out.")]
    is_disabled: Annotated[bool, Meta(description="Whether nothing of it is taken.")]
    last_seen: Time
    messages: Annotated[int, Meta(description="How many were taken in, all in all.", examples=[120_000])]
    left_out: Annotated[
        int,
        Meta(description="Values that are recorded and not shown live: it sends too much, or too many signals."),
    ]
    clock_offset_s: Annotated[
        float | None,
        Meta(description="How far its clock is behind; null while that is not known, or it says no times."),
    ]
    photo: Annotated[str | None, Meta(description="Where its picture is; null without one.")]
    schema: Annotated[str, Meta(description="The protobuf message that its binary messages are.")]
    token: Annotated[TokenResource | None, Meta(description="Null while it has none.")]
    refused: RefusedResource
    added_at: Time
    added_by: Annotated[str, Meta(description="By whom.")]
    version: Annotated[int, Meta(description="To say when it is changed.", examples=[1])]


class DeviceList(msgspec.Struct, frozen=True):
    """All devices by name, disabled ones last."""

    items: tuple[DeviceResource, ...]


class ValueResource(msgspec.Struct, frozen=True):
    """The last value of a signal."""

    value: Annotated[float | int | str | bool | None, Meta(description="As it was sent.", examples=[81.5])]
    time: Annotated[str, Meta(description="As the device says, else when it came: RFC 3339.")]
    name: Annotated[
        str | None, Meta(description="What the number is called, by schema or CAN database.", examples=["READY"])
    ] = None


class LatestResource(msgspec.Struct, frozen=True):
    """The last value of every signal of a device."""

    device_id: Annotated[str, Meta(description="Of the device.")]
    received_at: Time
    values: Annotated[dict[str, ValueResource], Meta(description="By signal: topic and field.")]


def device_resource(seen: SeenDevice, context: Context) -> DeviceResource:
    """A device as JSON has it."""
    device, state = seen.device, seen.state
    live = context.watching.live.device(device.id)
    offset_ns = state.clock_offset_ns
    return DeviceResource(
        id=device.id,
        name=device.name,
        type=device.type,
        car=device.car,
        owner=device.owner,
        notes=device.notes,
        topic=topic_of(device),
        timeout_s=device.timeout_s,
        cuts=CutsResource(idle_s=device.cuts.idle_s, max_bytes=device.cuts.max_bytes, max_s=device.cuts.max_s),
        is_active=is_active(device, state, context.now()),
        is_disabled=device.disabled_at is not None,
        last_seen=_time(state.last_seen_ns),
        messages=state.messages,
        left_out=live.left_out if live else 0,
        clock_offset_s=None if offset_ns is None else offset_ns / NS_PER_S,
        photo=f"/api/devices/{device.id}/photo?of={device.photo}" if device.photo else None,
        schema=device.schema,
        token=_token(device.token),
        refused=RefusedResource(
            count=state.refused_count,
            by_code=state.refused,
            last=state.last_refused,
            last_at=_time(state.last_refused_at),
        ),
        added_at=_time(device.added_at),
        added_by=device.added_by,
        version=device.version,
    )


def latest_resource(latest: LatestValues) -> LatestResource:
    """Latest values as JSON has them."""
    return LatestResource(
        latest.id,
        _time(latest.received_ns or None),
        {
            name: ValueResource(each.value, to_rfc3339(each.time_ns), each.name or None)
            for name, each in latest.values.items()
        },
    )


def _token(token: DeviceToken | None) -> TokenResource | None:
    if token is None:
        return None
    return TokenResource(
        minted_at=_time(token.minted_at), minted_by=token.minted_by, expires_at=_time(token.expires_at)
    )


def _time(instant_ns: int | None) -> str | None:
    return None if instant_ns is None else to_rfc3339(instant_ns)
