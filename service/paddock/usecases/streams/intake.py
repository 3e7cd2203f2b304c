"""Takes in what devices send by HTTP, WebSocket or UDP: checked, decoded once to say what is wrong, and in the log.

What is answered as taken is on the disk. All else that is done with it, the recorder, the live page and alert rules
read from the log.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Sequence

import msgspec
import structlog

from paddock.device_log.entry import Entry, Kind
from paddock.domain.device_messages import MAX_MESSAGE_BYTES, Decoded
from paddock.domain.devices import Device
from paddock.domain.words import size
from paddock.errors import PaddockError, Rejected, Unavailable
from paddock.usecases.context import Context
from paddock.usecases.devices.refused import RefusedInput
from paddock.usecases.devices.tokens import KnownDevices
from paddock.usecases.streams.compressed import uncompressed
from paddock.usecases.streams.decoders import Decoders
from paddock.usecases.streams.decoding import counted_problems
from paddock.usecases.streams.tokens_inside import unsealed

WRITE_REFUSED_S = 0.5
_SMALL_BYTES = 64 << 10
"""Decoded in a few milliseconds; more would hold up others."""

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
        self.decoders = Decoders(context, self.known)
        self._writing: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    async def close(self) -> None:
        """Write down at once what was refused in the last moment."""
        self._closing.set()
        if self._writing is not None:
            await self._writing

    async def admit(self, device_id: str, tokens: Collection[str]) -> Device:
        """The device that sends; what is refused is counted there.

        Args:
            device_id: as the address says.
            tokens: that came with what it sends.

        Raises:
            Rejected: there is no token (code ``no_token``), or one is not this device's, as ``KnownDevices.admit``
                says. Whoever has none is not told which devices there are.
        """
        try:
            if not tokens:
                raise Rejected(
                    "Send the token of the device, as `Authorization: Bearer …` or as `jwt_token` in the message.",
                    code="no_token",
                )
            (device, *_) = [await self.known.admit_now(each, device_id) for each in tokens]
        except Rejected as error:
            self.note(device_id, error)
            raise
        return device

    async def take(
        self,
        device_id: str,
        payload: bytes,
        content_type: str,
        *,
        encoding: str = "",
        token: str | None = None,
        kind: Kind = Kind.DATA,
    ) -> Taken:
        """Take a payload in; it is on the disk when this answers.

        Args:
            device_id: who sends it, as the address says.
            payload: as it came, with the token in it or not.
            content_type: what it says to be.
            encoding: how it is compressed, ``gzip``; empty where it is not.
            token: that came beside it.
            kind: which of its topics it is for.

        Raises:
            Rejected: as ``admit`` or ``uncompressed``, or none of its messages can be taken; the code is that of
                the first problem.
            Unavailable: it is not on the disk (codes ``disk_full``, ``device_log_busy``, ``device_log``).
        """
        received_ns = self._context.now()
        await self.decoders.refresh()
        beside = [token] if token is not None else []
        try:
            payload = await uncompressed(payload, encoding)
            if len(payload) > MAX_MESSAGE_BYTES:
                raise Rejected(
                    f"It is larger than {size(MAX_MESSAGE_BYTES)}: send less at once.", code="message_too_large"
                )
            known = self.known.get(device_id)
            sent = unsealed(content_type, payload, has_schema=known is not None and bool(known.schema))
        except Rejected as error:
            # Nobody without the token learns anything, or has it counted.
            await self.admit(device_id, beside)
            self.note(device_id, error)
            raise
        device = await self.admit(device_id, [*beside, *sorted(sent.tokens)])
        try:
            if others := sent.devices - {device.id}:
                raise Rejected(
                    f"The message says to be of the device {min(others)[:80]!r}: send it with its own token.",
                    code="other_device",
                )
            entry = Entry(device.id, kind, received_ns, content_type[:100], sent.payload)
            decoded = await self._decoded(device, entry)
            if kind is Kind.DATA and not decoded.samples and await self.decoders.look_again(device.id):
                decoded = await self._decoded(device, entry)
            if kind is Kind.DATA and not decoded.samples:
                raise Rejected(decoded.problems[0].reason, code=decoded.problems[0].code)
        except Rejected as error:
            self.note(device.id, error)
            raise
        position = await self.append([entry])
        problems = tuple(problem.reason for problem, _ in counted_problems(decoded.problems))
        return Taken(max(1, len(decoded.samples)), problems, position)

    async def append(self, entries: Sequence[Entry]) -> int:
        """Put entries into the log; where the last one ends, once all are on the disk.

        Raises:
            Unavailable: they are not.
        """
        return await asyncio.wrap_future(self._context.appender().append(entries))

    def note(self, device_id: str, error: PaddockError) -> None:
        """Count refused input of a device; written a moment later, with all that came meanwhile."""
        if self.known.get(device_id) is None:
            return  # what strangers send is nobody's
        self.refused.note(device_id, error.code, error.message)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write_soon())

    async def _write_soon(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), WRITE_REFUSED_S)
        try:
            await self.refused.write()
        except Unavailable as error:
            # It is kept, and written with the next one.
            log.warning("store_unavailable", code=error.code, message=error.message)

    async def _decoded(self, device: Device, entry: Entry) -> Decoded:
        if entry.kind is not Kind.DATA:
            return Decoded()
        decoder = await self.decoders.ready(device)
        if len(entry.payload) < _SMALL_BYTES:
            return decoder.decode(entry)
        return await asyncio.to_thread(decoder.decode, entry)
