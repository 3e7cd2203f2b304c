"""ROS 2: messages in CDR, with schemas in ``ros2msg`` or ``ros2idl``."""

from __future__ import annotations

from paddock.columns.limits import Limits
from paddock.readers.decoders.decoded import Undecodable
from paddock.readers.decoders.ros import RosDecoder
from paddock.readers.decoders.ros_idl import read_idl_message
from paddock.readers.decoders.ros_schema import read_ros_message
from paddock.readers.decoders.schema import Schema

ENCODING = "cdr"


def decoder(schema: Schema | None, limits: Limits) -> RosDecoder:
    """The decoder of a channel with this schema.

    Raises:
        Undecodable: the schema is of another kind, or cannot be understood.
    """
    if schema is None or schema.encoding not in ("ros2msg", "ros2idl"):
        raise Undecodable("it has no schema of ROS 2")
    text = schema.data.decode(errors="replace")
    read = read_ros_message if schema.encoding == "ros2msg" else read_idl_message
    return RosDecoder(read(schema.name, text), limits, is_ros1=False)
