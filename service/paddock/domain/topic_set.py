"""Which topics a log has. Most logs of a car have the same ones, so they are kept and counted once for all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from paddock.domain.recording import ChannelSummary

_ID_BYTES = 16


class TopicSet(msgspec.Struct, frozen=True):
    """The topics of some logs. It never changes, because its id is a hash of them."""

    id: str
    topics: tuple[str, ...]
    """Each once, in order."""


def topic_set_of(channels: Iterable[ChannelSummary]) -> TopicSet:
    """The topics of these channels, also of those without messages: a search for a topic finds them too."""
    topics = tuple(sorted({channel.topic for channel in channels}))
    digest = hashlib.blake2b(msgspec.json.encode(topics), digest_size=_ID_BYTES, person=b"paddock-topics")
    return TopicSet(digest.hexdigest(), topics)
