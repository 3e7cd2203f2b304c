"""What is wrong with a log of any kind, in sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from paddock.columns.columns import LogSummary
from paddock.domain.can_database import NO_DATABASES, Databases
from paddock.domain.instants import NS_PER_S
from paddock.domain.log_kinds import LOG_KINDS
from paddock.domain.recording import LossReport
from paddock.domain.words import LOSS_REASONS, counted
from paddock.readers.registry import reader_of, spool_log

_MAX_LISTED = 50


@dataclass(frozen=True)
class Diagnosis:
    """Everything that is wrong or odd with a log."""

    findings: tuple[str, ...]
    """Sentences, none for a log in good health."""
    message_count: int
    loss: LossReport
    needs_viewer_copy: bool
    kind: str
    """See ``domain/log_kinds.py``."""
    recoverable: bool
    """Whether ``paddock recover`` writes a clean one."""


def diagnose(
    log: BinaryIO,
    directory: Path,
    progress: Callable[[float], None] | None = None,
    memory_bytes: int | None = None,
    databases: Databases = NO_DATABASES,
) -> Diagnosis:
    """Read all of a log, decode it, and say what is wrong.

    Args:
        log: the file, seekable.
        directory: has room for the decoded messages; nothing stays there.
        progress: told how much is done, 0 to 1.
        memory_bytes: see ``spool_log``.
        databases: likewise.
    """
    with spool_log(log, directory, progress=progress, memory_bytes=memory_bytes, databases=databases) as columns:
        summary = columns.summary
    return Diagnosis(
        findings(summary),
        summary.message_count,
        summary.loss,
        summary.needs_viewer_copy,
        summary.kind,
        recoverable=reader_of(LOG_KINDS[summary.kind]).recover is not None,
    )


def findings(summary: LogSummary) -> tuple[str, ...]:
    """What is wrong or odd, the worst first."""
    loss = summary.loss
    said = [*summary.facts.missing]
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
    return (*said, *summary.facts.oddities, *summary.notices)
