"""The permission that every route names, and the one function that checks it.

A route says ``needs=Permission.EDIT``, or who reaches it without one::

    @get("/health", needs=Anyone.AT_ALL)
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import ASGIRoute, HTTPRoute, WebSocketRoute
from litestar.routes.base import BaseRoute

from paddock.domain.principal import NotSignedIn, Principal, PrincipalKind, require
from paddock.domain.roles import Permission

_NEEDS = "needs"
"""Where Litestar keeps it: what a decorator does not know goes to ``opt``."""
UNKNOWN_BECAUSE = "paddock.unknown_because"
"""In the state of a request: the error because of which nobody knows who it is from, who then is a stranger."""


class Anyone(StrEnum):
    """Who reaches a route that needs no permission. The edge turns others away before."""

    LET_IN = "anyone who is let in"
    AT_ALL = "anyone at all, signed in or not"
    WITH_THE_LINK = "anyone with the link, which is signed and expires"
    WITH_A_TOKEN = "a device with its token, which the route itself looks at"


async def check_permission(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let a request or WebSocket through to its route, or not: Litestar calls it before anything else of the route.

    A coroutine although it waits for nothing: Litestar runs plain functions on a thread, for every request.

    Raises:
        Rejected: the principal may not (code ``not_allowed``), or has to sign in first (``not_signed_in``).
        Unavailable: it cannot be known who that is.
    """
    needs, state = handler.opt[_NEEDS], connection.scope["state"]
    if needs in (Anyone.AT_ALL, Anyone.WITH_THE_LINK, Anyone.WITH_A_TOKEN):
        return
    principal: Principal = state["principal"]
    if principal.kind is PrincipalKind.STRANGER:
        raise state.get(UNKNOWN_BECAUSE) or NotSignedIn(
            "Sign in first: this Paddock has users. A program sends a token, `Authorization: Bearer …`, which your "
            "account page makes; commands take it from PADDOCK_TOKEN."
        )
    if isinstance(needs, Permission):
        require(principal, needs)
    elif principal.kind is PrincipalKind.DEVICE:
        raise NotSignedIn("A device sends its data, and reaches nothing else.")


def needs_of(handler: BaseRouteHandler) -> Permission | Anyone | None:
    """What a route needs; None where it does not say."""
    needs = handler.opt.get(_NEEDS)
    return needs if isinstance(needs, (Permission, Anyone)) else None


def handlers_of(route: BaseRoute) -> tuple[BaseRouteHandler, ...]:
    """The handlers of a path, of whatever kind."""
    if isinstance(route, HTTPRoute):
        return tuple(route.route_handlers)
    assert isinstance(route, (ASGIRoute, WebSocketRoute)), f"no kind of route that Litestar has: {route!r}"
    return (route.route_handler,)


class EveryRouteSaysWhatItNeeds(ReceiveRoutePlugin):
    """Refuses a route that does not, when it is added: no service starts with one."""

    def receive_route(self, route: BaseRoute) -> None:
        """Litestar adds a route.

        Raises:
            ImproperlyConfiguredException: it does not say what it needs.
        """
        for handler in handlers_of(route):
            if _is_made_by_litestar(handler):
                handler.opt.setdefault(_NEEDS, Anyone.AT_ALL)
            if needs_of(handler) is None:
                raise ImproperlyConfiguredException(
                    f"{route.path}: {handler} does not say which permission it needs, such as "
                    "needs=Permission.READ (see paddock/web/kernel/permission.py)."
                )


def _is_made_by_litestar(handler: BaseRouteHandler) -> bool:
    """Whether it only says which methods an address takes (OPTIONS)."""
    return isinstance(handler, HTTPRouteHandler) and handler.http_methods == {"OPTIONS"}
