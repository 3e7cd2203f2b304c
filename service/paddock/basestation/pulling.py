"""Everything that is closed off one place: looked for again and again, and pulled, many small logs side by side."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paddock.basestation.ledger import Ledger
from paddock.basestation.ledger_rows import CarFile
from paddock.basestation.look import Place
from paddock.basestation.observed import Observed, Speed
from paddock.basestation.partials import Partials
from paddock.basestation.pull import Pull
from paddock.basestation.room import Room
from paddock.domain.words import counted, isolated, size
from paddock.errors import Conflict, NotFound, PaddockError, Unavailable

_SMALL_BYTES = 4 * 1024 * 1024
_SMALL_AT_ONCE = 24
"""Small logs mostly wait for answers, so many go at once; of the others the newest is to be here first."""
_TRIES_AT_ONCE = 4
"""Tries in a row without a byte more, after which a run with ``--once`` gives up a log or a place."""
_FIRST_RETRY_S = 1.0
_LAST_RETRY_S = 60.0
_ROOM_RETRY_S = 5.0
_OF_THE_LINK = ("away", "disk_full", "not_written", "ledger")
"""Codes of errors that are the link's: they interrupt a pull, and the log may be sound."""

Say = Callable[[str], None]
"""Told lines for people."""


@dataclass
class _Tries:
    failed: int = 0
    """In a row, without a byte more."""
    not_before: float = 0.0
    """On the monotonic clock."""


class Puller:
    """Takes what is closed off one place.

    Args:
        place: is looked at.
        ledger: has the files, and is told how far they are.
        observed: is told what goes on.
        partials: has what came before.
        room: on the disk here.
        say: told lines for people.
        arrived: called when there is a new log.
        room_may_come: whether something is being done about a full disk.
    """

    def __init__(
        self,
        place: Place,
        ledger: Ledger,
        observed: Observed,
        partials: Partials,
        room: Room,
        say: Say,
        arrived: Callable[[], None],
        room_may_come: Callable[[], bool],
    ) -> None:
        self.place = place
        self.disk_problem = ""
        """Why this disk takes nothing."""
        self._ledger = ledger
        self._observed = observed
        self.speed = Speed()
        self._partials = partials
        self._room = room
        self._say = say
        self._news = arrived
        self._room_may_come = room_may_come
        self._tries: dict[int, _Tries] = {}
        self._waits: dict[int, CarFile] = {}
        """By the file's id, the newest first."""
        self._moved: dict[int, int] = {}
        """Bytes that came of what is being pulled."""
        self._changed = asyncio.Event()
        self._look_now = asyncio.Event()

    async def run(self, *, once: bool) -> None:
        """Look and pull until it is cancelled; with ``once`` until nothing is left that could be done now."""
        workers = [asyncio.create_task(self._work(small=number > 0)) for number in range(_SMALL_AT_ONCE + 1)]
        looking = asyncio.create_task(self._look(once=once))
        try:
            done, _ = await asyncio.wait([looking, *workers], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (looking, *workers):
                task.cancel()
            await asyncio.gather(looking, *workers, return_exceptions=True)

    async def _look(self, *, once: bool) -> None:
        place = self.place
        while True:
            was = place.reachable
            self._look_now.clear()
            try:
                await place.look()
                await asyncio.to_thread(self._partials.clean)
            except (Unavailable, OSError) as error:
                # What was seen cannot be noted.
                self._note_disk(error.message if isinstance(error, Unavailable) else str(error))
                await asyncio.sleep(_ROOM_RETRY_S)
                continue
            self._say_reachable(was)
            here = {file.id for file in place.waits_for}
            self._tries = {file_id: tries for file_id, tries in self._tries.items() if file_id in here}
            self._waits = {file.id: file for file in place.waits_for} if place.reachable else {}
            if place.reachable and was is False:
                # What failed while it was away is tried at once.
                for tries in self._tries.values():
                    tries.not_before = 0
            self._changed.set()
            if once and self._is_done():
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._until_next_look(once=once)):
                    await self._look_now.wait()

    def _until_next_look(self, *, once: bool) -> float:
        if once and self.place.reachable and self.place.settles_in_s is not None and not self._waits:
            return self.place.settles_in_s
        return self.place.delay_s

    def _is_done(self) -> bool:
        """Whether a run that ends by itself has nothing to wait for."""
        place = self.place
        if not place.reachable:
            return place.looks_failed >= _TRIES_AT_ONCE
        left = [file for file in place.waits_for if self._may_try(file)]
        return not left and not self._moved and (place.settles_in_s is None or place.grows_on)

    def _may_try(self, file: CarFile) -> bool:
        if self.disk_problem and self._room_may_come():
            return True
        return file.id not in self._tries or self._tries[file.id].failed < _TRIES_AT_ONCE

    def _say_reachable(self, was: bool | None) -> None:
        place = self.place
        if place.reachable and not was:
            self._say(f"{place.name} is there{_logs_in_words(place.waits_for)}.")
        elif not place.reachable and was is not False:
            self._say(f"{place.name} is away: {place.problem} It is waited for.")

    async def _work(self, *, small: bool) -> None:
        while True:
            file = self._next(small=small)
            if file is None:
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._until_next_try()):
                        await self._changed.wait()
                continue
            del self._waits[file.id]
            await self._pull(file)

    def _next(self, *, small: bool) -> CarFile | None:
        """The newest log of its size that may be tried now."""
        now = time.monotonic()
        for file in self._waits.values():
            is_small = file.seen.size_bytes - file.pulled_bytes <= _SMALL_BYTES
            tries = self._tries.get(file.id)
            if is_small == small and file.id not in self._moved and (tries is None or tries.not_before <= now):
                return file
        return None

    def _until_next_try(self) -> float | None:
        now = time.monotonic()
        times = [tries.not_before for file_id, tries in self._tries.items() if file_id in self._waits]
        return max(0.01, min(times) - now) if times else None

    async def _pull(self, file: CarFile) -> None:
        def moved(size_bytes: int) -> None:
            self._moved[file.id] += size_bytes
            self.speed.add(size_bytes)

        if not self._moved:
            self.speed.add(0)
        self._moved[file.id] = 0
        pull = Pull(self.place.source, file, self._ledger, self._observed, self._partials, self._room, moved)
        try:
            await pull.run()
        except (NotFound, Conflict) as error:
            if file.id in self._tries:
                # It was looked at anew, and the place still shows what it does not give.
                await self._failed(file, error)
            else:
                self._tries[file.id] = _Tries(1)
                self._look_now.set()
        except PaddockError as error:
            await self._failed(file, error)
        else:
            self._tries.pop(file.id, None)
            # A look that began before may have put it there again.
            self._waits.pop(file.id, None)
            self._say(f"{isolated(file.seen.name)}, {size(file.seen.size_bytes)}, is here.")
            self._note_disk("")
            self._news()
        finally:
            del self._moved[file.id]
            self._observed.pulled.pop(file.id, None)
        if not self._waits and not self._moved:
            self._look_now.set()

    def _note_disk(self, problem: str) -> None:
        if problem and not self.disk_problem:
            self._say(problem)
        if self.disk_problem and not problem:
            self._say("There is room again: pulling goes on.")
        self.disk_problem = problem
        self._observed.problem("disk", problem)

    async def _failed(self, file: CarFile, error: PaddockError) -> None:
        tries = self._tries.setdefault(file.id, _Tries())
        # A line that is cut gets further each time; bytes that are wrong or unreadable do not by coming again.
        got_further = self._moved[file.id] and error.code in _OF_THE_LINK
        tries.failed = 1 if got_further else tries.failed + 1
        pause_s = min(_FIRST_RETRY_S * 2 ** (tries.failed - 1), _LAST_RETRY_S)
        if error.code in ("disk_full", "not_written", "ledger"):
            pause_s = _ROOM_RETRY_S
            self._note_disk(error.message)
            self._waits[file.id] = file
        else:
            # Whether it is the link or the log, the next look says; it puts the log there again.
            self._look_now.set()
        tries.not_before = time.monotonic() + pause_s
        with contextlib.suppress(Unavailable):
            await asyncio.to_thread(self._ledger.note_trouble, file.id, error.message)


def _logs_in_words(files: Sequence[CarFile]) -> str:
    if not files:
        return ""
    all_bytes = size(sum(file.seen.size_bytes - file.pulled_bytes for file in files))
    return f", {counted(len(files), 'log')} to pull, {all_bytes}"
