"""Nothing that let somebody in lets them in any more: what a backup brings back may have been revoked since."""

from __future__ import annotations

from typing import NamedTuple

from paddock.ports.documents import MAX_PAGE, Exists
from paddock.usecases.context import Context


class Access(NamedTuple):
    """How many sessions, tokens and links people have, and how many devices have a token."""

    of_people: int
    of_devices: int


async def count_access(context: Context) -> Access:
    """What lets somebody in."""
    documents = context.documents
    devices = (await documents.devices.find(limit=MAX_PAGE)).items
    return Access(await documents.credentials.count(), sum(each.token is not None for each in devices))


async def revoke_all(context: Context) -> Access:
    """Remove all of it, before anybody is let in; passwords stay.

    Returns:
        What was removed.
    """
    found = await count_access(context)
    documents = context.documents
    await documents.credentials.delete([Exists("id")])
    for device in (await documents.devices.find(limit=MAX_PAGE)).items:
        if device.token is not None:
            await documents.devices.change(device.id, {"token": None, "version": device.version + 1})
    return found
