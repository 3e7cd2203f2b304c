"""Pages people see: server-rendered, each showing one use case."""

from __future__ import annotations

from litestar import Router
from litestar.types import ControllerRouterHandler

from paddock.web.kernel.injected import AnyRequest, refuse_unknown_parameters


def pages(*handlers: ControllerRouterHandler) -> Router:
    """The pages of a feature, and what their forms send."""
    return Router("/", route_handlers=handlers, before_request=refuse_unknown_parameters, include_in_schema=False)


async def form_of(request: AnyRequest) -> dict[str, str]:
    """The texts that a page's form sent, by the names of its fields."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
