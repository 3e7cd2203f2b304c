"""Attachments: files inside a log, of any size, so never held in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from paddock.domain.recording import Attachment
from paddock.readers.mcap.events import Record
from paddock.readers.mcap.records import PREFIX_BYTES, Fields, Malformed, read_attachment_head
from paddock.readers.mcap.windows import Window

PIECE_BYTES = 1 << 20
_MAX_HEAD_BYTES = 1 << 20


def read_attachment(record: Record, window: Window) -> tuple[Attachment, bool]:
    """Where an attachment lies, and whether its checksum is right (or was not computed by its writer).

    Raises:
        Malformed: its fields make no sense, or it is not whole.
    """
    content = record.position + PREFIX_BYTES
    at = window.ensure(content, min(record.length, _MAX_HEAD_BYTES))
    fields = Fields(window.data, at, min(len(window.data), at + _MAX_HEAD_BYTES))
    head = read_attachment_head(fields)
    head_size = fields.position - at
    # More than the record has would be other records: a log of such heads would have all of it read for each one.
    if head.data_size > record.length - head_size:
        raise Malformed
    end = content + head_size + head.data_size
    crc = _crc(window, content, end)
    after = window.ensure(end, 4)
    has_crc = record.length - head_size - head.data_size >= 4
    expected = Fields(window.data, after, len(window.data)).u32() if has_crc else 0
    attachment = Attachment(
        head.name,
        head.media_type,
        head.log_time,
        head.create_time,
        content + head_size,
        head.data_size,
    )
    return attachment, expected in (0, crc)


def attachment_data(log: BinaryIO, attachment: Attachment) -> Iterator[bytes]:
    """The bytes of an attachment, in pieces, from the log that it was found in.

    Raises:
        OSError: the log became shorter meanwhile.
    """
    position, end = attachment.offset, attachment.offset + attachment.size_bytes
    while position < end:
        log.seek(position)
        piece = log.read(min(PIECE_BYTES, end - position))
        if not piece:
            raise OSError("The log became shorter while it was read.")
        yield piece
        position += len(piece)


def _crc(window: Window, position: int, end: int) -> int:
    crc = 0
    while position < end:
        size = min(PIECE_BYTES, end - position)
        at = window.ensure(position, size)
        crc = zlib.crc32(memoryview(window.data)[at : at + size], crc)
        position += size
    return crc
