"""A stream that was cut becomes a recording, through ``incoming/`` like every other log."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import structlog

from paddock.domain.device_messages import WRONG_CLOCK_NS
from paddock.domain.fields import CAR
from paddock.domain.instants import NS_PER_S
from paddock.domain.log_kinds import MCAP
from paddock.domain.streams import Stream
from paddock.usecases.catalogue.fields import load_fields
from paddock.usecases.context import Context
from paddock.usecases.intake.take_file import take_in_file

log = structlog.get_logger()


async def take_in_stream(context: Context, stream: Stream, path: Path, offset_ns: int | None) -> str:
    """Give a whole MCAP file of a stream to the intake; the SHA-256 of its recording. Doing it twice is harmless.

    Args:
        stream: what it is of.
        path: of the file; still there afterwards.
        offset_ns: what is to be added to the times that the device says, as far as that is known.

    Raises:
        Unavailable: the store or the database does not take it now.
    """
    upload_id = f"{stream.id}-{stream.last_position:x}"
    metadata, left_out = (await load_fields(context)).fitting({CAR.name: stream.car} if stream.car else {})
    for sentence in left_out:
        log.warning("device_value_left_out", device=stream.device, why=sentence)
    return await take_in_file(
        context,
        path,
        upload_id,
        name=recording_name(stream),
        uploaded_by=stream.name,
        metadata=metadata,
        clock_offset_ns=clock_offset(offset_ns),
    )


def recording_name(stream: Stream) -> str:
    """What the log is called: ``tire-temps_2026-04-18_143200Z.mcap``."""
    began = datetime.fromtimestamp(stream.began_ns // NS_PER_S, UTC)
    return f"{stream.device}_{began:%Y-%m-%d_%H%M%S}Z{MCAP.suffix}"


def clock_offset(offset_ns: int | None) -> int | None:
    """What a recording's times are corrected by; None where the device's clock is right, or says nothing."""
    return offset_ns if offset_ns is not None and abs(offset_ns) > WRONG_CLOCK_NS else None
