"""What an MCAP file says of itself, and how it is laid out: known once all of it was read."""

from __future__ import annotations

from paddock.columns.columns import FileFacts
from paddock.domain.recording import LossReport
from paddock.readers.mcap.reader import LogReader

_MISSING = {
    "header": "The header is missing: the start of the file was cut off or overwritten.",
    "data_end": "The DataEnd record is missing: the recorder did not finish the file.",
    "summary": "The summary is missing: readers that trust it find nothing.",
    "footer": "The footer is missing: the recorder did not finish the file.",
    "magic": "The closing magic is missing.",
}


def file_facts(reader: LogReader, loss: LossReport, message_count: int) -> FileFacts:
    """Its facts, once ``reader`` has read all of it; so many messages were had."""
    indexed = 0 < reader.chunks <= reader.chunk_indexes
    return FileFacts(
        said={"library": reader.library, "profile": reader.profile},
        missing=tuple(_MISSING[part] for part in loss.missing),
        oddities=tuple(_oddities(reader, message_count)),
        viewers_open=loss.health == "intact" and indexed and reader.parts == 1 and not reader.padding_bytes,
    )


def _oddities(reader: LogReader, message_count: int) -> list[str]:
    said = []
    if reader.parts > 1:
        said.append(f"{reader.parts} MCAP files follow each other; most readers see only the first.")
    if not reader.chunks and message_count:
        said.append("The log has no chunks, so viewers must read all of it to show any of it.")
    elif reader.chunk_indexes < reader.chunks:
        said.append(f"Only {reader.chunk_indexes} of {reader.chunks} chunks are indexed: viewers open it slowly.")
    return said
