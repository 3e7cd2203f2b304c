"""What messages of ROS are made of, as ``ros2msg``, ``ros2idl`` and ``ros1msg`` schemas say it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from paddock.readers.decoders.decoded import Undecodable

_MAX_DEPTH = 32

PRIMITIVES = (
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float32",
    "float64",
)
TEXT, WIDE_TEXT, TIME, DURATION = "string", "wstring", "time", "duration"
_ALIASES = {"byte": "uint8", "char": "uint8"}
_ROS1_ALIASES = {"byte": "int8", "char": "uint8"}
_TIMES = {"builtin_interfaces/Time": TIME, "builtin_interfaces/Duration": DURATION}
_ROS1_TIMES = {"time": TIME, "duration": DURATION}


@dataclass(frozen=True)
class Count:
    """How many values a field has: always so many, or, where that is None, as many as a message says."""

    fixed: int | None = None


@dataclass(frozen=True)
class Member:
    """A field of a message: of a primitive type, a text, a time, or another message's type."""

    name: str
    kind: str
    """One of ``PRIMITIVES``, ``TEXT``, ``TIME``, ``DURATION``, else empty."""
    message: Message | None = None
    counts: tuple[Count, ...] = ()
    """Those of an array, the outermost first; empty for a single value."""
    names: Mapping[int, str] = field(default_factory=dict)
    """What the values of an enum are called."""


@dataclass(frozen=True)
class Message:
    """A type of message."""

    name: str
    """``sensor_msgs/Image``, without the ``msg`` between."""
    members: tuple[Member, ...]


@dataclass(frozen=True)
class TypeName:
    """As a definition writes it, before it is known what it means."""

    name: str
    counts: tuple[Count, ...] = ()


Definition = list[tuple[str, TypeName]]
_ROS_TYPE = re.compile(r"([A-Za-z][\w/]*)(?:<=\d+)?((?:\[(?:<=)?\d*\])*)$")
_BOUND = re.compile(r"\[(<=)?(\d*)\]")
_NAME = re.compile(r"[A-Za-z_]\w*$")
_SEPARATOR = re.compile(r"^={3,}\s*$", re.MULTILINE)


def short_name(name: str) -> str:
    """``sensor_msgs/Image`` for ``sensor_msgs/msg/Image`` and ``sensor_msgs::msg::Image``."""
    parts = [part for part in name.replace("::", "/").split("/") if part]
    return "/".join([parts[0], parts[-1]]) if len(parts) > 2 else "/".join(parts)


def read_ros_message(name: str, text: str, *, is_ros1: bool = False) -> Message:
    """The type of a schema with ``ros2msg`` or ``ros1msg``: its definition, and those that it needs behind it.

    Raises:
        Undecodable: it cannot be understood.
    """
    definitions: dict[str, Definition] = {}
    own = short_name(name)
    for number, section in enumerate(_SEPARATOR.split(text)):
        section_name = own
        if number:
            head, _, section = section.lstrip().partition("\n")
            if not head.startswith("MSG:"):
                raise Undecodable("its schema has a part without a name")
            section_name = short_name(head.removeprefix("MSG:").strip())
        definitions.setdefault(section_name, list(_ros_members(section)))
    aliases = _ROS1_ALIASES if is_ros1 else _ALIASES
    times = _ROS1_TIMES if is_ros1 else _TIMES
    return Resolver(definitions, {}, aliases, times).message(own)


def _ros_members(section: str) -> Iterator[tuple[str, TypeName]]:
    for line in section.splitlines():
        words = line.partition("#")[0].split(None, 1)
        if not words:
            continue
        if len(words) < 2:
            raise Undecodable(f"its schema has the line {line.strip()[:60]!r}")
        rest = words[1].split(None, 1)
        name = rest[0].partition("=")[0]
        # A constant; one of text may have a # in it, and comes to an end as a name does all the same.
        if "=" in rest[0] or (len(rest) > 1 and rest[1].lstrip().startswith("=")):
            continue
        match = _ROS_TYPE.match(words[0])
        if not match or not _NAME.match(name):
            raise Undecodable(f"its schema has the line {line.strip()[:60]!r}")
        counts = tuple(Count(int(size) if size and not bound else None) for bound, size in _BOUND.findall(match[2]))
        yield name, TypeName(match[1], counts)


class Resolver:
    """Puts types together from their definitions.

    Args:
        definitions: the fields of each, by short name.
        enums: names of values, likewise.
        aliases: other names of primitives.
        times: types that are an instant or a duration.
    """

    def __init__(
        self,
        definitions: Mapping[str, Definition],
        enums: Mapping[str, Mapping[int, str]],
        aliases: Mapping[str, str] = _ALIASES,
        times: Mapping[str, str] = _TIMES,
    ) -> None:
        self._definitions = definitions
        self._enums = enums
        self._aliases = aliases
        self._times = times
        self._known: dict[str, Message] = {}
        self._within: list[str] = []

    def message(self, name: str) -> Message:
        """The type of a name, such as ``sensor_msgs/Image``.

        Raises:
            Undecodable: something about it is not known.
        """
        if name in self._known:
            return self._known[name]
        if name not in self._definitions:
            raise Undecodable(f"its schema does not say what {name} is")
        if name in self._within or len(self._within) >= _MAX_DEPTH:
            raise Undecodable(f"its schema has {name} within itself")
        self._within.append(name)
        members = tuple(self._member(member, kind, name) for member, kind in self._definitions[name])
        if len({member.name for member in members}) < len(members):
            raise Undecodable(f"its schema has a field of {name} twice")
        self._within.pop()
        self._known[name] = Message(name, members)
        return self._known[name]

    def _member(self, name: str, kind: TypeName, within: str) -> Member:
        plain = self._aliases.get(kind.name, kind.name)
        if plain in PRIMITIVES or plain == TEXT:
            return Member(name, plain, counts=kind.counts)
        if plain == WIDE_TEXT:
            raise Undecodable(f"{name} is a wstring, which is not written alike everywhere")
        full = self._full(plain, within)
        if full in self._enums:
            return Member(name, "uint32", counts=kind.counts, names=self._enums[full])
        if full in self._times:
            return Member(name, self._times[full], counts=kind.counts)
        return Member(name, "", self.message(full), kind.counts)

    def _full(self, name: str, within: str) -> str:
        if name in self._times:
            return name
        if name == "Header" and "Header" not in self._definitions:
            return "std_msgs/Header"
        short = short_name(name)
        return short if "/" in short else f"{within.partition('/')[0]}/{short}"
