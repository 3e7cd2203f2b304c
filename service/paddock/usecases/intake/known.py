"""Known: which of many logs are here, asked by hash before they are sent, and before a car frees its disk."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from paddock.domain.original import Original
from paddock.domain.recording import Recording, Status
from paddock.domain.upload import check_sha256
from paddock.ports.documents import MAX_PAGE, OneOf
from paddock.usecases.context import Context
from paddock.usecases.intake.originals import fault_by_size

MOST_HASHES = 1_000
_AT_ONCE = 16


class LogStanding(StrEnum):
    """How far the bytes of a log are."""

    STORED = "stored"
    """They are in ``raw/``, proved by their hash."""
    ON_THE_WAY = "on_the_way"
    """All of them have arrived, and are about to be proved."""
    UNKNOWN = "unknown"
    """They are to be sent, also where some of them have arrived, or others came under their hash."""


class KnownLog(msgspec.Struct, frozen=True):
    """What is known of one hash."""

    sha256: str
    standing: LogStanding
    recording: Recording | None = None


async def known_logs(context: Context, hashes: Sequence[str]) -> list[KnownLog]:
    """What is known of each of up to ``MOST_HASHES`` hashes, in their order.

    Raises:
        Rejected: one of them is no SHA-256.
    """
    for sha256 in hashes:
        check_sha256(sha256)
    found: dict[str, Recording] = {}
    asked = tuple(dict.fromkeys(hashes))
    for start in range(0, len(asked), MAX_PAGE):
        some = asked[start : start + MAX_PAGE]
        page = await context.documents.recordings.find([OneOf("id", some)], limit=MAX_PAGE)
        found |= {recording.id: recording for recording in page.items}
    room = asyncio.Semaphore(_AT_ONCE)

    async def look(sha256: str) -> KnownLog:
        recording = found.get(sha256)
        if recording is None:
            return KnownLog(sha256, LogStanding.UNKNOWN)
        async with room:
            return KnownLog(sha256, await _standing(context, recording), recording)

    looked = await asyncio.gather(*map(look, asked))
    by_hash = {each.sha256: each for each in looked}
    return [by_hash[sha256] for sha256 in hashes]


async def _standing(context: Context, recording: Recording) -> LogStanding:
    if recording.original_state is Original.AWAITED:
        # What is in raw/ before the recording says so is not proved yet.
        return LogStanding.ON_THE_WAY if recording.status is Status.VERIFYING else LogStanding.UNKNOWN
    return LogStanding.STORED if await fault_by_size(context, recording) is None else LogStanding.UNKNOWN
