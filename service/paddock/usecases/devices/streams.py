"""The streams of devices: what is live now, and what became a recording."""

from __future__ import annotations

from collections.abc import Sequence

from paddock.domain.streams import Stream, StreamState
from paddock.ports.documents import MAX_PAGE, Equals, Sort
from paddock.usecases.context import Context


async def streams_of(context: Context, device_id: str, *, limit: int = 20) -> Sequence[Stream]:
    """The last streams of a device, the one that is live first."""
    page = await context.documents.streams.find(
        [Equals("device", device_id)], sort=Sort("began_ns", descending=True), limit=limit
    )
    return page.items


async def last_recorded(context: Context, device_id: str) -> Stream | None:
    """The last stream of a device that became a recording."""
    page = await context.documents.streams.find(
        [Equals("device", device_id), Equals("state", StreamState.RECORDED)],
        sort=Sort("began_ns", descending=True),
        limit=1,
    )
    return page.items[0] if page.items else None


async def live_streams(context: Context) -> Sequence[Stream]:
    """What becomes a recording just now, the last begun first."""
    page = await context.documents.streams.find(
        [Equals("state", StreamState.LIVE)], sort=Sort("began_ns", descending=True), limit=MAX_PAGE
    )
    return page.items
