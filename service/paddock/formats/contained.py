"""Write a file even where one topic of the log is too much for its writer: that topic is left out, and named."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from paddock.columns.columns import AS_BYTES, ColumnBatch, ColumnChannel, Columns, LogSummary
from paddock.columns.containment import contained
from paddock.columns.progress import Progress
from paddock.domain.export import ExportRequest
from paddock.domain.words import counted
from paddock.errors import PaddockError
from paddock.formats.registry import RunInfo, WriteColumns

MOST_TOPICS = 2_000
"""Ten times what a car registers. Each costs every writer some work, and no program likes more variables."""
_NOT_A_TOPIC = (PaddockError, OSError)
"""What the request or the disk has against the file, whatever is in it."""


def write_contained(
    write: WriteColumns, columns: Columns, request: ExportRequest, run: RunInfo, target: Path, progress: Progress
) -> tuple[str, ...]:
    """Write the whole file; a sentence for each topic that its writer fails at and that is left out.

    Which topics these are is found by writing each alone, so nothing is lost or slower where all goes well.
    """
    try:
        write(columns, request, run, target, progress)
        return ()
    except _NOT_A_TOPIC:
        raise
    except BaseException as error:
        contained(error)
        faulty = _faulty(write, columns, request, run, target)
        if not faulty:
            raise
    said = tuple(f"{channel.topic} is left out of this file: {error}." for channel, error in faulty.items())
    write(Without(columns, list(faulty), said), request, run, target, progress)
    return said


def _faulty(
    write: WriteColumns, columns: Columns, request: ExportRequest, run: RunInfo, target: Path
) -> dict[ColumnChannel, str]:
    """The channels that cannot be written, and why."""
    faulty = {}
    probe = target.with_name(f"{target.name}.probe")
    for channel in columns.channels:
        alone = Without(columns, [other for other in columns.channels if other is not channel])
        try:
            write(alone, request, run, probe, lambda _: None)
        except _NOT_A_TOPIC:
            raise
        except BaseException as error:
            faulty[channel] = contained(error)
        finally:
            with contextlib.suppress(OSError):
                probe.unlink(missing_ok=True)
    return faulty


class Without:
    """``Columns`` over other columns, of which some channels have no messages.

    They are still there, so that a request's patterns take what they took before.
    """

    def __init__(self, columns: Columns, left_out: Sequence[ColumnChannel], notices: Sequence[str] = ()) -> None:
        self._columns = columns
        self._left_out = set(left_out)
        self.channels: Sequence[ColumnChannel] = columns.channels
        slugs = {channel.slug for channel in left_out}
        summaries = tuple(
            msgspec.structs.replace(each, message_count=0, started_ns=None, ended_ns=None)
            if each.slug in slugs
            else each
            for each in columns.summary.channels
        )
        self.summary: LogSummary = replace(
            columns.summary, channels=summaries, notices=(*columns.summary.notices, *notices)
        )

    def rows(self, channel: ColumnChannel) -> int:
        """As ``Columns`` says."""
        return 0 if channel in self._left_out else self._columns.rows(channel)

    def size_bytes(self, channel: ColumnChannel) -> int:
        """As ``Columns`` says."""
        return 0 if channel in self._left_out else self._columns.size_bytes(channel)

    def read(self, channel: ColumnChannel, fields: Sequence[str] | None = None) -> Iterator[ColumnBatch]:
        """As ``Columns`` says."""
        return iter(()) if channel in self._left_out else self._columns.read(channel, fields)


def few_enough(columns: Columns) -> tuple[Columns, tuple[str, ...]]:
    """The columns without the topics beyond ``MOST_TOPICS``, those that are kept as bytes first; and a sentence."""
    written = [channel for channel in columns.channels if columns.rows(channel)]
    if len(written) <= MOST_TOPICS:
        return columns, ()
    left_out = sorted(written, key=lambda channel: channel.fields == AS_BYTES)[MOST_TOPICS:]
    said = (
        f"{counted(len(left_out), 'topic')} left out of this file, which has {MOST_TOPICS:,}, the most it may:"
        " name some, or take the log itself.",
    )
    return Without(columns, left_out, said), said


def within(columns: Columns, sizes: Mapping[str, int], limit_bytes: int) -> tuple[Columns, tuple[str, ...]]:
    """The columns without the largest channels, until what is left has at most ``limit_bytes``; and sentences.

    Args:
        columns: all of them.
        sizes: bytes in the file, by slug.
        limit_bytes: of all together.
    """
    total = sum(sizes.values())
    left_out = []
    for channel in sorted(columns.channels, key=lambda channel: -sizes.get(channel.slug, 0)):
        if total <= limit_bytes:
            break
        total -= sizes.get(channel.slug, 0)
        left_out.append(channel)
    said = tuple(
        f"{channel.topic} is left out of the MATLAB file that every recording has: it would take about "
        f"{sizes[channel.slug] / 1e9:.1f} GB there. Export a part of it."
        for channel in left_out
    )
    return (Without(columns, left_out, said) if left_out else columns), said
