"""Logs off a car, where somebody asked for it: only what the last server has stored with this hash."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence

from paddock.basestation.ledger import Ledger
from paddock.basestation.ledger_rows import CarFile
from paddock.basestation.look import Place
from paddock.basestation.send import TIMEOUT_S
from paddock.basestation.still_stored import still_stored
from paddock.basestation.to_the_end import to_the_end
from paddock.client.connection import Connection
from paddock.domain.words import counted, isolated, size
from paddock.errors import Conflict, NotFound, PaddockError, Unavailable

_EVERY_S = 10.0
_AGAIN_S = 600.0
"""How long to wait before a log that could not be removed is tried again."""


class Remover:
    """Takes logs off one car, the oldest first.

    A log goes when the server says anew that it has it stored with this hash, and when the file on the car still is
    what was pulled: by its name, size and time, and by its hash where the car works one out.

    Args:
        place: the car.
        ledger: knows what was pulled, and is told what was removed.
        server: the last one, whose word counts.
        keep_free_bytes: as much is removed as is needed to have so much room on the car; None for all that may go.
        say: told lines for people: first what goes, then what went.
        dry_run: only the first.
    """

    def __init__(
        self,
        place: Place,
        ledger: Ledger,
        server: str,
        keep_free_bytes: int | None,
        say: Callable[[str], None],
        *,
        dry_run: bool = False,
    ) -> None:
        self._place = place
        self._ledger = ledger
        self._server = server
        self._keep_free_bytes = keep_free_bytes
        self._say = say
        self._dry_run = dry_run
        self._said = ""
        self._one_at_a_time = asyncio.Lock()
        self._not_before: dict[int, float] = {}
        """Files that could not be removed, and when they are tried again."""

    async def run(self) -> None:
        """Look again and again, until this is cancelled."""
        while True:
            await self.remove()
            await asyncio.sleep(_EVERY_S)

    async def remove(self) -> int:
        """Remove what may go now, after it was said; how many logs went."""
        async with self._one_at_a_time:
            return await self._remove() if self._place.reachable else 0

    async def _remove(self) -> int:
        try:
            free_bytes = await self._place.source.free_bytes()
            going = await to_the_end(lambda: self._going(free_bytes))
        except PaddockError as error:
            self._say_once(f"Nothing is removed from {self._place.name}: {error.message}")
            return 0
        if not going:
            return 0
        self._say_what(going)
        removed = 0
        for file in () if self._dry_run else going:
            try:
                await self._take_away(file)
                removed += 1
            except PaddockError as error:
                if isinstance(error, Unavailable) or error.code == "cannot_remove":
                    self._say_once(f"Nothing more is removed from {self._place.name}: {error.message}")
                    break
                self._not_before[file.id] = time.monotonic() + _AGAIN_S
                self._say(f"{_name(file)} stays on {self._place.name}: {error.message}")
        return removed

    def _going(self, free_bytes: int | None) -> list[CarFile]:
        """What would be removed; asks the server. Blocks.

        Raises:
            PaddockError: the server does not say, or the car not how much room it has.
        """
        now = time.monotonic()
        open_files = {file.id for file in self._place.open}
        confirmed = [
            file
            for file in self._ledger.removable(self._place.name, self._server)
            if file.id not in open_files
            and file.seen.closed is not False
            and self._not_before.get(file.id, now) <= now
        ]
        if self._keep_free_bytes is not None:
            if free_bytes is None:
                if not confirmed:
                    return []
                raise Unavailable("it does not say how much room it has, so that nobody knows how much is to go.")
            if free_bytes >= self._keep_free_bytes:
                return []
        if not confirmed:
            return []
        stored = self._stored(confirmed)
        needed = None if self._keep_free_bytes is None else self._keep_free_bytes - (free_bytes or 0)
        going: list[CarFile] = []
        for file in stored:
            if needed is not None and needed <= 0:
                break
            going.append(file)
            needed = None if needed is None else needed - file.seen.size_bytes
        return going

    def _stored(self, files: Sequence[CarFile]) -> list[CarFile]:
        """Those that the server still has: its word of an hour ago is not good enough."""
        hashes = list(dict.fromkeys(file.sha256 for file in files if file.sha256 is not None))
        with contextlib.closing(Connection(self._server, TIMEOUT_S)) as connection:
            stored = still_stored(self._ledger, connection, self._server, hashes)
        return [file for file in files if file.sha256 in stored]

    def _say_what(self, going: Sequence[CarFile]) -> None:
        logs = f"{counted(len(going), 'log')}, {size(sum(file.seen.size_bytes for file in going))}"
        would = "would be removed" if self._dry_run else "is being removed"
        names = ", ".join(_name(file) for file in going[:20])
        more = f" and {len(going) - 20} more" if len(going) > 20 else ""
        self._say_once(f"From {self._place.name} {would} what {self._server} has stored: {logs}: {names}{more}.")

    def _say_once(self, line: str) -> None:
        if line != self._said:
            self._said = line
            self._say(line)

    async def _take_away(self, file: CarFile) -> None:
        """Remove one file.

        Raises:
            Conflict: it is not what was pulled any more.
            Unavailable: the car is away.
        """
        source = self._place.source
        with contextlib.suppress(NotFound):
            hashed = await source.beginning_sha256(file.seen, file.seen.size_bytes)
            if hashed is not None and hashed != file.sha256:
                raise Conflict("its bytes are others than those that were pulled.")
            await source.remove(file.seen)
        await asyncio.to_thread(self._ledger.removed, file.id, time.time_ns())
        self._say(f"{_name(file)} is off {self._place.name}, and stored at {self._server}.")


def _name(file: CarFile) -> str:
    return isolated(file.seen.name)
