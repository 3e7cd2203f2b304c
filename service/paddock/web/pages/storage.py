"""The storage page: where the bytes are."""

from __future__ import annotations

from litestar import get

from paddock.usecases.storage import storage_used
from paddock.web.conditional import Page
from paddock.web.injected import ThePrincipal, TheServices

SHOWN = 200
"""Groups; what is smaller is in the total."""


@get("/storage")
async def storage_page(services: TheServices, principal: ThePrincipal) -> Page:
    """Bytes by car and event, and by what they are."""
    return Page("storage.html", principal=principal, storage=await storage_used(services), shown=SHOWN)
