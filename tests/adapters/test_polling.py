"""The embedded work queue: an event in the process, a look at the documents from outside."""

from __future__ import annotations

import asyncio

import pytest

from paddock.adapters.polling import PollingWork

pytestmark = pytest.mark.anyio


async def test_an_announcement_wakes_who_waits() -> None:
    work = PollingWork()
    waiting = [asyncio.create_task(work.wait(3600)) for _ in range(2)]
    await asyncio.sleep(0)
    await work.announce("job")
    await asyncio.gather(*waiting)


async def test_an_announcement_before_the_wait_is_not_lost_and_counts_once() -> None:
    work = PollingWork()
    await work.announce("job")
    await work.wait(3600)
    again = asyncio.create_task(work.wait(3600))
    await asyncio.sleep(0.01)
    assert not again.done()
    await work.announce("job")
    await again


async def test_a_wait_ends_without_an_announcement() -> None:
    await PollingWork().wait(0.001)
