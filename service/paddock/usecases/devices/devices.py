"""Devices: added, changed, disabled; their photo, and what they did."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from paddock.domain.devices import (
    MAX_DEVICES,
    MAX_PHOTO_BYTES,
    Device,
    DeviceFile,
    DeviceState,
    LatestValues,
    check_device_id,
    checked_device,
    new_device_id,
    picture_type,
)
from paddock.domain.principal import Principal
from paddock.domain.words import size
from paddock.errors import Conflict, NotFound, Rejected
from paddock.ports.documents import MAX_PAGE, Equals
from paddock.usecases.context import Context
from paddock.usecases.people.audit import note_act, note_change

KIND = "device"
"""In the history of what people changed."""
FORBIDDEN_CHANGES = frozenset(Device.__struct_fields__) - {
    "name", "type", "car", "owner", "notes", "topic", "timeout_s", "cuts",
}  # fmt: skip
"""What nobody changes by saying so: the others have use cases of their own."""


AUDITED = ("name", "type", "car", "owner", "notes", "topic", "timeout_s", "cuts", "photo", "schema")


class SeenDevice(msgspec.Struct, frozen=True):
    """A device, and what it did."""

    device: Device
    state: DeviceState


async def all_devices(context: Context) -> tuple[Device, ...]:
    """Every device by its id, disabled ones too."""
    return (await context.documents.devices.find(limit=MAX_PAGE)).items


async def seen_devices(context: Context) -> tuple[SeenDevice, ...]:
    """Every device and what it did, by name, disabled ones last."""
    states = {each.id: each for each in (await context.documents.device_states.find(limit=MAX_PAGE)).items}
    found = [
        SeenDevice(each, states.get(each.id) or DeviceState(id=each.id)) for each in await all_devices(context)
    ]
    found.sort(key=lambda each: (each.device.disabled_at is not None, each.device.name.casefold(), each.device.id))
    return tuple(found)


async def get_device(context: Context, device_id: str) -> Device:
    """One device.

    Raises:
        NotFound: there is none (code ``no_such_device``).
    """
    device = await context.documents.devices.get(device_id)
    if device is None:
        raise no_such_device(device_id)
    return device


async def seen_device(context: Context, device_id: str) -> SeenDevice:
    """One device and what it did.

    Raises:
        NotFound: there is none (code ``no_such_device``).
    """
    device = await get_device(context, device_id)
    state = await context.documents.device_states.get(device_id)
    return SeenDevice(device, state or DeviceState(id=device_id))


async def add_device(context: Context, principal: Principal, device: Device) -> Device:
    """Add a device.

    Args:
        device: what is said of it; without an id it gets one that is made of its name.

    Raises:
        Rejected: something of it cannot be (code ``bad_device``), or there are as many as there may be
            (``too_many_devices``).
        Conflict: its id is taken (code ``device_exists``).
    """
    wanted = checked_device(device)
    known = {each.id for each in await all_devices(context)}
    if len(known) >= MAX_DEVICES:
        raise Rejected(f"There are at most {MAX_DEVICES} devices.", code="too_many_devices")
    said_by = {"added_at": context.now(), "added_by": principal.name}
    while True:
        device_id = check_device_id(wanted.id) if wanted.id else new_device_id(wanted.name, known)
        added = msgspec.structs.replace(wanted, id=device_id, **said_by)
        if await context.documents.devices.insert(added):
            await note_change(context, principal, KIND, None, added, fields=AUDITED)
            return added
        if wanted.id:
            raise Conflict(f"There is a device {device_id} already: choose another id.", code="device_exists")
        known.add(device_id)


async def change_device(
    context: Context,
    principal: Principal,
    device_id: str,
    changes: Mapping[str, object],
    *,
    version: int | None = None,
) -> Device:
    """Change what is said of a device.

    Args:
        changes: by field of ``Device``.
        version: of the device that was looked at; None for whatever it says by now.

    Raises:
        NotFound: there is none (code ``no_such_device``).
        Rejected: something of it cannot be (code ``bad_device``).
        Conflict: somebody changed it since that version (code ``edited_meanwhile``).
    """
    assert not FORBIDDEN_CHANGES & changes.keys(), changes
    while True:
        known = await get_device(context, device_id)
        if version is not None and known.version != version:
            raise Conflict(
                f"{known.changed_by or 'Somebody'} changed this device meanwhile: look at it again.",
                code="edited_meanwhile",
            )
        wanted = checked_device(msgspec.structs.replace(known, **changes))
        said = {name: getattr(wanted, name) for name in changes}
        if all(getattr(known, name) == value for name, value in said.items()):
            return known
        if changed := await write_device(context, principal, known, said):
            return changed


async def write_device(
    context: Context, principal: Principal, known: Device, changes: Mapping[str, object]
) -> Device | None:
    """The device with these fields; None when somebody changed it since it was read."""
    said = {
        **changes,
        "changed_at": context.now(),
        "changed_by": principal.name,
        "version": known.version + 1,
    }
    changed = await context.documents.devices.change(known.id, said, [Equals("version", known.version)])
    if changed is not None:
        await note_change(context, principal, KIND, known, changed, fields=AUDITED)
    return changed


async def set_fields(
    context: Context, principal: Principal, device_id: str, changes: Mapping[str, object]
) -> Device:
    """Change fields of a device, whatever else was changed meanwhile.

    Raises:
        NotFound: there is none (code ``no_such_device``).
    """
    while True:
        known = await get_device(context, device_id)
        if changed := await write_device(context, principal, known, changes):
            return changed


async def disable_device(context: Context, principal: Principal, device_id: str) -> Device:
    """Take nothing of a device any more; what it has open is closed within a second. What it sent stays.

    Raises:
        NotFound: there is none (code ``no_such_device``).
    """
    known = await get_device(context, device_id)
    if known.disabled_at is not None:
        return known
    changes = {"disabled_at": context.now(), "disabled_by": principal.name}
    changed = await set_fields(context, principal, device_id, changes)
    await note_act(context, principal, KIND, changed.id, changed.name, "disabled", after="disabled")
    return changed


async def enable_device(context: Context, principal: Principal, device_id: str) -> Device:
    """Take its messages again, with the token that it has.

    Raises:
        NotFound: there is none (code ``no_such_device``).
    """
    known = await get_device(context, device_id)
    if known.disabled_at is None:
        return known
    changed = await set_fields(context, principal, device_id, {"disabled_at": None, "disabled_by": ""})
    await note_act(context, principal, KIND, changed.id, changed.name, "disabled", before="disabled")
    return changed


async def cut_stream(context: Context, principal: Principal, device_id: str) -> Device:
    """Have what it sent so far become a recording now.

    Raises:
        NotFound: there is none (code ``no_such_device``).
    """
    return await set_fields(context, principal, device_id, {"cut_at": context.now()})


async def keep_photo(context: Context, principal: Principal, device_id: str, content: bytes) -> Device:
    """Give a device a picture.

    Raises:
        NotFound: there is no such device (code ``no_such_device``).
        Rejected: it is none (code ``not_a_photo``), or too large (``too_large``).
    """
    await get_device(context, device_id)
    if len(content) > MAX_PHOTO_BYTES:
        raise Rejected(f"The photo is larger than {size(MAX_PHOTO_BYTES)}: make it smaller.", code="too_large")
    photo = DeviceFile(id=f"{device_id}/photo", media_type=picture_type(content), content=content)
    await context.documents.device_files.put_many([photo])
    return await set_fields(context, principal, device_id, {"photo": hashlib.sha256(content).hexdigest()[:16]})


async def remove_photo(context: Context, principal: Principal, device_id: str) -> Device:
    """Remove the picture of a device.

    Raises:
        NotFound: there is no such device (code ``no_such_device``), or it has none (``no_photo``).
    """
    await get_device(context, device_id)
    await photo_of(context, device_id)
    changed = await set_fields(context, principal, device_id, {"photo": ""})
    await context.documents.device_files.delete([Equals("id", f"{device_id}/photo")])
    return changed


async def photo_of(context: Context, device_id: str) -> DeviceFile:
    """The picture of a device.

    Raises:
        NotFound: it has none (code ``no_photo``).
    """
    photo = await context.documents.device_files.get(f"{device_id}/photo")
    if photo is None:
        raise NotFound("This device has no photo.", code="no_photo")
    return photo


async def latest_values(context: Context, device_id: str) -> LatestValues:
    """The last value of every signal of a device.

    Raises:
        NotFound: there is no such device (code ``no_such_device``).
    """
    await get_device(context, device_id)
    found = await context.documents.device_latest.get(device_id)
    return found or LatestValues(id=device_id, received_ns=0, values={})


def no_such_device(device_id: str) -> NotFound:
    """What is said of an id that no device has."""
    return NotFound(f"There is no device {device_id[:80]!r}: add it under Devices.", code="no_such_device")
