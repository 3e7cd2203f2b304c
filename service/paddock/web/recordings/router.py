"""``/api/recordings``: finding, changing and asking what is here as one router, because a path belongs to one."""

from __future__ import annotations

from litestar import Router

from paddock.web.edit import api as edits
from paddock.web.find import facets_api as facets
from paddock.web.kernel.injected import refuse_unknown_parameters
from paddock.web.recordings import api as recordings
from paddock.web.upload import known_api as known

ROUTER = Router(
    "/api/recordings",
    route_handlers=[*recordings.HANDLERS, *facets.HANDLERS, *edits.HANDLERS, *known.HANDLERS],
    before_request=refuse_unknown_parameters,
    tags=["recordings"],
)
