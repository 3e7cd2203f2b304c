"""A stored file as the answer to a request: a redirect to its link."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from litestar import Request
from litestar.response import Redirect
from litestar.response.base import ASGIResponse

from paddock.errors import NotFound
from paddock.usecases.context import Context
from paddock.usecases.find.recordings import StoredFile, link_to
from paddock.web.kernel.head import asks_with_head
from paddock.web.kernel.injected import AnyRequest, TheSettings
from paddock.web.kernel.links import reachable
from paddock.web.kernel.ranged import Ranged


async def download(request: AnyRequest, context: Context, settings: TheSettings, file: StoredFile) -> Redirect:
    """To a freshly signed link. HEAD is told size and name here, because S3 takes a link for one method alone.

    Raises:
        NotFound: HEAD asks for what is not stored (code ``not_stored``).
    """
    if asks_with_head(request):
        info = await context.objects.stat(file.key)
        if info is None:
            raise NotFound("The file is not stored: reload the recording's page.", code="not_stored")
        return _Described(Ranged(info, _nothing, file_name=file.file_name))
    link = reachable(await link_to(context, file), request, settings)
    return Redirect(link, status_code=302, headers={"Cache-Control": "no-store"})


class _Described(Redirect):
    """What the link would answer, in the place of a redirect there."""

    def __init__(self, described: Ranged) -> None:
        super().__init__("", status_code=302)
        self._described = described

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **options: Any) -> ASGIResponse:
        return self._described.to_asgi_response(app, request, **options)


async def _nothing(start: int, end: int) -> AsyncIterator[bytes]:
    """Nobody reads the body of an answer to HEAD."""
    return
    yield
