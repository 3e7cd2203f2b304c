"""The bytes that a device sent → messages, by what they are: JSON, lines of JSON, MessagePack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from paddock.domain.device_messages import MAX_MESSAGES, Problem, messages_in
from paddock.readers.decoders.json_text import parsed

CAN_UDP = "application/x-wuracing-can"
"""What the site's UDP port puts into the log: whole frames, one after the other."""


class PayloadKind(StrEnum):
    """How messages are written."""

    JSON = "json"
    LINES = "lines"
    """A JSON message on each line."""
    MSGPACK = "msgpack"
    PROTOBUF = "protobuf"
    CAN = "can"


_BY_CONTENT_TYPE = {
    "application/json": PayloadKind.JSON,
    "text/json": PayloadKind.JSON,
    "application/x-ndjson": PayloadKind.LINES,
    "application/ndjson": PayloadKind.LINES,
    "application/jsonl": PayloadKind.LINES,
    "application/x-jsonlines": PayloadKind.LINES,
    "application/msgpack": PayloadKind.MSGPACK,
    "application/x-msgpack": PayloadKind.MSGPACK,
    "application/vnd.msgpack": PayloadKind.MSGPACK,
    "application/protobuf": PayloadKind.PROTOBUF,
    "application/x-protobuf": PayloadKind.PROTOBUF,
    "application/vnd.google.protobuf": PayloadKind.PROTOBUF,
    CAN_UDP: PayloadKind.CAN,
}
_SEND = 'send an object such as {"temperature": 21.5}'
_NAMED_LINES = 5
_BLANK = b" \t\r\n\0"
_TEXT_BEGINS = frozenset(b"{[\xef")
"""How JSON, or its byte order mark, begins."""


class NotReadable(Exception):
    """What was sent is none of what it says to be.

    Args:
        problem: why.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


def kind_of(content_type: str, payload: bytes, *, has_schema: bool) -> PayloadKind:
    """What a payload is: as it says, else as it looks.

    Args:
        content_type: as it was sent, with parameters or not; empty, or one that says nothing of use, such as that
            of ``curl -d``, to look.
        payload: what was sent.
        has_schema: whether the device has a protobuf schema.
    """
    said = _BY_CONTENT_TYPE.get(content_type.partition(";")[0].strip().lower())
    if said is not None:
        return said
    begin = payload.lstrip(_BLANK)[:1]
    if begin and begin[0] in _TEXT_BEGINS:
        return PayloadKind.JSON
    if has_schema:
        return PayloadKind.PROTOBUF
    # A map or an array of MessagePack; text never begins so.
    if payload[:1] and (0x80 <= payload[0] <= 0x9F or 0xDC <= payload[0] <= 0xDF):
        return PayloadKind.MSGPACK
    return PayloadKind.JSON


def messages_of(kind: PayloadKind, payload: bytes, problems: list[Problem]) -> Iterator[Mapping[str, Any]]:
    """The messages of a payload of JSON, lines or MessagePack.

    Args:
        kind: what it is.
        payload: what was sent.
        problems: takes what is wrong with single messages.

    Raises:
        NotReadable: it is not what it says to be.
    """
    found = 0
    for each in _values(kind, payload, problems):
        for message in messages_in(each):
            found += 1
            if found > MAX_MESSAGES:
                problems.append(Problem("too_many_messages", f"More than {MAX_MESSAGES:,} messages came at once."))
                return
            if message is None:
                problems.append(
                    Problem("not_an_object", 'A message is no object: send one such as {"temperature": 21.5}.')
                )
            else:
                yield message


def _values(kind: PayloadKind, payload: bytes, problems: list[Problem]) -> Iterator[Any]:
    if kind is PayloadKind.MSGPACK:
        yield from_msgpack(payload)
        return
    if kind is PayloadKind.JSON:
        try:
            yield parsed(payload)
            return
        except ValueError:
            if b"\n" not in payload.strip(_BLANK):
                raise not_json() from None
    good, bad = 0, list[int]()
    for number, line in enumerate(payload.split(b"\n"), 1):
        if not line.strip(_BLANK):
            continue
        try:
            value = parsed(line)
        except ValueError:
            bad.append(number)
            problems.append(_bad_lines(bad))
        else:
            good += 1
            yield value
    if not good:
        raise not_json()


def _bad_lines(numbers: Sequence[int]) -> Problem:
    """What is said of the last one of some lines that cannot be read: of several problems the last is shown."""
    shown = [f"{number:,}" for number in numbers[:_NAMED_LINES]]
    if more := len(numbers) - len(shown):
        shown.append(f"{more:,} more")
    named = f"Line {shown[0]} is" if len(shown) == 1 else f"Lines {', '.join(shown[:-1])} and {shown[-1]} are"
    return Problem("not_json", f"{named} no JSON: {_SEND}.")


def from_msgpack(payload: bytes) -> Any:
    """The value of a MessagePack payload.

    Raises:
        NotReadable: it is none.
    """
    try:
        return msgspec.msgpack.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError):
        raise NotReadable(Problem("not_msgpack", "This is no MessagePack: send one whole value.")) from None


def not_json() -> NotReadable:
    """What is said of what cannot be read as JSON."""
    return NotReadable(Problem("not_json", f"This is no JSON: {_SEND}."))
