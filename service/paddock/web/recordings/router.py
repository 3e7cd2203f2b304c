"""``/api/recordings``: finding and changing as one router, because a path belongs to one."""

from __future__ import annotations

from litestar import Router

from paddock.web.edit import api as edits
from paddock.web.find import facets_api as facets
from paddock.web.kernel.injected import refuse_unknown_parameters
from paddock.web.recordings import api as recordings

ROUTER = Router(
    "/api/recordings",
    route_handlers=[*recordings.HANDLERS, *facets.HANDLERS, *edits.HANDLERS],
    before_request=refuse_unknown_parameters,
    tags=["recordings"],
)
