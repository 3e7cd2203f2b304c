"""Takes in the CAN frames that a car's radio sends by UDP: into the log, as everything else that devices send."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from paddock.device_log.entry import Entry, Kind
from paddock.errors import Rejected, Unavailable
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.usecases.streams.can_frames import MOST_BYTES
from paddock.usecases.streams.payloads import CAN_UDP

QUIET_S = 10.0

log = structlog.get_logger()


class CanUdp(asyncio.DatagramProtocol):
    """Puts each datagram into the log. Nobody waits for it: what the disk cannot take is lost, as it is on the way.

    Args:
        context: has the log and the devices.
        device_id: whose frames they are.
    """

    def __init__(self, context: Context, device_id: str) -> None:
        self._context, self._device_id = context, device_id
        self._told_at = float("-inf")

    def datagram_received(self, data: bytes, address: tuple[Any, ...]) -> None:
        """Some frames came."""
        intake = self._context.intake
        device = intake.known.get(self._device_id)
        if device is None or device.disabled_at is not None:
            return
        if len(data) > MOST_BYTES:
            intake.note(device.id, Rejected("A datagram is too large for frames.", code="message_too_large"))
            return
        entry = Entry(device.id, Kind.DATA, self._context.now(), CAN_UDP, data)
        try:
            self._context.appender().append([entry])
        except Unavailable as error:
            now = asyncio.get_running_loop().time()
            if now - self._told_at > QUIET_S:
                self._told_at = now
                log.warning("frames_lost", code=error.code, message=error.message)


async def listen_for_frames(context: Context, settings: Settings) -> None:
    """Take frames in until this is cancelled. That the port is taken is said in the log, and stops nothing else."""
    try:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: CanUdp(context, settings.can_udp_device), local_addr=(settings.host, settings.can_udp_port)
        )
    except OSError as error:
        log.error("frames_port", port=settings.can_udp_port, error=error.strerror or str(error))
        return
    try:
        while True:
            try:
                await context.intake.known.refresh()
            except Unavailable as error:
                log.warning("store_unavailable", code=error.code, message=error.message)
            await asyncio.sleep(0.3)
    finally:
        transport.close()
