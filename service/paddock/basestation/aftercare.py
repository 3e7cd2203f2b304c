"""What servers are asked and told of logs that they have: what became of them, what was changed about a stint."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator, Mapping

import msgspec
import structlog

from paddock.basestation.ledger import Ledger
from paddock.basestation.ledger_rows import Delivery, DeliveryState
from paddock.basestation.observed import Observed
from paddock.basestation.stints import StintField, Stints
from paddock.client import Client, FoundRecording
from paddock.errors import NotFound, PaddockError, Unavailable

log = structlog.get_logger()

LOOK_S = 2.0
AWAY_S = 10.0
FIELDS_S = 300.0
RENEWED_S = 60.0
"""How long after a change of a stint a server is asked whether the MATLAB file was made anew."""
AT_ONCE = 10
"""Logs asked about in one round: few, so that on a slow line the questions do not delay what is being sent."""
TIMEOUT_S = 20.0
MATLAB = "mat"


class Outcome(msgspec.Struct, frozen=True):
    """What a server has made of a log."""

    recording_url: str
    """Its page."""
    settled: bool = False
    """Whether nothing more happens to it by itself."""
    mat_url: str = ""
    """Downloads the MATLAB file; empty until there is one."""
    problem: str = ""
    """Why it cannot be converted: a sentence."""

    @classmethod
    def of(cls, recording: FoundRecording) -> Outcome:
        """That of a recording as a server has it."""
        server = recording.url.rpartition("/recordings/")[0]
        mat = next((each.url for each in recording.artifacts if each.format == MATLAB), "")
        return cls(
            recording.url,
            settled=recording.status in ("ready", "failed"),
            mat_url=f"{server}{mat}" if mat else "",
            problem=recording.error.message if recording.error else "",
        )


class Aftercare:
    """Follows logs on all servers.

    Args:
        ledger: knows which log is on which server, and what that was told.
        stints: say what it should have been told.
        observed: has the servers; is told what one does not take.
    """

    def __init__(self, ledger: Ledger, stints: Stints, observed: Observed) -> None:
        self._ledger, self._stints, self._observed = ledger, stints, observed
        self._lock = threading.Lock()
        self._outcomes: dict[tuple[str, str], Outcome] = {}
        self._told_at: dict[tuple[str, str], float] = {}
        self._changed = asyncio.Event()

    @property
    def outcomes(self) -> Mapping[tuple[str, str], Outcome]:
        """By log and server."""
        with self._lock:
            return dict(self._outcomes)

    def look_now(self) -> None:
        """A stint or a log was changed: tell servers at once."""
        self._changed.set()

    async def run(self) -> None:
        """Go on until this is cancelled."""
        async with asyncio.TaskGroup() as group:
            for server in self._observed.servers:
                group.create_task(self._follow(server))

    async def _follow(self, server: str) -> None:
        fields_at = 0.0
        with Client(server, timeout_s=TIMEOUT_S) as client:
            while True:
                pause_s = LOOK_S
                try:
                    if time.monotonic() >= fields_at:
                        await asyncio.to_thread(self._ask_fields, client)
                        fields_at = time.monotonic() + FIELDS_S
                    await asyncio.to_thread(self.look, client, server)
                except PaddockError as error:
                    # Whoever sends to it says that it is away.
                    pause_s = LOOK_S if error.permanent else AWAY_S
                except Exception:
                    # What answered is no Paddock, such as a hotspot's page to log in: pulling and sending go on.
                    log.warning("aftercare_failed", server=server, exc_info=True)
                    pause_s = AWAY_S
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await self._changed.wait()
                self._changed.clear()

    def look(self, client: Client, server: str) -> None:
        """One round; blocks.

        Raises:
            Unavailable: the server does not answer.
        """
        confirmed = [each for each in self._ledger.deliveries(server) if each.state is DeliveryState.CONFIRMED]
        if not confirmed:
            return
        wanted = self._stints.metadata_by_log(self._ledger.files())
        for delivery in confirmed:
            metadata = wanted.get(delivery.sha256, {})
            if metadata != delivery.said:
                self._tell(client, delivery, metadata)
        confirmed.sort(key=lambda each: each.changed_ns, reverse=True)
        for delivery in list(self._unsettled(confirmed))[:AT_ONCE]:
            try:
                outcome = Outcome.of(client.get(delivery.sha256))
            except NotFound:
                outcome = Outcome("", settled=True)  # somebody deleted it there
            with self._lock:
                self._outcomes[delivery.sha256, server] = outcome

    def _unsettled(self, confirmed: list[Delivery]) -> Iterator[Delivery]:
        for delivery in confirmed:
            known = self._outcomes.get((delivery.sha256, delivery.server))
            told_at = self._told_at.get((delivery.sha256, delivery.server), float("-inf"))
            if known is None or not known.settled or time.monotonic() - told_at < RENEWED_S:
                yield delivery

    def _tell(self, client: Client, delivery: Delivery, metadata: Mapping[str, str]) -> None:
        """Say what a server was told otherwise; what it was told and is no more is taken back."""
        fields = [name for name in {**delivery.said, **metadata} if delivery.said.get(name) != metadata.get(name)]
        changed = {name: metadata.get(name, "") for name in fields}
        try:
            client.edit(delivery.sha256, changed, source="base_station")
        except Unavailable:
            raise
        except NotFound:
            return  # deleted there, or not known yet
        except PaddockError:
            self._tell_what_it_takes(client, delivery, changed)
        # Its MATLAB file says who drove: it is made again.
        self._told_at[delivery.sha256, delivery.server] = time.monotonic()
        self._ledger.said(delivery.sha256, delivery.server, metadata)

    def _tell_what_it_takes(self, client: Client, delivery: Delivery, changed: Mapping[str, str]) -> None:
        """Field by field: of a server that has other fields than another one, one must not stop the rest."""
        for name, value in changed.items():
            try:
                client.edit(delivery.sha256, {name: value}, source="base_station")
            except Unavailable:
                raise
            except PaddockError as refusal:
                name_of_server = self._observed.servers[delivery.server].name
                said = f"{name_of_server} does not take {name}: {refusal.message}"
                self._observed.problem(f"{delivery.server} {name}", said)
            else:
                self._observed.problem(f"{delivery.server} {name}", "")

    def _ask_fields(self, client: Client) -> None:
        known = client.known_values()
        self._stints.offer(
            [
                StintField(each.name, each.label, each.choices, known.get(each.name, ())[:20], not each.filter)
                for each in client.fields()
            ]
        )
