"""``/api/recordings``: finding and changing as one router, because a path belongs to one."""

from __future__ import annotations

from litestar import Router

from paddock.web.api import edits, facets, recordings
from paddock.web.injected import refuse_unknown_parameters

ROUTER = Router(
    "/api/recordings",
    route_handlers=[*recordings.HANDLERS, *facets.HANDLERS, *edits.HANDLERS],
    before_request=refuse_unknown_parameters,
    tags=["recordings"],
)
