"""The channels of a log, as far as its document lists them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paddock.domain.recording import ChannelSummary, LossReport

MAX_LISTED = 2_000
"""Ten times what a car registers: MongoDB takes documents of 16 MB, and a page shows all that are listed."""
MAX_LISTED_BYTES = 2_000_000
"""For their names, which a log may make as long as it likes."""
MAX_NOTICES = 50
MAX_NOTICE_LENGTH = 1_000
OTHER_TOPICS = "other topics"


def listed(channels: Sequence[ChannelSummary]) -> tuple[tuple[ChannelSummary, ...], tuple[str, ...]]:
    """Those that fit, in their order, and a sentence about the others; what has messages goes first."""
    kept: set[int] = set()
    room = MAX_LISTED_BYTES
    for place, channel in sorted(enumerate(channels), key=lambda each: not each[1].message_count):
        size = _size(channel)
        if size <= room and len(kept) < MAX_LISTED:
            kept.add(place)
            room -= size
    more = len(channels) - len(kept)
    sentence = (
        f"{more:,} more channels are in the log than are listed: nobody can search or plot them here, and the log"
        " itself has them."
    )
    return tuple(channel for place, channel in enumerate(channels) if place in kept), (sentence,) if more else ()


def listed_loss(loss: LossReport, channels: Sequence[ChannelSummary]) -> LossReport:
    """The report with what could not be decoded by topic, of these channels; all others count as one."""
    topics = {channel.topic for channel in channels}
    kept = {topic: count for topic, count in loss.undecodable.items() if topic in topics}
    others = sum(loss.undecodable.values()) - sum(kept.values())
    return msgspec.structs.replace(loss, undecodable=kept | ({OTHER_TOPICS: others} if others else {}))


def listed_notices(notices: Sequence[str]) -> tuple[str, ...]:
    """Some of a log's own notices: each of its channels may have one."""
    more = len(notices) - MAX_NOTICES
    kept = tuple(notice[:MAX_NOTICE_LENGTH] for notice in notices[:MAX_NOTICES])
    return (*kept, f"{more:,} more notices like these are not listed.") if more > 0 else kept


def _size(channel: ChannelSummary) -> int:
    texts = (channel.topic, channel.slug, channel.schema_name, channel.schema_encoding, channel.message_encoding)
    return sum(len(text.encode()) for text in texts)
