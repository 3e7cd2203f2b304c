"""The page of the team's maths channels, where they are written and tried."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get
from litestar.params import QueryParameter

from paddock.domain.instants import to_rfc3339
from paddock.domain.maths_language.functions import FUNCTIONS
from paddock.domain.names import run_words
from paddock.domain.recording import Recording, Status
from paddock.domain.roles import Permission
from paddock.ports.documents import Equals
from paddock.usecases.find.recordings import NEWEST_FIRST
from paddock.usecases.live.maths import why_channel_not_live
from paddock.usecases.maths.names import all_channels
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import TheContext, ThePrincipal
from paddock.web.kernel.pages import pages
from paddock.web.maths.api import maths_resource

OFFERED = 50
"""Recordings to try an expression on, the newest first."""


@get("/maths", needs=Permission.READ)
async def maths_page(
    context: TheContext,
    principal: ThePrincipal,
    edit: Annotated[str, QueryParameter(max_length=200)] = "",
    recording: Annotated[str, QueryParameter(max_length=100)] = "",
) -> Page:
    """All channels; ``maths.js`` writes one over the API that programs use.

    Args:
        edit: the channel that is opened at once, by its id.
        recording: the one to try it on.
    """
    channels = await all_channels(context)
    counts = {
        each.signal: await context.documents.signals.count([Equals("name", each.signal)]) for each in channels
    }
    newest = await context.documents.recordings.find(
        [Equals("status", Status.READY), Equals("deleted_at", None)], sort=NEWEST_FIRST, limit=OFFERED
    )
    return Page(
        "maths/maths.html",
        principal=principal,
        channels=[
            (
                each,
                msgspec.json.encode(maths_resource(each)).decode(),
                counts[each.signal],
                why_channel_not_live(each, channels),
            )
            for each in channels
        ],
        offered=[(each.id[:16], _label(each)) for each in newest.items if each.message_count],
        functions=tuple(FUNCTIONS.values()),
        edit=edit,
        recording=recording,
    )


def _label(recording: Recording) -> str:
    """``2026-04-18 14:32 · HT09 · Adam``, with the file's name where nobody said more."""
    when = "" if recording.started_ns is None else f"{to_rfc3339(recording.started_ns)[:16].replace('T', ' ')} · "
    return when + run_words(recording)


ROUTER = pages(maths_page)
