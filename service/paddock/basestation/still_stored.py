"""Whether a server still has what it confirmed: its word of yesterday frees no disk."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from paddock.basestation.ledger import Ledger
from paddock.client.connection import Connection
from paddock.client.known import ask_known


def still_stored(ledger: Ledger, connection: Connection, server: str, logs: Sequence[str]) -> Collection[str]:
    """Those of some logs, by their hashes, that a server says anew it has stored. Blocks.

    What it lost is sent again; what is not here any more either is pulled again from a car that has it.

    Args:
        ledger: of the logs.
        connection: to the server.
        server: as the user named it.
        logs: that it confirmed.

    Raises:
        PaddockError: it does not say.
    """
    known = ask_known(connection, logs, tries=1)
    lost = [sha256 for sha256 in logs if not known[sha256].is_stored]
    for sha256 in lost:
        ledger.waiting(sha256, server, "the server does not have it any more: it is sent again")
    if lost:
        here = {log.sha256 for log in ledger.logs() if log.here}
        ledger.lost([sha256 for sha256 in lost if sha256 not in here], [server])
    return set(logs).difference(lost)
