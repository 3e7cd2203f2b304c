"""Devices as people say them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.domain.devices import (
    Device,
    DeviceState,
    StreamCuts,
    check_device_id,
    checked_device,
    is_active,
    new_device_id,
    picture_type,
    topic_of,
)
from paddock.domain.instants import NS_PER_S
from paddock.errors import Rejected

DEVICE = Device(id="box", name="Tire temps", timeout_s=10)


@pytest.mark.parametrize(
    ("name", "taken", "device_id"),
    [
        ("HT09", (), "ht09"),
        ("Tire temps front", (), "tire-temps-front"),
        ("Tire temps", ("tire-temps", "tire-temps-2"), "tire-temps-3"),
        ("Überlingen/Süd", (), "uberlingen-sud"),
        ("温度", (), "device"),
        ("verify", (), "verify-2"),
    ],
)
def test_an_id_is_made_of_the_name(name: str, taken: tuple[str, ...], device_id: str) -> None:
    assert new_device_id(name, taken) == device_id


@given(st.text(max_size=100), st.sets(st.sampled_from(["device", "a", "b", "a-2"])))
def test_whatever_the_name_the_id_can_be_one_and_is_free(name: str, taken: set[str]) -> None:
    made = new_device_id(name, taken)
    assert check_device_id(made) == made and made not in taken


@pytest.mark.parametrize("device_id", ["", "-a", "a b", "a/b", "ä", "a+", "#", "verify", "a" * 65, "a\n"])
def test_what_is_no_id_is_refused(device_id: str) -> None:
    with pytest.raises(Rejected):
        check_device_id(device_id)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": " "},
        {"name": "a" * 81},
        {"type": "a" * 201},
        {"car": "a\x1bb"},
        {"timeout_s": 0},
        {"timeout_s": 2**40},
        {"cuts": StreamCuts(idle_s=0)},
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(Rejected) as refused:
        checked_device(msgspec.structs.replace(DEVICE, **changes))
    assert refused.value.code == "bad_device"


def test_a_device_is_active_until_its_own_time_out() -> None:
    state = DeviceState(id="box", last_seen_ns=100 * NS_PER_S)
    assert is_active(DEVICE, state, 110 * NS_PER_S)
    assert not is_active(DEVICE, state, 110 * NS_PER_S + 1)
    assert not is_active(DEVICE, None, 0) and not is_active(DEVICE, DeviceState(id="box"), 0)
    assert not is_active(msgspec.structs.replace(DEVICE, disabled_at=1), state, 101 * NS_PER_S)


def test_two_boxes_of_one_type_have_signals_of_the_same_names() -> None:
    assert topic_of(DEVICE) == "box"
    assert topic_of(msgspec.structs.replace(DEVICE, type="tire temperatures (IR)")) == "tire_temperatures_IR"
    assert topic_of(msgspec.structs.replace(DEVICE, type="tires", topic="VNData")) == "VNData"


def test_a_photo_is_known_by_its_bytes() -> None:
    assert picture_type(b"\x89PNG\r\n\x1a\nrest") == "image/png"
    assert picture_type(b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert picture_type(b"RIFF\0\0\0\0WEBPVP8 ") == "image/webp"
    for other in (b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"RIFF\0\0\0\0WAVE"):
        with pytest.raises(Rejected):
            picture_type(other)
