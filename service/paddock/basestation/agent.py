"""The offload agent: looks at all places, pulls what is closed, and has it sent; all at the same time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from paddock.basestation.aftercare import Aftercare
from paddock.basestation.ledger import Ledger
from paddock.basestation.look import Place
from paddock.basestation.observed import Observed
from paddock.basestation.partials import Partials
from paddock.basestation.pulling import Puller, Say
from paddock.basestation.remove import Remover
from paddock.basestation.report import status_of
from paddock.basestation.room import Room
from paddock.basestation.send import Sender
from paddock.basestation.status import Status
from paddock.basestation.stints import Stints


class Agent:
    """All places and all servers of one ledger.

    Args:
        ledger: of this station.
        observed: is told what goes on.
        stints: say what servers are told of a log.
        places: that are looked at.
        senders: to the servers, in their order.
        room: on the disk here.
        partials: of the ledger.
        say: told lines for people.
    """

    def __init__(
        self,
        ledger: Ledger,
        observed: Observed,
        stints: Stints,
        places: Sequence[Place],
        senders: Sequence[Sender],
        room: Room,
        partials: Partials,
        say: Say,
    ) -> None:
        self.ledger = ledger
        self.observed = observed
        self.stints = stints
        self.senders = senders
        self.aftercare = Aftercare(ledger, stints, observed)
        self._room = room
        self._partials = partials
        self.removers: Sequence[Remover] = ()
        """Take off the cars what may go, where somebody asked for it."""
        self.pullers = [
            Puller(place, ledger, observed, partials, room, say, self._wake, self._room_may_come)
            for place in places
        ]

    async def run(self, *, once: bool) -> None:
        """Work until it is cancelled; with ``once`` until nothing is left that could be done now.

        Raises:
            Unavailable: the ledger cannot be used.
        """
        await asyncio.to_thread(self._partials.recover, [sender.url for sender in self.senders])
        try:
            async with asyncio.TaskGroup() as tasks:
                beside = [tasks.create_task(self.aftercare.run())]
                beside += [tasks.create_task(remover.run()) for remover in self.removers]
                sending = [tasks.create_task(sender.run()) for sender in self.senders]
                await asyncio.gather(*(tasks.create_task(puller.run(once=once)) for puller in self.pullers))
                for sender in self.senders:
                    sender.end_when_done()
                await asyncio.gather(*sending)
                for remover in self.removers:
                    await remover.remove()
                for task in beside:
                    task.cancel()
        except BaseExceptionGroup as group:
            # The first thing that went wrong ended all the others.
            raise group.exceptions[0] from group
        finally:
            for puller in self.pullers:
                await puller.place.source.close()
            await self._partials.close()

    def status(self) -> Status:
        """How things stand; blocks for some milliseconds."""
        for puller in self.pullers:
            self.observed.car(puller.place.name, bytes_per_s=puller.speed.bytes_per_s)
        return status_of(
            self.ledger,
            self.stints,
            self.observed,
            self.aftercare.outcomes,
            now_ns=time.time_ns(),
            keep_free_bytes=self._room.keep_free_bytes,
        )

    def _wake(self) -> None:
        for sender in self.senders:
            sender.wake()

    def _room_may_come(self) -> bool:
        return any(sender.is_busy for sender in self.senders)
