"""The fields page: what recordings may be said to be, and fields of the team's own."""

from __future__ import annotations

from litestar import get

from paddock.domain.own_fields import MAX_CHOICES, MAX_LABEL, MAX_NAME
from paddock.domain.roles import Permission
from paddock.web.fields.api import field_resources
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import TheContext, ThePrincipal
from paddock.web.kernel.pages import pages


@get("/fields", needs=Permission.READ)
async def fields_page(context: TheContext, principal: ThePrincipal) -> Page:
    """All metadata fields; edited by ``fields.js`` over the API that programs use."""
    listed = await field_resources(context)
    return Page(
        "fields/fields.html",
        principal=principal,
        own=[field for field in listed if field.own],
        others=[field for field in listed if not field.own],
        max_name=MAX_NAME,
        max_label=MAX_LABEL,
        max_choices=MAX_CHOICES,
    )


ROUTER = pages(fields_page)
