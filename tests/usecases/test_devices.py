"""Devices and their tokens: who is admitted, and who is not any more."""

from __future__ import annotations

import asyncio
import dataclasses

import jwt
import pytest

from paddock.domain.devices import Device, DeviceState
from paddock.domain.instants import NS_PER_S
from paddock.domain.principal import LOCAL_USER
from paddock.errors import Conflict, NotFound, PaddockError, Rejected
from paddock.usecases.context import Context
from paddock.usecases.devices.devices import (
    add_device,
    change_device,
    disable_device,
    enable_device,
    get_device,
    keep_photo,
    photo_of,
    seen_devices,
)
from paddock.usecases.devices.refused import RefusedInput
from paddock.usecases.devices.tokens import KnownDevices, mint_token, read_token, revoke_token, verify_token

pytestmark = pytest.mark.anyio

DAY_NS = 86_400 * NS_PER_S


async def box(context: Context, name: str = "Box") -> Device:
    return await add_device(context, LOCAL_USER, Device(id="", name=name))


async def refusal(context: Context, token: str, device_id: str | None = None) -> str:
    with pytest.raises(Rejected) as refused:
        await verify_token(context, token, device_id)
    return refused.value.code


async def test_a_device_is_added_once_under_an_id(context: Context) -> None:
    first, second = await asyncio.gather(box(context), box(context))
    assert {first.id, second.id} == {"box", "box-2"} and first.added_by == "local"
    with pytest.raises(Conflict):
        await add_device(context, LOCAL_USER, Device(id="box", name="Another"))
    with pytest.raises(NotFound):
        await get_device(context, "none")


async def test_two_people_who_change_the_same_device_are_told(context: Context) -> None:
    device = await box(context)
    changed = await change_device(context, LOCAL_USER, device.id, {"notes": "front left"}, version=device.version)
    assert (changed.notes, changed.version) == ("front left", device.version + 1)
    with pytest.raises(Conflict, match="local changed this device meanwhile"):
        await change_device(context, LOCAL_USER, device.id, {"notes": "rear"}, version=device.version)
    same = await change_device(context, LOCAL_USER, device.id, {"notes": " front left "})
    assert same == changed, "nothing was changed"


async def test_a_token_admits_its_device_until_the_next_one_or_none(context: Context) -> None:
    device, other = await box(context), await box(context, "Other")
    minted = await mint_token(context, LOCAL_USER, device.id)
    assert (await verify_token(context, minted.token)).id == device.id
    assert minted.expires_at == pytest.approx(context.now() + 365 * DAY_NS, abs=60 * NS_PER_S)
    claims = jwt.decode(minted.token, options={"verify_signature": False})
    assert claims["sub"] == device.id and claims["jti"] and claims["exp"] * NS_PER_S == minted.expires_at
    assert await refusal(context, minted.token, other.id) == "other_device"
    newer = await mint_token(context, LOCAL_USER, device.id, days=1)
    assert await refusal(context, minted.token) == "token_revoked"
    later = dataclasses.replace(context, now=lambda: newer.expires_at)
    assert await refusal(later, newer.token) == "token_expired"
    await disable_device(context, LOCAL_USER, device.id)
    assert await refusal(context, newer.token) == "device_disabled"
    await enable_device(context, LOCAL_USER, device.id)
    assert (await verify_token(context, newer.token, device.id)).id == device.id
    await revoke_token(context, LOCAL_USER, device.id)
    assert await refusal(context, newer.token) == "token_revoked"
    for days in (0, -1, 3_651):
        with pytest.raises(Rejected):
            await mint_token(context, LOCAL_USER, device.id, days=days)


async def test_what_another_key_or_none_signed_is_no_token(context: Context) -> None:
    device = await box(context)
    minted = await mint_token(context, LOCAL_USER, device.id)
    claims = jwt.decode(minted.token, options={"verify_signature": False})
    head, body, signature = minted.token.split(".")
    none = jwt.encode(claims, "", algorithm="none")
    foreign = jwt.encode(claims, b"another key, as long as the algorithm wants", algorithm="HS256")
    incomplete = jwt.encode({"sub": device.id}, context.device_key(), algorithm="HS256")
    odd = jwt.encode({**claims, "jti": 7}, context.device_key(), algorithm="HS256")
    for wrong in (
        "", "x", "a.b.c", "\ud800", f"{head}.{body}.", f"{head}.{body}.{signature[::-1]}", f" {minted.token}",
        none, foreign, incomplete, odd, "x" * 5_000,
    ):  # fmt: skip
        assert await refusal(context, wrong) == "bad_token", wrong
    assert read_token(minted.token, context.device_key()).sub == device.id


async def test_who_admits_thousands_knows_of_a_change_after_a_moment(context: Context) -> None:
    now = [context.now()]
    watching = dataclasses.replace(context, now=lambda: now[0])
    device = await box(context)
    token = (await mint_token(context, LOCAL_USER, device.id)).token
    known = KnownDevices(watching)
    await known.refresh()
    assert known.admit(token).id == device.id
    await disable_device(context, LOCAL_USER, device.id)
    await known.refresh()
    assert known.admit(token).id == device.id, "read a moment ago"
    now[0] += 300_000_000
    await known.refresh()
    with pytest.raises(Rejected, match="disabled"):
        known.admit(token)


async def test_refused_input_is_counted_by_several_processes_with_the_last_reason(context: Context) -> None:
    device = await box(context)
    site, broker = RefusedInput(context), RefusedInput(context)
    for _ in range(3):
        site.note(device.id, "not_json", "This is no JSON.")
    broker.note(device.id, "too_large", "It is too large.")
    await asyncio.gather(site.write(), broker.write())
    broker.note(device.id, "not_json", "This is no JSON either.")
    await broker.write()
    await site.write()
    (seen,) = await seen_devices(context)
    assert seen.state.refused == {"not_json": 4, "too_large": 1} and seen.state.refused_count == 5
    assert seen.state.last_refused == "This is no JSON either." and seen.state.last_refused_at
    for number in range(100):
        site.note(device.id, f"code_{number}", "…")
    await site.write()
    (seen,) = await seen_devices(context)
    assert len(seen.state.refused) == 51 and seen.state.refused_count == 105


async def test_what_could_not_be_written_is_counted_the_next_time(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = await box(context)
    refused = RefusedInput(context)
    refused.note(device.id, "not_json", "no")

    async def away(*_: object) -> None:
        raise PaddockError("away")

    with monkeypatch.context() as patched:
        patched.setattr(context.documents.device_states, "get", away)
        with pytest.raises(PaddockError):
            await refused.write()
    await refused.write()
    assert (await seen_devices(context))[0].state.refused == {"not_json": 1}


async def test_disabled_devices_come_last_and_states_stay_with_their_device(context: Context) -> None:
    for name in ("b", "a", "C"):
        await box(context, name)
    await context.documents.device_states.insert(DeviceState(id="c", messages=7))
    await disable_device(context, LOCAL_USER, "a")
    seen = await seen_devices(context)
    assert [(each.device.name, each.state.messages) for each in seen] == [("b", 0), ("C", 7), ("a", 0)]


async def test_a_photo_is_kept_beside_its_device(context: Context) -> None:
    device = await box(context)
    with pytest.raises(NotFound):
        await photo_of(context, device.id)
    changed = await keep_photo(context, LOCAL_USER, device.id, b"\xff\xd8\xff picture")
    assert changed.photo and (await photo_of(context, device.id)).media_type == "image/jpeg"
    with pytest.raises(Rejected):
        await keep_photo(context, LOCAL_USER, device.id, b"\xff\xd8\xff" + b"x" * 2_000_000)
