"""What waits in the outbox is sent: again after growing pauses where it certainly did not arrive, and never twice.

That it is being sent is written down before. Who finds it so after a kill cannot know whether it arrived, and does
not send it again: it is uncertain, and said to be.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import structlog

from paddock.domain.instants import NS_PER_S
from paddock.domain.notices import KEPT_NS, MAX_TRIES, Destination, Notice, NoticeState, notice_id, pause_ns
from paddock.domain.quiet_hours import quiet_until
from paddock.errors import PaddockError, Unavailable
from paddock.ports.documents import MAX_PAGE, Between, Condition, Equals, Sort
from paddock.ports.notices import MayHaveArrived, TryLater
from paddock.usecases.context import Context
from paddock.usecases.notices.destinations import all_destinations
from paddock.usecases.notices.outbox import by_id, put_out_alerts, still_fires

LOOK_S = 1.0
KILLED_NS = 120 * NS_PER_S
"""Longer than any sending takes: whoever was at it is gone."""
STOP_S = 3.0
"""How long what is being sent is waited for, so that it is known whether it arrived."""
_WAIT_FOR_BEGINNING_NS = 2 * NS_PER_S

log = structlog.get_logger()


class Sender:
    """Sends what is due, to each destination one after the other, and to all side by side."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._at_work: dict[str, asyncio.Task[None]] = {}

    async def keep_sending(self) -> None:
        """Until it is cancelled; a store that does not answer is waited for."""
        try:
            while True:
                await self._turn()
                await asyncio.sleep(LOOK_S)
        finally:
            if self._at_work:
                await asyncio.wait(self._at_work.values(), timeout=STOP_S)

    async def _turn(self) -> None:
        try:
            await self.look()
        except Unavailable as error:
            log.warning("store_unavailable", code=error.code, message=error.message)
        except Exception:
            log.exception("notices_faltered")

    async def look(self) -> None:
        """Put out what happened, and begin to send what is due."""
        await put_out_alerts(self._context)
        await self._note_killed()
        destinations = by_id(await all_destinations(self._context))
        self._at_work = {key: task for key, task in self._at_work.items() if not task.done()}
        for notice in await self._due():
            destination = destinations.get(notice.destination)
            if destination is None or not destination.on:
                await self._leave(notice, NoticeState.DROPPED, error="It is told nothing any more.")
            elif destination.id not in self._at_work:
                self._at_work[destination.id] = asyncio.create_task(self._send_all(destination))

    async def finish(self) -> None:
        """Wait until all that was begun is over; for tests and for who stops."""
        if self._at_work:
            await asyncio.gather(*self._at_work.values())

    async def _due(self, destination: str = "") -> list[Notice]:
        where: list[Condition] = [
            Equals("state", NoticeState.WAITING),
            Between("due_at", below=self._context.now() + 1),
        ]
        if destination:
            where.append(Equals("destination", destination))
        page = await self._context.documents.notices.find(where, sort=Sort("due_at"), limit=MAX_PAGE)
        return list(page.items)

    async def _send_all(self, destination: Destination) -> None:
        try:
            for notice in await self._due(destination.id):
                await self._send(destination, notice)
        except Unavailable as error:
            log.warning("store_unavailable", code=error.code, message=error.message)
        except Exception:
            log.exception("notices_faltered")

    async def _send(self, destination: Destination, notice: Notice) -> None:
        if await self._put_off(destination, notice):
            return
        begun = await self._change(
            notice,
            {"state": NoticeState.SENDING, "begun_at": self._context.now(), "tries": notice.tries + 1},
        )
        if begun is None:
            return  # somebody else sends it
        try:
            await self._context.notifier().send(destination.kind, destination.address, begun.event)
        except TryLater as error:
            await self._failed(begun, error)
        except MayHaveArrived as error:
            await self._leave(begun, NoticeState.UNCERTAIN, error=error.message)
        except PaddockError as error:
            await self._leave(begun, NoticeState.FAILED, error=error.message)
        else:
            await self._leave(begun, NoticeState.SENT, error="")

    async def _put_off(self, destination: Destination, notice: Notice) -> bool:
        """Whether it is not to be sent now, or at all."""
        now = self._context.now()
        quiet = quiet_until(destination.quiet, now) if destination.quiet is not None else None
        if quiet is not None:
            await self._change(notice, {"due_at": quiet})
            return True
        if notice.event.after:
            return await self._waits_for_beginning(notice, now)
        if (
            notice.due_at > notice.created_at
            and not notice.tries
            and not await still_fires(self._context, notice.event)
        ):
            # Held back by quiet hours, and over before they were.
            await self._leave(notice, NoticeState.DROPPED, error="It was over before anybody was to be told.")
            return True
        return False

    async def _waits_for_beginning(self, notice: Notice, now: int) -> bool:
        """The end of an alert is told those who were told that it fires, and after that."""
        known = await self._context.documents.notices.get(notice_id(notice.event.after, notice.destination))
        if known is not None and known.state in (NoticeState.SENT, NoticeState.UNCERTAIN):
            return False
        if known is not None and known.state in (NoticeState.WAITING, NoticeState.SENDING):
            await self._change(notice, {"due_at": max(known.due_at, now + _WAIT_FOR_BEGINNING_NS)})
        else:
            await self._leave(notice, NoticeState.DROPPED, error="Nobody was told that it fires.")
        return True

    async def _failed(self, notice: Notice, error: TryLater) -> None:
        if notice.tries >= MAX_TRIES:
            await self._leave(notice, NoticeState.FAILED, error=error.message)
            return
        pause = pause_ns(notice.tries)
        if error.after_s is not None:
            pause = max(pause, round(error.after_s * NS_PER_S))
        again = {"state": NoticeState.WAITING, "due_at": self._context.now() + pause, "error": error.message}
        await self._change(notice, again)

    async def _leave(self, notice: Notice, state: NoticeState, *, error: str) -> None:
        now = self._context.now()
        await self._change(
            notice, {"state": state, "error": error, "sent_at": now if state is NoticeState.SENT else None}
        )
        log.info("notice", notice=notice.id, topic=notice.event.topic, outcome=state, tries=notice.tries)

    async def _change(self, notice: Notice, changes: Mapping[str, object]) -> Notice | None:
        """None where somebody else changed it first."""
        where = [Equals("state", notice.state), Equals("tries", notice.tries)]
        return await self._context.documents.notices.change(notice.id, changes, where)

    async def _note_killed(self) -> None:
        long_ago: list[Condition] = [
            Equals("state", NoticeState.SENDING),
            Between("begun_at", below=self._context.now() - KILLED_NS),
        ]
        for notice in (await self._context.documents.notices.find(long_ago, limit=MAX_PAGE)).items:
            why = "Paddock was stopped while it sent this, and does not know whether it arrived."
            await self._leave(notice, NoticeState.UNCERTAIN, error=why)


async def sweep_notices(context: Context) -> None:
    """Forget what was told long ago."""
    with contextlib.suppress(Unavailable):
        await context.documents.notices.delete([Between("created_at", below=context.now() - KEPT_NS)])
