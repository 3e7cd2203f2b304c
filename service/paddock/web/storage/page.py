"""The storage page: where the bytes are."""

from __future__ import annotations

from litestar import get

from paddock.domain.roles import Permission
from paddock.usecases.backup.state import backup_state
from paddock.usecases.storage.storage import storage_used
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import TheContext, ThePrincipal
from paddock.web.kernel.pages import pages
from paddock.web.storage.backups import backup_warning

SHOWN = 200
"""Groups; what is smaller is in the total."""


@get("/storage", needs=Permission.READ)
async def storage_page(context: TheContext, principal: ThePrincipal) -> Page:
    """Bytes by car and event, and by what they are."""
    return Page(
        "storage/storage.html",
        principal=principal,
        backup_warning=await backup_warning(context, principal),
        backups=await backup_state(context),
        storage=await storage_used(context),
        shown=SHOWN,
    )


ROUTER = pages(storage_page)
