"""Which messages of another log are frames of a CAN bus, as their schema and topic say, and of which bus."""

from __future__ import annotations

import re

from paddock.domain.can_database import Databases

_SCHEMA = re.compile(r"socketcan|can(fd|raw)?(msgs?)*(fd)?(frame|message|msg|packet)s?$|rawcan(fd)?$")
"""``can_msgs/msg/Frame``, ``car.CanFrame``, ``can_frame``: letters alone."""
_ENCODINGS = ("can", "canframe", "socketcan")


def may_hold_frames(topic: str, schema_name: str, message_encoding: str, databases: Databases) -> bool:
    """Whether the messages of a channel are frames, as its schema says, or whoever names it as a bus."""
    return is_frames_schema(schema_name, message_encoding) or is_named(topic, databases)


def is_frames_schema(schema_name: str, message_encoding: str) -> bool:
    """Whether a schema is one of frames by its name."""
    letters, encoding = (re.sub("[^a-z]", "", text.lower()) for text in (schema_name, message_encoding))
    return _SCHEMA.search(letters) is not None or encoding in _ENCODINGS


def is_named(topic: str, databases: Databases) -> bool:
    """Whether a database is for the very topic."""
    return any(bus and bus.strip("/") == topic.strip("/") for bus in databases)


def bus_of(topic: str, databases: Databases) -> str:
    """What the bus of a topic is called: as a database calls it, that knows the topic or a part of its name."""
    whole = topic.strip("/")
    names = [topic, whole, *whole.split("/")]
    return next((name for name in names if name and name in databases), whole or topic)
