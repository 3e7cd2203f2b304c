"""The list of recordings, and the page of one."""

from __future__ import annotations

from litestar import get
from litestar.params import FromPath, FromQuery

from paddock.domain.fields import FIELDS
from paddock.domain.recording import Status
from paddock.usecases.recordings import find_recordings, get_recording
from paddock.web.api.resources import RecordingResource, detail, summarise
from paddock.web.conditional import Page
from paddock.web.injected import After, ThePrincipal, TheServices

PAGE_SIZE = 50


@get("/")
async def recordings_page(
    services: TheServices, principal: ThePrincipal, q: FromQuery[str] = "", after: After = None
) -> Page:
    """Every recording, the newest upload first; refreshes itself while something happens."""
    page = await find_recordings(services, text=q, limit=PAGE_SIZE, after=after)
    items = await summarise(services, page.items)
    return Page(
        "recordings.html",
        principal=principal,
        items=items,
        next=page.next,
        q=q,
        after=after,
        unsettled=any(_unsettled(item) for item in items),
    )


@get("/recordings/{recording_id:str}")
async def recording_page(services: TheServices, principal: ThePrincipal, recording_id: FromPath[str]) -> Page:
    """One recording: what it is, where its metadata came from, what it lost, its files and channels."""
    recording = await get_recording(services, recording_id)
    item = await detail(services, recording)
    return Page("recording.html", principal=principal, item=item, fields=FIELDS, unsettled=_unsettled(item))


def _unsettled(item: RecordingResource) -> bool:
    return item.status not in (Status.READY, Status.FAILED)
