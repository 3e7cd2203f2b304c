"""Numbers and facts in words, as pages say them."""

from __future__ import annotations

from datetime import datetime

from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import LossReport
from paddock.domain.words import LOSS_REASONS, isolated, size

_PARTS = {
    "footer": "the footer",
    "summary": "the summary at the end",
    "magic": "the closing magic bytes",
    "data_end": "the end of the data section",
    "header": "the header",
}


def duration(duration_s: float | None) -> str:
    """``10:12`` or ``1:02:33``; tenths below a minute; a dash when unknown."""
    if duration_s is None:
        return "–"
    if duration_s < 59.95:
        return f"{duration_s:.1f} s"
    minutes, rest = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def utc(rfc3339: str, *, seconds: bool = False) -> str:
    """``18 Apr 2026 14:32``, in UTC; scripts turn it into the reader's zone in the same form."""
    form = "%d %b %Y %H:%M:%S" if seconds else "%d %b %Y %H:%M"
    return datetime.fromisoformat(rfc3339[:19] + "+00:00").strftime(form)


def gap(duration_s: float | None) -> str:
    """A time between two messages, in the unit that reads best."""
    if duration_s is None:
        return "–"
    if duration_s < 1:
        return f"{duration_s * 1000:.3g} ms"
    return duration(duration_s)


def number(value: float | None, digits: int = 0) -> str:
    """Grouped by thin spaces, which no locale reads as a decimal sign; a dash when unknown."""
    return "–" if value is None else f"{value:,.{digits}f}".replace(",", "\u202f")


def significant(value: float | None) -> str:
    """Four significant digits; a dash when unknown."""
    if value is None:
        return "–"
    return f"{float(f'{value:.4g}'):,.12g}".replace(",", "\u202f") if abs(value) < 1e9 else f"{value:.3e}"


def plural(count: int, noun: str) -> str:
    """``1 message``, ``2 messages``."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def loss_sentences(loss: LossReport) -> tuple[str, ...]:
    """What a log lost, one fact per sentence."""
    if loss.health == "intact":
        return ("Every record of the log was read.",)
    sentences = []
    if loss.missing:
        parts = ", ".join(_PARTS.get(part, part.replace("_", " ")) for part in loss.missing)
        sentences.append(f"The file has no ending as a complete log has: missing {parts}.")
    for lost in loss.losses:
        reason = LOSS_REASONS.get(lost.reason, lost.reason.replace("_", " "))
        known = f", {plural(lost.records, 'record')} in it" if lost.records else ""
        extent = f" ({size(lost.size_bytes)}{known})" if lost.size_bytes or lost.records else ""
        sentences.append(f"At byte {number(lost.offset)}: {reason}{extent}.")
    if loss.orphans:
        sentences.append(f"{plural(loss.orphans, 'message')} had no channel definition and could not be read.")
    for topic, count in sorted(loss.undecodable.items()):
        sentences.append(f"{plural(count, 'message')} of {isolated(topic)} could not be decoded.")
    if loss.lost_bytes or loss.lost_records or loss.lost_ns:
        known = f", at least {plural(loss.lost_records, 'record')}" if loss.lost_records else ""
        span = f", about {duration(loss.lost_ns / NS_PER_S)} of driving" if loss.lost_ns else ""
        sentences.append(f"Lost in total: {size(loss.lost_bytes)}{known}{span}.")
    elif not (loss.losses or loss.orphans or loss.undecodable):
        sentences.append("No message is known to be lost.")
    return tuple(sentences)
