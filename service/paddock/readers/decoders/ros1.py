"""ROS 1: its messages, with schemas in ``ros1msg``."""

from __future__ import annotations

from paddock.columns.limits import Limits
from paddock.readers.decoders.decoded import Undecodable
from paddock.readers.decoders.ros import RosDecoder
from paddock.readers.decoders.ros_schema import read_ros_message
from paddock.readers.decoders.schema import Schema

ENCODING = "ros1"


def decoder(schema: Schema | None, limits: Limits) -> RosDecoder:
    """The decoder of a channel with this schema.

    Raises:
        Undecodable: the schema is of another kind, or cannot be understood.
    """
    if schema is None or schema.encoding != "ros1msg":
        raise Undecodable("it has no schema of ROS 1")
    text = schema.data.decode(errors="replace")
    return RosDecoder(read_ros_message(schema.name, text, is_ros1=True), limits, is_ros1=True)
