"""The decoders of all devices, for whoever reads the log."""

from __future__ import annotations

import asyncio

from paddock.device_log.entry import Entry
from paddock.domain.device_messages import Decoded
from paddock.domain.devices import Device
from paddock.domain.instants import NS_PER_S
from paddock.usecases.context import Context
from paddock.usecases.devices.tokens import KnownDevices
from paddock.usecases.streams.decoding import Decoder, Sender, sender_of

ANEW_NS = 30 * NS_PER_S
"""After which a decoder is made anew: the team's CAN databases may be other ones."""
_LOOKS, _LOOK_S = 5, 0.1


class Decoders:
    """Decodes entries of any device by what is said of it now.

    ``refresh`` on the event loop; ``decode`` on any one thread, which never waits.

    Args:
        context: whose devices.
        known: those that others in this process look at as well.
    """

    def __init__(self, context: Context, known: KnownDevices | None = None) -> None:
        self._context = context
        self.known = known or KnownDevices(context)
        self._decoders: dict[str, tuple[int, Decoder]] = {}

    async def refresh(self) -> None:
        """Look at what people changed, where the last look is older than 0.3 s.

        Raises:
            Unavailable: the database does not answer.
        """
        await self.known.refresh()
        now = self._context.now()
        for device_id, (made_at, decoder) in list(self._decoders.items()):
            device = self.known.get(device_id)
            if device is None or (decoder.sender.device.version == device.version and 0 <= now - made_at < ANEW_NS):
                continue
            await self._make(device)

    async def ready(self, device: Device) -> Decoder:
        """The decoder of a device, made where there is none.

        Raises:
            Unavailable: the database does not answer.
        """
        known = self._decoders.get(device.id)
        return await self._make(device) if known is None else known[1]

    async def learn(self, device_id: str) -> None:
        """Make the decoder of a device that may have been added a moment ago; nothing where there is none.

        Raises:
            Unavailable: the database does not answer.
        """
        for _ in range(_LOOKS):
            await self.known.refresh()
            if (device := self.known.get(device_id)) is not None:
                await self.ready(device)
                return
            await asyncio.sleep(_LOOK_S)

    async def look_again(self, device_id: str) -> bool:
        """Whether a device that sent what cannot be read was changed a moment ago, such as its schema.

        Raises:
            Unavailable: the database does not answer.
        """
        device, made = await self._context.documents.devices.get(device_id), self._decoders.get(device_id)
        if device is None or (made is not None and made[1].sender.device.version == device.version):
            return False
        await self.known.refresh_now()
        await self.refresh()
        return True

    async def _make(self, device: Device) -> Decoder:
        decoder = Decoder(await sender_of(self._context, device))
        self._decoders[device.id] = (self._context.now(), decoder)
        return decoder

    def decode(self, entry: Entry) -> Decoded:
        """The samples of an entry; see ``Decoder.decode``."""
        known = self._decoders.get(entry.device_id)
        if known is None:
            # Until the next refresh by what is known without asking: neither schema nor database.
            device = self.known.get(entry.device_id) or Device(id=entry.device_id, name=entry.device_id)
            known = self._decoders[entry.device_id] = (0, Decoder(Sender(device=device)))
        return known[1].decode(entry)

    def schema(self, device_id: str) -> tuple[str, bytes] | None:
        """Name and ``FileDescriptorSet`` of the protobuf messages that were decoded last."""
        known = self._decoders.get(device_id)
        return known[1].schema if known else None
