"""Which of many logs a service has, as its JSON says."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paddock.client.connection import TRIES, Connection
from paddock.errors import Unavailable

MOST_HASHES = 1_000
"""One request asks about so many."""


class KnownLog(msgspec.Struct, frozen=True):
    """What a service knows of one hash."""

    sha256: str
    standing: str
    """``stored``: its bytes are there, proved; ``on_the_way``: arrived and about to be; ``unknown``: send them."""
    recording: str | None = None
    """The recording's id, where there is one."""
    status: str | None = None
    """How far the recording is: ``ready``, ``failed`` …"""

    @property
    def is_stored(self) -> bool:
        """Whether a car may free its disk of it: the service has these bytes, and says so of this hash."""
        return self.standing == "stored" and self.recording == self.sha256


def ask_known(connection: Connection, hashes: Sequence[str], tries: int = TRIES) -> dict[str, KnownLog]:
    """What a service knows of logs, by hash; one request for each ``MOST_HASHES`` of them.

    Raises:
        Unavailable: it does not answer, or not what it was asked (code ``wrong_answer``).
    """
    found: dict[str, KnownLog] = {}
    for start in range(0, len(hashes), MOST_HASHES):
        asked = list(hashes[start : start + MOST_HASHES])
        answer = connection.call("POST", "/api/recordings/known", json={"sha256": asked}, tries=tries)
        try:
            items = msgspec.convert(answer["items"], list[KnownLog])
        except (KeyError, TypeError, msgspec.ValidationError):
            items = []
        if [item.sha256 for item in items] != asked:
            raise Unavailable(f"{connection.url} does not answer what it was asked.", code="wrong_answer")
        found |= {item.sha256: item for item in items}
    return found
