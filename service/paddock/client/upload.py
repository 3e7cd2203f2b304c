"""Sending one log: hash, announce, send what is missing, complete."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from paddock.client.connection import PIECE_BYTES, TRIES, Connection
from paddock.domain.words import encodable
from paddock.errors import Conflict, NotFound, PaddockError

PARALLEL_PARTS = 3

Progress = Callable[[int], None]
"""Told how many more bytes are through."""


def upload(
    connection: Connection,
    path: Path,
    metadata: Mapping[str, str],
    hashed: Progress,
    sent: Progress,
    known: Callable[[Any], None] | None = None,
) -> Any:
    """The recording's JSON. What has arrived of an earlier try is not sent again.

    Args:
        connection: to the service.
        path: the log.
        metadata: fills what is empty.
        hashed: told about bytes that were read.
        sent: told about bytes that arrived.
        known: told the recording's JSON as it was, where the service has the log already.
    """
    size_bytes = path.stat().st_size
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            hashed(len(piece))
    announcement = {
        "sha256": digest.hexdigest(),
        "size_bytes": size_bytes,
        "name": encodable(path.name),
        "metadata": dict(metadata),
    }
    if known is not None:
        with contextlib.suppress(NotFound):
            known(connection.call("GET", f"/api/recordings/{digest.hexdigest()}"))
    for attempt in range(TRIES):
        plan = connection.call("POST", "/api/uploads", json=announcement)
        if plan["recording"] is not None:
            sent(size_bytes)
            return plan["recording"]
        try:
            with ThreadPoolExecutor(PARALLEL_PARTS) as pool:
                list(pool.map(lambda part: _send_part(connection, path, part, sent), plan["parts"]))
            return connection.call("POST", f"/api/uploads/{plan['id']}/complete")["recording"]
        except PaddockError as error:
            # A part is missing after all, or its link ran out on a slow line: announce again to learn which.
            again = isinstance(error, Conflict) or error.code == "link_expired"
            if not again or attempt == TRIES - 1:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _send_part(connection: Connection, path: Path, part: Mapping[str, Any], sent: Progress) -> None:
    def pieces() -> Iterator[bytes]:
        left = part["size_bytes"]
        with path.open("rb") as file:
            file.seek(part["offset"])
            while left and (piece := file.read(min(left, PIECE_BYTES))):
                left -= len(piece)
                yield piece

    connection.call(
        "PUT",
        part["url"],
        content=pieces,
        headers={"Content-Length": str(part["size_bytes"])},
    )
    sent(part["size_bytes"])
