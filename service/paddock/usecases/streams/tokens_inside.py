"""Tokens that devices put into what they send, as ``jwt_token``: checked, and gone before anything is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from paddock.domain.device_messages import DEVICE, MAX_DEPTH, TOKEN
from paddock.errors import Rejected
from paddock.readers.decoders.json_text import parsed
from paddock.usecases.streams.payloads import NotReadable, PayloadKind, from_msgpack, kind_of, not_json


class Unsealed(NamedTuple):
    """What was sent, without tokens."""

    payload: bytes
    tokens: frozenset[str]
    devices: frozenset[str]
    """The ids that messages say to be of."""


def unsealed(content_type: str, payload: bytes, *, has_schema: bool = False) -> Unsealed:
    """Take the tokens out of a payload. One that has none stays as it is, byte for byte.

    Raises:
        Rejected: it has what looks like a token and cannot be read, so that none could be taken out
            (codes ``not_json``, ``not_msgpack``, ``bad_token``).
    """
    # Anything may be written with escapes in JSON, and so may the key.
    if TOKEN.encode() not in payload and DEVICE.encode() not in payload and b"\\u" not in payload:
        return Unsealed(payload, frozenset(), frozenset())
    kind = kind_of(content_type, payload, has_schema=has_schema)
    if kind in (PayloadKind.PROTOBUF, PayloadKind.CAN):
        return Unsealed(payload, frozenset(), frozenset())
    found = _Found()
    try:
        if kind is PayloadKind.MSGPACK:
            return found.said(msgspec.msgpack.encode(found.without(from_msgpack(payload))), payload)
        return found.said(_without_in_json(kind, payload, found), payload)
    except NotReadable as error:
        raise Rejected(error.problem.reason, code=error.problem.code) from None


def _without_in_json(kind: PayloadKind, payload: bytes, found: _Found) -> bytes:
    if kind is PayloadKind.JSON:
        try:
            return _encoded(found.without(parsed(payload)))
        except ValueError:
            if b"\n" not in payload.strip():
                raise not_json() from None
    lines = []
    for line in payload.split(b"\n"):
        try:
            lines.append(_encoded(found.without(parsed(line))) if line.strip() else b"")
        except ValueError:
            lines.append(found.dropped(line) if TOKEN.encode() in line or b"\\u" in line else line)
    return b"\n".join(lines)


def _encoded(value: Any) -> bytes:
    """JSON as it was, but for numbers that are none, which become null."""
    try:
        return msgspec.json.encode(value)
    except OverflowError:
        raise not_json() from None


class _Found:
    """What was taken out."""

    def __init__(self) -> None:
        self._tokens: set[str] = set()
        self._devices: set[str] = set()
        self._dropped = False

    def dropped(self, line: bytes) -> bytes:
        """Another line that cannot be read either, for one that may hold a token."""
        self._dropped = True
        return b"?" * min(len(line), 1)

    def without(self, value: Any, depth: int = 0) -> Any:
        """The same value without tokens, at whatever depth they were."""
        if depth > MAX_DEPTH:
            return None
        if isinstance(value, Mapping):
            if TOKEN in value:
                token = value[TOKEN]
                if not isinstance(token, str):
                    raise Rejected(f"{TOKEN} is no text: send the token of the device.", code="bad_token")
                self._tokens.add(token)
            if isinstance(device := value.get(DEVICE), str) and depth <= 1:
                self._devices.add(device)
            return {key: self.without(each, depth + 1) for key, each in value.items() if key != TOKEN}
        if isinstance(value, list):
            return [self.without(each, depth + 1) for each in value]
        return value

    def said(self, without: bytes, payload: bytes) -> Unsealed:
        """The payload, as it was where there was nothing to take out."""
        kept = without if self._tokens or self._dropped else payload
        return Unsealed(kept, frozenset(self._tokens), frozenset(self._devices))
