"""Tokens of devices: minted once, verified by whoever takes messages in, revoked at once.

A token is a JWT (RFC 7519) that is signed with the key of this Paddock. It admits one device while the device's
document knows its ``jti``: a new token, a revoked one and a disabled device need no list of what is not valid.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable

import jwt
import msgspec
from jwt.types import Options

from paddock.domain.devices import Device, DeviceToken
from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.domain.principal import Principal
from paddock.errors import Rejected
from paddock.usecases.context import Context
from paddock.usecases.devices.devices import KIND, all_devices, get_device, set_fields
from paddock.usecases.people.audit import note_act

DEFAULT_DAYS, MAX_DAYS = 365, 3_650
MAX_TOKEN_CHARACTERS = 2_000
KNOWN_FOR_NS = 300_000_000
"""How long what was read of devices counts: one that is disabled sends nothing after it."""

_ALGORITHM = "HS256"
_DAY_NS = 86_400 * NS_PER_S


class MintedToken(msgspec.Struct, frozen=True):
    """A token, which is shown once and kept nowhere."""

    token: str
    expires_at: int


class TokenClaims(msgspec.Struct, frozen=True):
    """What a token says, once its signature was proved."""

    sub: str
    jti: str
    exp: int


async def mint_token(
    context: Context, principal: Principal, device_id: str, *, days: int = DEFAULT_DAYS
) -> MintedToken:
    """Give a device a token; the one that it had admits nobody any more.

    Raises:
        NotFound: there is no such device (code ``no_such_device``).
        Rejected: it would not be valid for a day, or for longer than ten years (code ``bad_expiry``).
    """
    if not 1 <= days <= MAX_DAYS:
        raise Rejected(f"A token is valid for 1 to {MAX_DAYS:,} days, not {days:,}.", code="bad_expiry")
    device = await get_device(context, device_id)
    now = context.now()
    # JWT counts whole seconds.
    minted_s, expires_s = now // NS_PER_S, (now + days * _DAY_NS) // NS_PER_S
    jti = secrets.token_urlsafe(16)
    claims = {"sub": device.id, "jti": jti, "iat": minted_s, "exp": expires_s}
    token = jwt.encode(claims, context.device_key(), algorithm=_ALGORITHM)
    known = DeviceToken(jti=jti, minted_at=now, minted_by=principal.name, expires_at=expires_s * NS_PER_S)
    await set_fields(context, principal, device.id, {"token": known})
    until = f"valid until {to_rfc3339(known.expires_at)}"
    await note_act(context, principal, KIND, device.id, device.name, "token", after=until)
    return MintedToken(token, known.expires_at)


async def revoke_token(context: Context, principal: Principal, device_id: str) -> Device:
    """Have its token admit nobody any more; what it has open is closed within a second.

    Raises:
        NotFound: there is no such device (code ``no_such_device``).
    """
    changed = await set_fields(context, principal, device_id, {"token": None})
    await note_act(context, principal, KIND, changed.id, changed.name, "token", after="revoked")
    return changed


class KnownDevices:
    """All devices as they were a moment ago, for whoever admits thousands of messages a second.

    Args:
        context: whose devices.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._devices: dict[str, Device] = {}
        self._read_at: int | None = None

    async def refresh(self) -> None:
        """Read them again where the last look is older than 0.3 s.

        Raises:
            Unavailable: the database does not answer.
        """
        now = self._context.now()
        if self._read_at is None or not 0 <= now - self._read_at < KNOWN_FOR_NS:
            self._devices = {device.id: device for device in await all_devices(self._context)}
            self._read_at = now

    async def refresh_now(self) -> None:
        """Read them again, whenever the last look was.

        Raises:
            Unavailable: the database does not answer.
        """
        self._read_at = None
        await self.refresh()

    def get(self, device_id: str) -> Device | None:
        """The device with this id, as of the last ``refresh``; disabled ones too."""
        return self._devices.get(device_id)

    def all(self) -> Iterable[Device]:
        """Every device, as of the last ``refresh``."""
        return self._devices.values()

    def admit(self, token: str, device_id: str | None = None) -> Device:
        """The device whose token this is, as of the last ``refresh``.

        Args:
            token: as it was sent.
            device_id: the one that it has to be of; None for any.

        Raises:
            Rejected: the token is none of ours (code ``bad_token``), has expired (``token_expired``), is not the
                device's any more (``token_revoked``) or another one's (``other_device``); or the device is
                disabled (``device_disabled``).
        """
        claims = read_token(token, self._context.device_key())
        if device_id is not None and claims.sub != device_id:
            raise Rejected("This token is another device's: use the one of this device.", code="other_device")
        device = self._devices.get(claims.sub)
        if device is None or device.token is None or device.token.jti != claims.jti:
            raise Rejected("This token was revoked: the device needs its new one.", code="token_revoked")
        if claims.exp * NS_PER_S <= self._context.now():
            raise Rejected("This token has expired: make a new one for the device.", code="token_expired")
        if device.disabled_at is not None:
            raise Rejected(f"The device {device.name} is disabled.", code="device_disabled")
        return device

    async def admit_now(self, token: str, device_id: str | None = None) -> Device:
        """Admit by what the database says now: a token that is not known yet may have been made a moment ago.

        Raises:
            Rejected: as ``admit``.
            Unavailable: the database does not answer.
        """
        await self.refresh()
        try:
            return self.admit(token, device_id)
        except Rejected as error:
            if error.code not in ("token_revoked", "device_disabled"):
                raise
        await asyncio.sleep(KNOWN_FOR_NS / NS_PER_S)
        await self.refresh()
        return self.admit(token, device_id)


async def verify_token(context: Context, token: str, device_id: str | None = None) -> Device:
    """The device that a token admits at this moment.

    Raises:
        Rejected: as ``KnownDevices.admit``.
    """
    known = KnownDevices(context)
    await known.refresh()
    return known.admit(token, device_id)


def read_token(token: str, key: bytes) -> TokenClaims:
    """What a token says; whether it still counts is another question.

    Raises:
        Rejected: it is none that this key signed (code ``bad_token``).
    """
    try:
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise ValueError
        # Expiry is compared with our own clock, which tests may set.
        options: Options = {"require": ["sub", "jti", "exp"], "verify_exp": False, "verify_iat": False}
        return msgspec.convert(jwt.decode(token, key, algorithms=[_ALGORITHM], options=options), TokenClaims)
    except (jwt.InvalidTokenError, msgspec.ValidationError, ValueError):
        raise Rejected("This is no token of a device here: copy it again, whole.", code="bad_token") from None
