"""Whose query runs: one of each person, the others in turn, and everybody ends their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from paddock.domain.principal import Principal, PrincipalKind
from paddock.domain.roles import TeamRole
from paddock.errors import Conflict, NotFound, Rejected, Unavailable
from paddock.usecases.season import turns
from paddock.usecases.season.turns import MOST_WAITING, QueryTurns

pytestmark = pytest.mark.anyio


def person(name: str) -> Principal:
    return Principal(PrincipalKind.PERSON, name, TeamRole.VIEWER, person=name)


class _Desk:
    """Queries that end when they are told to, and who began in which order."""

    def __init__(self) -> None:
        self.turns = QueryTurns()
        self.begun: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}

    def ask(self, who: str, name: str) -> asyncio.Task[str]:
        self.ends[name] = asyncio.Event()
        return asyncio.ensure_future(
            self.turns.run(person(who), f"select '{name}'", self._work(name), now=1, query_id=name)
        )

    def _work(self, name: str) -> Callable[[], Awaitable[str]]:
        async def work() -> str:
            self.begun.append(name)
            await self.ends[name].wait()
            return name

        return work

    async def end(self, *names: str) -> None:
        for name in names:
            self.ends[name].set()
            await settled()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_one_person_never_takes_both_places() -> None:
    desk = _Desk()
    tasks = [desk.ask("adam", name) for name in ("a1", "a2", "a3")]
    await settled()
    assert desk.begun == ["a1"]
    tasks += [desk.ask("maya", "m1"), desk.ask("eve", "e1")]
    await settled()
    assert desk.begun == ["a1", "m1"]
    a2, e1 = desk.turns.of(person("adam"))[1], desk.turns.of(person("eve"))[0]
    assert "your other query" in desk.turns.why_it_waits(a2)
    assert "2 queries of others run, and 1 more person waits" in desk.turns.why_it_waits(e1)
    await desk.end("a1")
    assert desk.begun == ["a1", "m1", "e1"], "who had no turn yet goes before who had one"
    await desk.end("m1", "a2", "e1", "a3")
    assert await asyncio.gather(*tasks) == ["a1", "a2", "a3", "m1", "e1"]
    assert desk.begun == ["a1", "m1", "e1", "a2", "a3"]


async def test_everybody_ends_their_own_and_nobody_elses() -> None:
    desk = _Desk()
    runs, waits = desk.ask("adam", "a1"), desk.ask("adam", "a2")
    await settled()
    with pytest.raises(NotFound):
        desk.turns.cancel(person("maya"), "a1")
    for name, task in (("a2", waits), ("a1", runs)):
        desk.turns.cancel(person("adam"), name)
        with pytest.raises(Rejected, match="cancelled"):
            await task
    assert desk.turns.of(person("adam")) == []
    with pytest.raises(NotFound):
        desk.turns.cancel(person("adam"), "a1")
    again = desk.ask("adam", "a3")
    await desk.end("a3")
    assert await again == "a3", "the place is free again"


async def test_a_request_that_is_given_up_frees_its_place() -> None:
    desk = _Desk()
    first, second = desk.ask("adam", "a1"), desk.ask("adam", "a2")
    await settled()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await desk.end("a2")
    assert await second == "a2"


async def test_who_waits_too_long_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST_WAIT_S", 0.0)
    desk = _Desk()
    tasks = [desk.ask("adam", "a1")]
    await settled()
    refused = desk.ask("adam", "a2")
    with pytest.raises(Unavailable, match=r"other query.*Ask again"):
        await refused
    await desk.end("a1")
    await asyncio.gather(*tasks)


async def test_a_heap_of_queries_of_one_person_is_refused() -> None:
    desk = _Desk()
    tasks = [desk.ask("adam", f"a{number}") for number in range(MOST_WAITING + 1)]
    await settled()
    with pytest.raises(Unavailable, match="wait already"):
        await desk.turns.run(person("adam"), "select 1", settled, now=1)
    with pytest.raises(Conflict):
        await desk.turns.run(person("adam"), "select 1", settled, now=1, query_id="a0")
    await desk.end(*(f"a{number}" for number in range(MOST_WAITING + 1)))
    await asyncio.gather(*tasks)
