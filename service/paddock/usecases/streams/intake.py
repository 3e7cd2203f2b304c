"""Takes in what devices send by HTTP, WebSocket or UDP: checked, decoded once to say what is wrong, and in the log.

What is answered as taken is on the disk. All else that is done with it, the recorder, the live page and alert rules
read from the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import structlog

from paddock.device_log.entry import Entry, Kind
from paddock.domain.device_messages import MAX_MESSAGE_BYTES, Decoded
from paddock.domain.devices import Device
from paddock.domain.words import size
from paddock.errors import PaddockError, Rejected, Unavailable
from paddock.usecases.context import Context
from paddock.usecases.devices.devices import no_such_device
from paddock.usecases.devices.refused import RefusedInput
from paddock.usecases.devices.tokens import KnownDevices
from paddock.usecases.streams.decoding import Decoder, counted_problems, sender_of
from paddock.usecases.streams.tokens_inside import unsealed

WRITE_REFUSED_S = 0.5
DECODER_S = 30
"""After which a decoder is made anew: the databases of the team may be other ones."""

log = structlog.get_logger()


class Taken(msgspec.Struct, frozen=True):
    """What became of a payload that was taken in."""

    messages: int
    problems: tuple[str, ...]
    """Sentences about what of it was left out or bounded."""
    position: int
    """In the log."""


class Intake:
    """What one process takes in.

    Args:
        context: whose devices.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.known = KnownDevices(context)
        self.refused = RefusedInput(context)
        self._decoders: dict[str, tuple[int, int, Decoder]] = {}
        self._writing: asyncio.Task[None] | None = None

    async def admit(self, device_id: str, token: str | None, *, is_trusted: bool) -> Device:
        """The device that sends.

        Args:
            device_id: as the address says.
            token: that came with the request; None without one.
            is_trusted: whether who asks may send for any device.

        Raises:
            NotFound: there is no such device (code ``no_such_device``).
            Rejected: the token is not its own (see ``KnownDevices.admit``), there is none (``no_token``), or the
                device is disabled (``device_disabled``).
        """
        await self.known.refresh()
        device = self.known.get(device_id)
        if device is None:
            # Whoever has no token is not told which devices there are.
            if token is not None or not is_trusted:
                self.known.admit(token or "", device_id)
            raise no_such_device(device_id)
        try:
            if token is not None:
                return self.known.admit(token, device_id)
            if not is_trusted:
                raise Rejected(
                    "Send the token of the device, as `Authorization: Bearer …` or as `jwt_token` in the message.",
                    code="no_token",
                )
            if device.disabled_at is not None:
                raise Rejected(f"The device {device.name} is disabled.", code="device_disabled")
        except Rejected as error:
            self.note(device.id, error)
            raise
        return device

    async def take(
        self,
        device_id: str,
        payload: bytes,
        content_type: str,
        *,
        token: str | None = None,
        is_trusted: bool = False,
        kind: Kind = Kind.DATA,
    ) -> Taken:
        """Take a payload in; it is on the disk when this answers.

        Args:
            device_id: who sends it, as the address says.
            payload: as it came, with the token in it or not.
            content_type: what it says to be.
            token: that came beside it.
            is_trusted: whether who sends may do so for any device.
            kind: which of its topics it is for.

        Raises:
            NotFound: there is no such device (code ``no_such_device``).
            Rejected: as ``admit``, or none of its messages can be taken; the code is that of the first problem.
            Unavailable: it is not on the disk (codes ``disk_full``, ``device_log_busy``, ``device_log``).
        """
        received_ns = self._context.now()
        await self.known.refresh()
        try:
            if len(payload) > MAX_MESSAGE_BYTES:
                raise Rejected(f"It is larger than {size(MAX_MESSAGE_BYTES)}: send less at once.", code="too_large")
            sent = unsealed(content_type, payload, has_schema=self._has_schema(device_id))
        except Rejected as error:
            device = await self.admit(device_id, token, is_trusted=is_trusted)
            self.note(device.id, error)
            raise
        inside = sorted(sent.tokens)
        device = await self.admit(device_id, token or (inside[0] if inside else None), is_trusted=is_trusted)
        try:
            for each in inside:
                self.known.admit(each, device.id)
            if others := sent.devices - {device.id}:
                raise Rejected(
                    f"The message says to be of the device {min(others)[:80]!r}: send it with its own token.",
                    code="other_device",
                )
            entry = Entry(device.id, kind, received_ns, content_type[:100], sent.payload)
            decoded = await self._decoded(device, entry) if kind is Kind.DATA else Decoded()
            if kind is Kind.DATA and not decoded.samples:
                first = decoded.problems[0]
                raise Rejected(first.reason, code=first.code)
        except Rejected as error:
            self.note(device.id, error)
            raise
        position = await self.append([entry])
        problems = tuple(problem.reason for problem, _ in counted_problems(decoded.problems))
        return Taken(len(decoded.samples) if kind is Kind.DATA else 1, problems, position)

    async def append(self, entries: Sequence[Entry]) -> int:
        """Put entries into the log; where the last one ends, once all are on the disk.

        Raises:
            Unavailable: they are not.
        """
        return await asyncio.wrap_future(self._context.appender().append(entries))

    def note(self, device_id: str, error: PaddockError) -> None:
        """Count refused input of a device that there is; written a moment later, with all that came meanwhile."""
        self.refused.note(device_id, error.code, error.message)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write_soon())

    async def _write_soon(self) -> None:
        await asyncio.sleep(WRITE_REFUSED_S)
        try:
            await self.refused.write()
        except Unavailable as error:
            # It is kept, and written with the next one.
            log.warning("store_unavailable", code=error.code, message=error.message)

    def _has_schema(self, device_id: str) -> bool:
        device = self.known.get(device_id)
        return device is not None and bool(device.schema)

    async def _decoded(self, device: Device, entry: Entry) -> Decoded:
        now_s = self._context.now() // 10**9
        known = self._decoders.get(device.id)
        if known is None or known[0] != device.version or not 0 <= now_s - known[1] < DECODER_S:
            known = device.version, now_s, Decoder(await sender_of(self._context, device))
            self._decoders[device.id] = known
        decoder = known[2]
        if len(entry.payload) < _SMALL_BYTES:
            return decoder.decode(entry)
        return await asyncio.to_thread(decoder.decode, entry)


_SMALL_BYTES = 64 << 10
"""Decoded in a few milliseconds; more would hold up others."""
