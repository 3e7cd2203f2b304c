"""Pages people see: server-rendered, each showing one use case."""

from __future__ import annotations

from litestar import Router
from litestar.types import ControllerRouterHandler

from paddock.web.kernel.injected import refuse_unknown_parameters


def pages(*handlers: ControllerRouterHandler) -> Router:
    """The pages of a feature, and what their forms send."""
    return Router("/", route_handlers=handlers, before_request=refuse_unknown_parameters, include_in_schema=False)
