"""What the client has of devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from paddock.client.connection import Connection
from paddock.client.device import Device, HandedToken, LastValue


class DeviceCalls:
    """A part of ``Client``."""

    _connection: Connection

    def devices(self) -> tuple[Device, ...]:
        """What sends while it happens, by name, disabled ones last."""
        return msgspec.convert(self._connection.call("GET", "/api/devices")["items"], tuple[Device, ...])

    def device(self, device_id: str) -> Device:
        """One of them.

        Raises:
            NotFound: there is no such device.
        """
        return msgspec.convert(self._connection.call("GET", _path(device_id)), Device)

    def add_device(self, name: str, *, type: str = "", car: str = "", device_id: str = "") -> Device:
        """Add a device; it sends once it has a token.

        Args:
            name: as people call it.
            type: what kind of device it is; devices of one type have signals of the same names.
            car: the car it belongs to.
            device_id: that it is to have; made of its name without.

        Raises:
            Rejected: something of it cannot be.
            Conflict: there is a device with this id.
        """
        body = {"name": name, "type": type, "car": car, "id": device_id}
        return msgspec.convert(self._connection.call("POST", "/api/devices", json=body, tries=1), Device)

    def device_token(self, device_id: str, *, days: int = 365) -> HandedToken:
        """Make a token for a device. What this answers is kept nowhere; the one before it admits nobody any more.

        Raises:
            NotFound: there is no such device.
        """
        path = _path(device_id, "token")
        return msgspec.convert(self._connection.call("POST", path, json={"days": days}, tries=1), HandedToken)

    def change_device(self, device_id: str, **changes: Any) -> Device:
        """Change a device: ``change_device("ht09", notes="on the roof")``, or disable it by ``is_disabled=True``.

        Raises:
            NotFound: there is no such device.
            Rejected: something of it cannot be.
        """
        return msgspec.convert(self._connection.call("PATCH", _path(device_id), json=changes), Device)

    def send(self, device_id: str, token: str, messages: Sequence[Mapping[str, Any]], *, tries: int = 4) -> int:
        """Send what a device measured; how many messages were taken, which are on the disk then.

        Args:
            device_id: of the device.
            token: its own.
            messages: objects such as ``{"timestamp": "2026-04-18T14:32:00Z", "temp": 21.5}``.
            tries: how often it is sent while nothing answers; with a time or ``seq`` in each, twice is harmless.

        Raises:
            Rejected: none of them can be taken, or the token is not the device's.
        """
        path = _path(device_id, "data")
        headers = {"Authorization": f"Bearer {token}"}
        answer = self._connection.call("POST", path, json=list(messages), headers=headers, tries=tries)
        return int(answer["messages"])

    def latest(self, device_id: str) -> dict[str, LastValue]:
        """The last value of each signal of a device, with its time.

        Raises:
            NotFound: there is no such device.
        """
        answer = self._connection.call("GET", _path(device_id, "latest"))
        return msgspec.convert(answer["values"], dict[str, LastValue])

    def set_device_photo(self, device_id: str, path: Path | str) -> Device:
        """Give a device a photo, in place of the one that it has.

        Args:
            device_id: of the device.
            path: a JPEG, PNG or WebP of at most 2 MB.

        Raises:
            NotFound: there is no such device.
            Rejected: it is no photo, or too large.
        """
        return self._file_of(device_id, "photo", Path(path).read_bytes())

    def remove_device_photo(self, device_id: str) -> Device:
        """Remove its photo.

        Raises:
            NotFound: there is no such device, or it has none.
        """
        return msgspec.convert(self._connection.call("DELETE", _path(device_id, "photo")), Device)

    def set_device_schema(self, device_id: str, path: Path | str, message: str = "") -> Device:
        """Have the protobuf messages of a device decoded by a schema from now on.

        Args:
            device_id: of the device.
            path: a ``FileDescriptorSet``, as ``protoc --include_imports --descriptor_set_out`` writes it.
            message: the full name of the message type that it sends; the only one in the schema without.

        Raises:
            NotFound: there is no such device.
            Rejected: it is no schema, has no such type, or has several.
        """
        return self._file_of(device_id, "schema", Path(path).read_bytes(), message=message)

    def save_device_schema(self, device_id: str, target: Path | str) -> Path:
        """Save the schema of a device; where it is.

        Args:
            device_id: of the device.
            target: a file, or a folder.

        Raises:
            NotFound: there is no such device, or it has none.
        """
        return self._connection.download(_path(device_id, "schema"), target, typed=False)

    def remove_device_schema(self, device_id: str) -> Device:
        """Decode its messages without a schema again, as JSON or MessagePack.

        Raises:
            NotFound: there is no such device, or it has none.
        """
        return msgspec.convert(self._connection.call("DELETE", _path(device_id, "schema")), Device)

    def _file_of(self, device_id: str, what: str, content: bytes, **query: str) -> Device:
        answer = self._connection.call("PUT", _path(device_id, what), params=query, content=lambda: iter([content]))
        return msgspec.convert(answer, Device)


def _path(device_id: str, what: str = "") -> str:
    return f"/api/devices/{quote(device_id, safe='')}" + (f"/{what}" if what else "")
