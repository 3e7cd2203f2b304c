"""What is wrong with a log, in sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from paddock.columns.columns import LogSummary
from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import LossReport
from paddock.domain.words import LOSS_REASONS, counted
from paddock.readers.mcap.spool import spool_log

_MISSING = {
    "header": "The header is missing: the start of the file was cut off or overwritten.",
    "data_end": "The DataEnd record is missing: the recorder did not finish the file.",
    "summary": "The summary is missing: readers that trust it find nothing.",
    "footer": "The footer is missing: the recorder did not finish the file.",
    "magic": "The closing magic is missing.",
}
_MAX_LISTED = 50


@dataclass(frozen=True)
class Diagnosis:
    """Everything that is wrong or odd with a log."""

    findings: tuple[str, ...]
    """Sentences, none for a log in good health."""
    message_count: int
    loss: LossReport
    needs_viewer_copy: bool


def diagnose(
    log: BinaryIO, directory: Path, progress: Callable[[float], None] | None = None, memory_bytes: int | None = None
) -> Diagnosis:
    """Read all of a log, decode it, and say what is wrong.

    Args:
        log: the file, seekable.
        directory: has room for the decoded messages; nothing stays there.
        progress: told how much is done, 0 to 1.
        memory_bytes: see ``spool_log``.
    """
    with spool_log(log, directory, progress=progress, memory_bytes=memory_bytes) as columns:
        summary = columns.summary
    return Diagnosis(findings(summary), summary.message_count, summary.loss, needs_viewer_copy(summary))


def needs_viewer_copy(summary: LogSummary) -> bool:
    """Whether a remote viewer cannot open the log fast: damaged, without chunks or their index, or padded."""
    indexed = 0 < summary.chunks <= summary.chunk_indexes
    return summary.loss.health != "intact" or not indexed or summary.parts != 1 or summary.padding_bytes > 0


def findings(summary: LogSummary) -> tuple[str, ...]:
    """What is wrong or odd, the worst first."""
    loss = summary.loss
    said = [_MISSING.get(part, f"{part} is missing.") for part in loss.missing]
    for each in loss.losses[:_MAX_LISTED]:
        lost = [f", {counted(each.size_bytes, 'byte')} lost"] if each.size_bytes else []
        lost += [f", {counted(each.records, 'message')} lost"] if each.records else []
        reason = LOSS_REASONS.get(each.reason, each.reason.replace("_", " "))
        said.append(f"At byte {each.offset:,}: {reason}{''.join(lost)}.")
    if len(loss.losses) > _MAX_LISTED:
        more = len(loss.losses) - _MAX_LISTED
        said.append(f"There {'is' if more == 1 else 'are'} {counted(more, 'more such place')}.")
    said += [
        f"{topic}: {counted(count, 'message')} cannot be decoded." for topic, count in loss.undecodable.items()
    ]
    if loss.orphans:
        belong = "belongs" if loss.orphans == 1 else "belong"
        said.append(f"{counted(loss.orphans, 'message')} {belong} to channels that the file does not define.")
    if loss.lost_ns:
        said.append(f"The losses leave gaps of {loss.lost_ns / NS_PER_S:.3f} s altogether.")
    if summary.parts > 1:
        said.append(f"{summary.parts} MCAP files follow each other; most readers see only the first.")
    if not summary.chunks and summary.message_count:
        said.append("The log has no chunks, so viewers must read all of it to show any of it.")
    elif summary.chunk_indexes < summary.chunks:
        said.append(f"Only {summary.chunk_indexes} of {summary.chunks} chunks are indexed: viewers open it slowly.")
    return (*said, *summary.notices)
