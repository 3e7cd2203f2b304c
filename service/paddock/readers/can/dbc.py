"""Reads a DBC file as far as it can be read: what is wrong with it costs one line, and is said."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from paddock.domain.can_database import CanDatabase, CanMessage, CanSignal, Condition
from paddock.domain.words import counted
from paddock.readers.can.dbc_statements import Statement, statements

EXTENDED = 1 << 31
"""Set in a DBC's number of a message whose id has 29 bits."""
_NO_MESSAGE = 0xC0000000
"""Carries the signals that belong to no message."""
MAX_BYTES = 64
_CLASSIC_BYTES = 8
MAX_NOTICES = 100
_CAN_FORMATS = ("StandardCAN", "ExtendedCAN", "reserved", "J1939PG")
"""Meanings of ``VFrameFormat`` where the file does not list them."""

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_TEXT = r'"((?:[^"\\]|\\.)*)"'
_MESSAGE = re.compile(r"(\d+)\s+([^\s:]+)\s*:\s*(\d+)\s*(\S*)")
_SIGNAL = re.compile(
    r"([^\s:]+)\s*(?:(M|m(?!\d))|m(\d+)(M?))?\s*:\s*(\d+)\s*\|\s*(\d+)\s*@\s*([01])\s*([-+])"
    rf"\s*\(\s*({_NUMBER})\s*,\s*({_NUMBER})\s*\)"
    rf"\s*(?:\[\s*({_NUMBER})?\s*\|\s*({_NUMBER})?\s*\])?\s*(?:{_TEXT})?",
    re.DOTALL,
)
_COMMENT = re.compile(rf"(?:(BO_|SG_)\s+(\d+)\s+(?:([^\s\"]+)\s*)?)?{_TEXT}", re.DOTALL)
_VALUES = re.compile(r"(\d+)\s+(\S+)\s+(.*)", re.DOTALL)
_TABLE = re.compile(r"(\S+)\s+(.*)", re.DOTALL)
_NAMED = re.compile(rf"({_NUMBER})\s*{_TEXT}", re.DOTALL)
_VALTYPE = re.compile(r"(\d+)\s+([^\s:]+)\s*:?\s*(\d)")
_MULTIPLEXED = re.compile(r"(\d+)\s+(\S+)\s+(\S+)\s+(.*)", re.DOTALL)
_RANGE = re.compile(r"(\d+)\s*-\s*(\d+)")
_ATTRIBUTE = re.compile(
    rf'"([^"]*)"\s*(?:(BO_|SG_)\s+(\d+)\s+(?:([^\s"]+)\s+)?)?(?:{_TEXT}|({_NUMBER}))', re.DOTALL
)
_DEFINITION = re.compile(r'(?:BO_|SG_|BU_|EV_)?\s*"([^"]*)"\s*ENUM\s*(.*)', re.DOTALL)
_DEFAULT = re.compile(rf'"([^"]*)"\s*(?:{_TEXT}|({_NUMBER}))', re.DOTALL)
_ONE_TEXT = re.compile(_TEXT, re.DOTALL)


@dataclass
class _Signal:
    line: int
    signal: CanSignal
    is_multiplexer: bool
    branch: int | None
    """A value of the message's only multiplexer, where no ``SG_MUL_VAL_`` says which."""
    long_name: str = ""
    text: dict[str, str] = field(default_factory=dict)


@dataclass
class _Message:
    line: int
    number: int
    name: str
    length: int
    sender: str
    signals: list[_Signal] = field(default_factory=list)
    comment: str = ""
    attributes: dict[str, str] = field(default_factory=dict)

    def named(self, name: str) -> list[_Signal]:
        """Signals as the file calls them; several where branches of a multiplexer share a name."""
        return [each for each in self.signals if each.signal.name == name]


def read_dbc(content: bytes) -> CanDatabase:
    """The database of a file, with a notice for each line that cannot be read.

    Never fails: of bytes that are no DBC at all nothing comes out, which ``messages`` shows.
    """
    reader = _Reader()
    for statement in statements(_decoded(content)):
        reader.take(statement)
    return reader.finish()


def _decoded(content: bytes) -> str:
    """Vector's tools write cp1252, others UTF-8."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


class _Reader:
    def __init__(self) -> None:
        self._messages: dict[int, _Message] = {}
        self._last: _Message | None = None
        self._notices: list[str] = []
        self._unsaid = 0
        self._formats: tuple[str, ...] = _CAN_FORMATS
        self._defaults: dict[str, str] = {}
        self._network: dict[str, str] = {}
        """Attributes of the bus itself."""
        self._takes = {
            "BO_": self._message,
            "SG_": self._signal,
            "CM_": self._comment,
            "VAL_": self._values,
            "SIG_VALTYPE_": self._valtype,
            "SG_MUL_VAL_": self._multiplexed,
            "BA_": self._attribute,
            "BA_DEF_": self._definition,
            "BA_DEF_DEF_": self._default,
        }

    def take(self, statement: Statement) -> None:
        """Read one; what it cannot be is said."""
        if take := self._takes.get(statement.keyword):
            try:
                take(statement)
            except ValueError as error:
                self._say(statement.line, str(error) or f"{statement.keyword} cannot be read")

    def _say(self, line: int, what: str) -> None:
        if len(self._notices) < MAX_NOTICES:
            self._notices.append(f"Line {line}: {what}.")
        else:
            self._unsaid += 1

    def _message(self, statement: Statement) -> None:
        self._last = None
        found = _MESSAGE.match(statement.text)
        if found is None:
            raise ValueError("this is no message: BO_, number, name, colon and length are expected")
        number = int(found[1])
        if number == _NO_MESSAGE:
            return
        if (number & ~EXTENDED) >= 1 << 29:
            raise ValueError(f"{found[2]} has the number {number}, which no frame can have")
        if not number & EXTENDED and number >= 1 << 11:
            self._say(statement.line, f"{found[2]} has an id of more than 11 bits: taken as an extended one")
        number = _marked(number)
        message = _Message(statement.line, number, found[2], int(found[3]), found[4])
        self._last = message
        if number in self._messages:
            first = self._messages[number]
            raise ValueError(f"{message.name} has the number of {first.name} in line {first.line}, which counts")
        self._messages[number] = message

    def _signal(self, statement: Statement) -> None:
        found = _SIGNAL.match(statement.text)
        if found is None:
            raise ValueError("this signal cannot be read")
        if self._last is None:
            return  # Of no message, or one that could not be read, which was said.
        start, length = int(found[5]), int(found[6])
        name = found[1]
        if not 1 <= length <= 64:
            raise ValueError(f"{name} has {length} bits: 1 to 64 can be read")
        if start >= 8 * max(MAX_BYTES, self._last.length):
            raise ValueError(f"{name} begins at bit {start}, outside of every frame")
        factor, offset = _number(found[9]), _number(found[10])
        if not math.isfinite(factor) or not math.isfinite(offset):
            raise ValueError(f"the scale of {name} is no number")
        signal = CanSignal(
            name=name,
            start=start,
            length=length,
            is_big_endian=found[7] == "0",
            is_signed=found[8] == "-",
            factor=factor,
            offset=offset,
            low=_number(found[11]) if found[11] else None,
            high=_number(found[12]) if found[12] else None,
            unit=_unescaped(found[13] or ""),
        )
        if signal.last_byte >= max(self._last.length, MAX_BYTES):
            raise ValueError(f"{name} ends outside of every frame")
        if signal.last_byte >= self._last.length:
            message = self._last
            self._say(
                statement.line, f"{name} lies outside of the {counted(message.length, 'byte')} of {message.name}"
            )
        branch = int(found[3]) if found[3] else None
        self._last.signals.append(_Signal(statement.line, signal, bool(found[2] or found[4]), branch))

    def _of(self, number: str, name: str) -> list[_Signal]:
        """The signals that a later statement is about; empty where there are none, as tools leave many of."""
        message = self._by(number)
        return message.named(name) if message else []

    def _by(self, number: str) -> _Message | None:
        return self._messages.get(_marked(int(number)))

    def _comment(self, statement: Statement) -> None:
        found = _COMMENT.match(statement.text)
        if found is None:
            if statement.text.startswith(("BO_", "SG_", '"')):
                raise ValueError("this comment cannot be read: is a quote missing?")
            return
        kind, number, name, text = found.groups()
        if kind == "BO_" and (message := self._by(number)):
            message.comment = _unescaped(text)
        elif kind == "SG_" and name:
            for each in self._of(number, name):
                each.signal = msgspec.structs.replace(each.signal, comment=_unescaped(text))

    def _values(self, statement: Statement) -> None:
        found = _VALUES.match(statement.text)
        if found is None or not found[1].isdigit():
            return  # Of an environment variable.
        names = {}
        for number, text in _NAMED.findall(found[3]):
            value = _number(number)
            if value == int(value):
                names[int(value)] = _unescaped(text)
        if not names and found[3].strip():
            raise ValueError(f"the values of {found[2]} cannot be read")
        for each in self._of(found[1], found[2]):
            each.signal = msgspec.structs.replace(each.signal, names=names)

    def _valtype(self, statement: Statement) -> None:
        found = _VALTYPE.match(statement.text)
        if found is None:
            raise ValueError("this type of a signal cannot be read")
        bits = {"1": 32, "2": 64}.get(found[3])
        for each in self._of(found[1], found[2]):
            if bits and each.signal.length != bits:
                raise ValueError(
                    f"{found[2]} is a float of {bits} bits but has {each.signal.length}: kept as integer"
                )
            each.signal = msgspec.structs.replace(each.signal, is_float=bits is not None)

    def _multiplexed(self, statement: Statement) -> None:
        found = _MULTIPLEXED.match(statement.text)
        ranges = tuple((int(low), int(high)) for low, high in _RANGE.findall(found[4])) if found else ()
        if found is None or not ranges:
            raise ValueError("these values of a multiplexer cannot be read")
        condition = Condition(found[3], ranges)
        signals = self._of(found[1], found[2])
        # Where branches share a name, each says its own value.
        own = [each for each in signals if len(signals) == 1 or _holds(ranges, each.branch)]
        for each in own:
            each.signal = msgspec.structs.replace(each.signal, condition=condition)

    def _definition(self, statement: Statement) -> None:
        found = _DEFINITION.match(statement.text)
        if found and found[1] == "VFrameFormat":
            self._formats = tuple(_ONE_TEXT.findall(found[2]))

    def _default(self, statement: Statement) -> None:
        if found := _DEFAULT.match(statement.text):
            self._defaults[found[1]] = found[2] if found[2] is not None else found[3]

    def _attribute(self, statement: Statement) -> None:
        found = _ATTRIBUTE.match(statement.text)
        if found is None:
            return  # Of a node, or of something else that says nothing about frames.
        attribute, kind, number, name, text, digits = found.groups()
        value = text if text is not None else digits
        if kind is None:
            self._network[attribute] = value
        elif kind == "BO_" and (message := self._by(number)):
            message.attributes[attribute] = value
        elif kind == "SG_" and name and attribute == "SystemSignalLongSymbol":
            for each in self._of(number, name):
                each.long_name = value

    def finish(self) -> CanDatabase:
        """All statements are read."""
        messages = tuple(self._finished(message) for message in self._messages.values())
        if self._unsaid:
            self._notices.append(f"{counted(self._unsaid, 'more line')} cannot be read.")
        return CanDatabase(messages=messages, notices=tuple(self._notices))

    def _finished(self, message: _Message) -> CanMessage:
        multiplexers = [each for each in message.signals if each.is_multiplexer]
        outer = [each for each in multiplexers if each.branch is None] or multiplexers
        signals = []
        long_names = {each.signal.name: each.long_name or each.signal.name for each in message.signals}
        for each in message.signals:
            signal, condition = each.signal, each.signal.condition
            if condition is None and each.branch is not None:
                if outer and outer[0] is not each:
                    condition = Condition(outer[0].signal.name, ((each.branch, each.branch),))
                else:
                    self._say(each.line, f"{signal.name} is multiplexed, but {message.name} has no multiplexer")
            if condition and condition.multiplexer not in long_names:
                self._say(each.line, f"{message.name} has no multiplexer {condition.multiplexer} for {signal.name}")
                condition = None
            if condition:
                condition = Condition(long_names[condition.multiplexer], condition.ranges)
            signals.append(msgspec.structs.replace(signal, name=long_names[signal.name], condition=condition))
        return CanMessage(
            id=message.number & ~EXTENDED,
            is_extended=bool(message.number & EXTENDED),
            name=message.attributes.get("SystemMessageLongSymbol") or message.name,
            length=message.length,
            signals=self._without_circles(message, signals),
            sender="" if message.sender == "Vector__XXX" else message.sender,
            comment=message.comment,
            is_j1939=self._is_j1939(message),
        )

    def _without_circles(self, message: _Message, signals: list[CanSignal]) -> tuple[CanSignal, ...]:
        """Signals that are there only while they themselves have some value are always there instead."""
        by_name = {each.name: each for each in signals}
        kept = []
        for signal, read in zip(signals, message.signals, strict=True):
            seen = {signal.name}
            condition = signal.condition
            while condition is not None and condition.multiplexer not in seen:
                seen.add(condition.multiplexer)
                condition = by_name[condition.multiplexer].condition
            if condition is not None and condition.multiplexer == signal.name:
                self._say(read.line, f"whether {signal.name} is there depends on itself: taken as always there")
                signal = msgspec.structs.replace(signal, condition=None)
            kept.append(signal)
        return tuple(kept)

    def _is_j1939(self, message: _Message) -> bool:
        said = message.attributes.get("VFrameFormat", self._defaults.get("VFrameFormat", ""))
        if said.isdigit() and int(said) < len(self._formats):
            said = self._formats[int(said)]
        protocol = self._network.get("ProtocolType", self._defaults.get("ProtocolType", ""))
        is_extended = bool(message.number & EXTENDED)
        if is_extended and (said == "J1939PG" or (said != "ExtendedCAN" and "J1939" in protocol.upper())):
            return True
        if message.length <= _CLASSIC_BYTES:
            return False
        # What a frame cannot carry comes in several, by the transport protocol of J1939.
        length = f"{message.name} has {message.length} bytes"
        if is_extended and said == "ExtendedCAN" and "FD" not in self._network.get("BusType", ""):
            self._say(message.line, f"{length} and is no CAN FD: taken as one of J1939, though nothing says so")
            return True
        if message.length > MAX_BYTES:
            self._say(message.line, f"{length}, more than one frame")
        return False


def _marked(number: int) -> int:
    """With the mark of an extended id, where it was forgotten."""
    return number | EXTENDED if number >= 1 << 11 else number


def _holds(ranges: Iterable[tuple[int, int]], value: int | None) -> bool:
    return value is not None and any(low <= value <= high for low, high in ranges)


def _number(text: str) -> float:
    """As an integer where it is one, so that a scale of 1 stays exactly that."""
    value = float(text)
    return int(value) if math.isfinite(value) and value == int(value) and abs(value) < 1 << 53 else value


def _unescaped(text: str) -> str:
    return text.replace('\\"', '"').replace("\\\\", "\\")
