"""Whose query runs: two at once, one of each person; the others wait in turn, and everybody ends their own."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from paddock.domain.principal import Principal
from paddock.errors import Conflict, NotFound, Rejected, Unavailable

AT_ONCE = 2
"""Queries that run at the same time."""
MOST_WAITING = 5
"""Queries of one person that may wait."""
LONGEST_WAIT_S = 90.0
T = TypeVar("T")


@dataclass(eq=False)
class AskedQuery:
    """A query that runs or waits."""

    id: str
    who: str
    sql: str
    asked_at: int
    """Nanoseconds since the Unix epoch."""
    runs: bool = False
    is_cancelled: bool = False
    turn: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[Any] | None = None


class QueryTurns:
    """The queries of this process. Of those who wait, whoever had a turn least recently is next."""

    def __init__(self) -> None:
        self._asked: list[AskedQuery] = []
        self._served: dict[str, int] = {}
        self._turns = 0

    async def run(
        self, principal: Principal, sql: str, work: Callable[[], Awaitable[T]], *, now: int, query_id: str = ""
    ) -> T:
        """What ``work`` answers, once it is this query's turn.

        Args:
            query_id: by which the one who asks can end it; empty for one that is made up.

        Raises:
            Conflict: the same person asks under this id already (code ``query_exists``).
            Unavailable: it had to wait too long, or too many of the same person wait (code ``query_waits``).
            Rejected: somebody ended it (code ``query_cancelled``).
        """
        who = _who(principal)
        own = [each for each in self._asked if each.who == who]
        if query_id in {each.id for each in own}:
            raise Conflict("A query of yours runs under this id already.", code="query_exists")
        if sum(not each.runs for each in own) >= MOST_WAITING:
            raise Unavailable(
                f"{MOST_WAITING} queries of yours wait already: wait for these, or cancel some.", code="query_waits"
            )
        query = AskedQuery(query_id or secrets.token_hex(8), who, sql, now)
        self._asked.append(query)
        self._give_turns()
        task = asyncio.ensure_future(self._in_turn(query, work))
        query.task = task
        try:
            return await task
        except asyncio.CancelledError:
            if not query.is_cancelled:
                raise
            raise Rejected("The query was cancelled.", code="query_cancelled") from None
        finally:
            self._asked.remove(query)
            self._give_turns()

    def of(self, principal: Principal) -> list[AskedQuery]:
        """The queries of one person, those that were asked first before the others."""
        return [each for each in self._asked if each.who == _who(principal)]

    def why_it_waits(self, query: AskedQuery) -> str:
        """In a sentence; empty for one that runs."""
        if query.runs:
            return ""
        if any(each.runs and each.who == query.who for each in self._asked):
            return "It waits until your other query has ended: one query of each person runs at a time."
        before = len({each.who for each in self._asked if not each.runs and each.who != query.who})
        others = f", and {before} more {'person waits' if before == 1 else 'people wait'}" if before else ""
        return f"It waits because {AT_ONCE} queries of others run{others}."

    def cancel(self, principal: Principal, query_id: str) -> None:
        """End a query of one's own, whether it runs or waits.

        Raises:
            NotFound: there is none (code ``no_such_query``).
        """
        for query in self.of(principal):
            if query.id == query_id and query.task is not None:
                query.is_cancelled = True
                query.task.cancel()
                return
        raise NotFound("No query of yours runs or waits under this id: it may have ended.", code="no_such_query")

    async def _in_turn(self, query: AskedQuery, work: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                await query.turn.wait()
        except TimeoutError:
            why = self.why_it_waits(query)
            raise Unavailable(f"{why} Ask again in a minute.", code="query_waits") from None
        return await work()

    def _give_turns(self) -> None:
        running = [each for each in self._asked if each.runs]
        while len(running) < AT_ONCE:
            busy = {each.who for each in running}
            waiting = [each for each in self._asked if not each.runs and each.who not in busy]
            if not waiting:
                break
            query = min(waiting, key=lambda each: self._served.get(each.who, 0))
            query.runs = True
            query.turn.set()
            running.append(query)
            self._turns += 1
            self._served[query.who] = self._turns
        here = {each.who for each in self._asked}
        self._served = {who: turn for who, turn in self._served.items() if who in here}


def _who(principal: Principal) -> str:
    return principal.person or f"{principal.kind.value} {principal.name}"
