"""``paddock info``: what is in a log."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.table import Table

from paddock.cli.dbc_option import dbc_option
from paddock.cli.spooled import spooled
from paddock.cli.terminal import in_words, local_time, out, print_json, print_rows, seconds
from paddock.columns.columns import LogSummary
from paddock.domain.can_database import Databases
from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.domain.start_in_name import start_in_name
from paddock.domain.words import counted, printable, size
from paddock.usecases.intake.open_log import open_log

_NUMBERS = ("messages", "rate Hz", "largest gap s")
_MOST_CHANNELS = 500
"""A table of all that a hostile log can have would take minutes; ``--json`` has them all."""
_MOST_FACTS = 500
"""As many metadata records, attachments and notices are printed, each."""


@click.command("info")
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For programs: everything, with statistics per signal.")
@dbc_option
def command(log: Path, as_json: bool, databases: Databases) -> None:
    """Show what is in LOG: times, channels, metadata, and what a damaged one lost."""
    with open_log(log) as opened, spooled(opened, log.name, databases) as columns:
        summary = columns.summary
        size_bytes = opened.seek(0, os.SEEK_END)
    if as_json:
        print_json(_as_dict(log, size_bytes, summary))
    else:
        _print(log, size_bytes, summary)


def _as_dict(log: Path, size_bytes: int, summary: LogSummary) -> dict[str, Any]:
    return {
        "name": printable(log.name),
        "kind": summary.kind,
        "size_bytes": size_bytes,
        "started_at": None if (began_ns := _began_ns(log, summary)) is None else to_rfc3339(began_ns),
        "duration_s": None if summary.started_ns is None else _duration_ns(summary) / NS_PER_S,
        "message_count": summary.message_count,
        "health": summary.loss.health,
        "loss": summary.loss,
        "notices": summary.notices,
        **summary.facts.said,
        "metadata": [{"name": name, "entries": entries} for name, entries in summary.metadata],
        "attachments": [
            {"name": file.name, "media_type": file.media_type, "size_bytes": file.size_bytes}
            for file in summary.attachments
        ],
        "channels": summary.channels,
        "signals": [
            {name: value for name, value in msgspec.to_builtins(signal).items() if name not in ("id", "recording")}
            for signal in summary.signals
        ],
    }


_FRAMES = {
    "decoded": "decoded",
    "unknown": "unknown",
    "transport_frames": "of long messages",
    "too_short": "too short",
    "remote_frames": "remote",
    "error_frames": "errors of the bus",
}


def _frames_in_words(said: Mapping[str, str]) -> str:
    """What became of the CAN frames of a log."""
    counts = [f"{int(said[name]):,} {words}" for name, words in _FRAMES.items() if name in said]
    return f"{int(said['frames']):,}" + (f" ({', '.join(counts)})" if counts else "")


def _began_ns(log: Path, summary: LogSummary) -> int | None:
    """When the log began: by its own clock, or, where the logger had none, by its name."""
    return summary.started_ns if summary.facts.has_clock else start_in_name([log.name])


def _duration_ns(summary: LogSummary) -> int:
    return (summary.ended_ns or 0) - (summary.started_ns or 0)


def _print(log: Path, size_bytes: int, summary: LogSummary) -> None:
    facts = Table.grid(padding=(0, 2))
    facts.add_row("file", f"{log.name}  {size(size_bytes)}")
    if summary.started_ns is not None:
        began_ns = _began_ns(log, summary)
        facts.add_row("start", "unknown: the logger had no clock" if began_ns is None else local_time(began_ns))
        facts.add_row("duration", seconds(_duration_ns(summary)))
    facts.add_row("messages", f"{summary.message_count:,}")
    if "frames" in summary.facts.said:
        facts.add_row("frames", _frames_in_words(summary.facts.said))
    facts.add_row("health", "intact" if summary.loss.health == "intact" else in_words(summary.loss))
    for name, entries in summary.metadata[:_MOST_FACTS]:
        facts.add_row(name, ", ".join(f"{key}: {value}" for key, value in entries.items()))
    _add_more(facts, len(summary.metadata) - _MOST_FACTS, "metadata record")
    for file in summary.attachments[:_MOST_FACTS]:
        facts.add_row("attachment", f"{file.name}  {size(file.size_bytes)}")
    _add_more(facts, len(summary.attachments) - _MOST_FACTS, "attachment")
    for notice in summary.notices[:_MOST_FACTS]:
        facts.add_row("notice", notice)
    _add_more(facts, len(summary.notices) - _MOST_FACTS, "notice")
    _add_more(facts, len(summary.channels) - _MOST_CHANNELS, "channel")
    out.print(facts)
    out.print()
    print_rows(
        ("topic", "schema", *_NUMBERS),
        [
            (
                channel.topic,
                f"{channel.schema_name} ({channel.message_encoding})",
                f"{channel.message_count:,}",
                "" if channel.rate_hz is None else f"{channel.rate_hz:.4g}",
                "" if channel.largest_gap_ns is None else f"{channel.largest_gap_ns / NS_PER_S:.3g}",
            )
            for channel in summary.channels[:_MOST_CHANNELS]
        ],
        numbers=_NUMBERS,
    )


def _add_more(facts: Table, count: int, what: str) -> None:
    """Say how many were left out, if any."""
    if count > 0:
        facts.add_row("not shown", f"{counted(count, what)} more, see --json")
