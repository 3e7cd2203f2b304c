"""The pages of several recordings taken away at once: what of each, and how far that is."""

from __future__ import annotations

from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from paddock.domain.roles import Permission
from paddock.errors import Rejected
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.take_away.bundles import MAX_MEMBERS, get_bundle, request_bundle, states_of
from paddock.web.bundles.api import bundle_resource
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import TheContext, ThePrincipal
from paddock.web.kernel.pages import pages
from paddock.web.recordings.answers import summarise


@get("/export", needs=Permission.EXPORT)
async def export_page(
    context: TheContext,
    principal: ThePrincipal,
    recordings: Annotated[list[str] | None, QueryParameter(name="recording")] = None,
) -> Page:
    """Take files of the selected recordings away, all in the same shape."""
    prefixes = list(dict.fromkeys(recordings or ()))
    if len(prefixes) > MAX_MEMBERS:
        raise Rejected(f"Take at most {MAX_MEMBERS} recordings at a time.", code="too_many")
    found = [await get_recording(context, prefix) for prefix in prefixes]
    return Page("bundles/export.html", principal=principal, items=await summarise(context, found))


@get("/bundles/{bundle_id:str}", needs=Permission.READ)
async def bundle_page(context: TheContext, principal: ThePrincipal, bundle_id: FromPath[str]) -> Page:
    """How far each file is, and all of them as one zip; it follows by itself."""
    (state,) = await states_of(context, [await get_bundle(context, bundle_id)])
    bundle = bundle_resource(state)
    return Page("bundles/bundle.html", principal=principal, bundle=bundle, unsettled=not bundle.settled)


@post("/bundles/{bundle_id:str}/again", needs=Permission.EXPORT)
async def bundle_again(context: TheContext, principal: ThePrincipal, bundle_id: FromPath[str]) -> Redirect:
    """Asks for the bundle again, of its recordings as they are now: for files that are not kept any more."""
    old = await get_bundle(context, bundle_id)
    ids = [member.recording for member in old.members]
    bundle = await request_bundle(context, principal, ids, old.request)
    return Redirect(f"/bundles/{bundle.id}", status_code=303)


ROUTER = pages(export_page, bundle_page, bundle_again)
