"""The upload page. The work is done by ``upload.js`` over the same API that programs use."""

from __future__ import annotations

from litestar import get

from paddock.domain.roles import Permission
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import TeamFields, ThePrincipal
from paddock.web.kernel.pages import pages


@get("/upload", needs=Permission.UPLOAD)
async def upload_page(principal: ThePrincipal, team_fields: TeamFields) -> Page:
    """A place to drop logs on, and what becomes of them."""
    return Page("upload/upload.html", principal=principal, fields=team_fields, unsettled=False)


ROUTER = pages(upload_page)
