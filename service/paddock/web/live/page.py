"""The pages of what devices send: a list, and one for each device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from litestar import get
from litestar.params import FromPath

from paddock.domain.instants import to_rfc3339
from paddock.domain.roles import Permission
from paddock.usecases.context import Context
from paddock.usecases.devices.devices import all_devices
from paddock.usecases.devices.streams import last_recorded
from paddock.usecases.live.live import LiveDevice
from paddock.usecases.streams.recorder_state import recorder_state
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import TheContext, ThePrincipal
from paddock.web.kernel.pages import pages
from paddock.web.live.notes import notes_of


@dataclass(frozen=True)
class _Row:
    id: str
    name: str
    received_at: str
    signals: int
    notes: tuple[str, ...]


@get("/live", needs=Permission.READ)
async def live_page(context: TheContext, principal: ThePrincipal) -> Page:
    """What sent something in the last minutes."""
    names = await names_of(context)
    return Page(
        "live/live.html",
        principal=principal,
        devices=[_row(each, names) for each in context.watching.live.devices()],
        recorder_notice=(await recorder_state(context)).notice,
    )


@get("/live/{device_id:str}", needs=Permission.READ)
async def live_device_page(context: TheContext, principal: ThePrincipal, device_id: FromPath[str]) -> Page:
    """One device; the page's script follows it, and waits for one that sends nothing yet."""
    names = await names_of(context)
    return Page(
        "live/device.html",
        principal=principal,
        device=device_id,
        name=names.get(device_id, device_id),
        is_known=device_id in names,
        recorded=None if context.watching.live.signals(device_id) else await last_recorded(context, device_id),
    )


async def names_of(context: Context) -> dict[str, str]:
    """The devices' names by id."""
    return {each.id: each.name for each in await all_devices(context)}


def _row(device: LiveDevice, names: Mapping[str, str]) -> _Row:
    name = names.get(device.id, device.id)
    return _Row(device.id, name, to_rfc3339(device.received_ns), len(device.signals), notes_of(device))


ROUTER = pages(live_page, live_device_page)
