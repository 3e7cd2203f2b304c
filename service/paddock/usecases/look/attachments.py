"""The files inside a log: which of them its document lists, and their bytes, read from the original."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec

from paddock.domain.recording import Attachment, Recording
from paddock.errors import NotFound
from paddock.ports.objects import ObjectInfo
from paddock.usecases.context import Context
from paddock.usecases.find.contents import contents_of
from paddock.usecases.intake.originals import stored_original

MAX_LISTED = 1_000
"""Attachments that a recording's document lists: a log can have millions, a document 16 MB."""
MAX_NAME_LENGTH = 200
_LAST_TIME = 2**63 - 1
"""MCAP has unsigned times, a document has not."""


@dataclass(frozen=True)
class AttachmentBytes:
    """An attachment to be downloaded."""

    info: ObjectInfo
    """What these bytes are; the original never changes, so neither does the etag."""
    file_name: str
    """Without the folders that a recorder may have put before it."""
    context: Context
    attachment: Attachment

    def read(self, start: int, end: int) -> AsyncIterator[bytes]:
        """Its bytes from ``start`` up to but not including ``end``: a range of the original."""
        begin = self.attachment.offset
        end = min(end, self.attachment.size_bytes)
        return self.context.objects.read(self.info.key, begin + start, begin + end)


def listed(attachments: tuple[Attachment, ...]) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
    """Those that a document lists, with names of a sane length, and a sentence about the others."""
    kept = tuple(
        msgspec.structs.replace(
            each,
            name=each.name[:MAX_NAME_LENGTH],
            media_type=each.media_type[:MAX_NAME_LENGTH],
            log_time=min(each.log_time, _LAST_TIME),
            create_time=min(each.create_time, _LAST_TIME),
        )
        for each in attachments[:MAX_LISTED]
    )
    more = len(attachments) - len(kept)
    return kept, (f"{more:,} more attachments are in the log than are listed.",) if more else ()


async def open_attachment(context: Context, recording: Recording, number: int) -> AttachmentBytes:
    """One of a recording's attachments, counted from 0.

    Raises:
        NotFound: it has no such attachment (code ``no_such_attachment``), or its original is not there whole.
    """
    attachments = (await contents_of(context.documents, recording)).attachments
    if not 0 <= number < len(attachments):
        raise NotFound("This recording has no such attachment: reload the page.", code="no_such_attachment")
    attachment = attachments[number]
    stored = await stored_original(context, recording, whole=True)
    info = ObjectInfo(
        key=stored.key,
        size_bytes=attachment.size_bytes,
        etag=f"{recording.id}-{attachment.offset}-{attachment.size_bytes}",
        modified_at=stored.modified_at,
    )
    name = re.split(r"[/\\]", attachment.name)[-1].strip(". ")
    return AttachmentBytes(info, name or "attachment", context, attachment)
