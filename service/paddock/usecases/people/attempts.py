"""What signing in shares in one process: who tried how often, and how many passwords are looked at at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from paddock.domain.attempts import Attempts

AT_ONCE = 2
"""Passwords that are looked at side by side, each with 64 MiB and a processor; others wait."""
_T = TypeVar("_T")


class SignInDesk:
    """One for all who sign in."""

    def __init__(self) -> None:
        self.attempts = Attempts()
        self._places = asyncio.Semaphore(AT_ONCE)

    async def work(self, function: Callable[..., _T], *given: object) -> _T:
        """The answer of a function that takes a processor for a moment, from a thread."""
        async with self._places:
            return await asyncio.to_thread(function, *given)
