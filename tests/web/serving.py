"""The web service around any context, with routes that are joined once for all tests of a process."""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache
from typing import Any

from litestar import Litestar

from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.web.app import application, behind_the_edge

_context: ContextVar[Context] = ContextVar("context")
_settings: ContextVar[Settings] = ContextVar("settings")


@cache
def shared_application() -> Litestar:
    """The routes are joined once for all tests: it takes longer than most of them."""
    return application(lambda: _context.get(), lambda: _settings.get(), directory=True)


def serve(context: Context, settings: Settings) -> Any:
    """As ``create_app`` on a directory, with the application that all tests share."""
    handler = behind_the_edge(shared_application(), settings, lambda: context)

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        _context.set(context)
        _settings.set(settings)
        await handler(scope, receive, send)

    return answer
