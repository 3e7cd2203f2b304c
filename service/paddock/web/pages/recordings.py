"""The page of one recording."""

from __future__ import annotations

from litestar import get
from litestar.params import FromPath

from paddock.domain.fields import FIELDS
from paddock.domain.recording import Status
from paddock.usecases.recordings import get_recording
from paddock.web.api.resources import RecordingResource, detail
from paddock.web.conditional import Page
from paddock.web.injected import ThePrincipal, TheServices


@get("/recordings/{recording_id:str}")
async def recording_page(services: TheServices, principal: ThePrincipal, recording_id: FromPath[str]) -> Page:
    """One recording: what it is, where its metadata came from, what it lost, its files and channels."""
    recording = await get_recording(services, recording_id)
    item = await detail(services, recording)
    return Page("recording.html", principal=principal, item=item, fields=FIELDS, unsettled=_unsettled(item))


def _unsettled(item: RecordingResource) -> bool:
    return item.status not in (Status.READY, Status.FAILED)
