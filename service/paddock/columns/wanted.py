"""What patterns take of each channel: fields, parts of nested messages, and elements of lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from paddock.columns.columns import ColumnChannel, Columns
from paddock.columns.lists import element_of
from paddock.columns.patterns import Element, Patterns
from paddock.columns.signals import Path, has_elements, leaves, longest, signal_name
from paddock.domain.near_misses import did_you_mean
from paddock.domain.signal_names import element_name
from paddock.errors import Rejected

MOST_ELEMENTS = 256
"""The most elements of a list that a pattern with a part of an index, like ``[1?]``, takes one by one."""


@dataclass(frozen=True)
class Part:
    """One field of what is taken of a message."""

    field: pa.Field
    """As it is taken."""
    source: str
    """Its name in the message; of an element that of its list."""
    parts: tuple[Part, ...] | None = None
    """The fields of a nested message that are taken; None for all of it."""
    element: int | None = None


Parts = tuple[Part, ...]


def wanted(columns: Columns, texts: Sequence[str]) -> dict[ColumnChannel, Parts | None]:
    """What the patterns take of each channel, None for all of it; channels of which nothing is taken are left out.

    Where nothing has a name as it is written, a signal that has it without its topic is taken: ``cells[3]`` is what
    a table of one topic calls its column.

    Raises:
        Rejected: a pattern takes nothing (code ``no_such_signal``), or is too much (code ``bad_pattern``).
    """
    looking = _Looking(columns, Patterns(texts), Patterns(()))
    found = looking.found()
    if looking.unmatched:
        looking = _Looking(columns, Patterns(texts), Patterns(looking.unmatched))
        found = looking.found()
    for text in texts:
        if text in looking.unmatched:
            raise nothing_matches(text, _names_of(columns), looking.lengths)
    return found


def taken_channel(channel: ColumnChannel, parts: Parts) -> ColumnChannel:
    """The channel with these parts only; itself where they are all that it has."""
    fields = pa.struct([part.field for part in parts])
    if fields == channel.fields:
        return channel
    enums = channel.enums | {new: channel.enums[old] for new, old in _elements(parts) if old in channel.enums}
    return replace(channel, fields=fields, enums=enums)


def taken(array: pa.StructArray, parts: Parts) -> pa.StructArray:
    """The same rows with these parts only, nested ones included."""
    children = []
    for part in parts:
        child = array.field(array.type.get_field_index(part.source))
        if part.element is not None:
            child = element_of(child, part.element)
        elif part.parts is not None:
            child = taken(child, part.parts)
        children.append(child)
    mask = array.is_null() if array.null_count else None
    return pa.StructArray.from_arrays(children, fields=[part.field for part in parts], mask=mask)


def _elements(parts: Parts, prefix: Path = ()) -> Iterator[tuple[str, str]]:
    """The dotted path of each element that is taken, and of its list."""
    for part in parts:
        if part.element is not None:
            yield ".".join((*prefix, part.field.name)), ".".join((*prefix, part.source))
        elif part.parts is not None:
            yield from _elements(part.parts, (*prefix, part.source))


class _Looking:
    """One walk through the channels.

    Args:
        patterns: for whole names.
        short: for names without their topic.
    """

    def __init__(self, columns: Columns, patterns: Patterns, short: Patterns) -> None:
        self._columns = columns
        self._patterns = patterns
        self._short = short
        self.unmatched = set(patterns.texts)
        self.lengths: dict[str, int] = {}
        """How long the lists are that lack an element which was asked for."""

    def found(self) -> dict[ColumnChannel, Parts | None]:
        found: dict[ColumnChannel, Parts | None] = {}
        for channel in self._columns.channels:
            is_whole = self._match(self._patterns.taking(channel.topic))
            parts = self._of_message(channel, channel.fields, ())
            if is_whole or parts:
                found[channel] = None if is_whole else parts
        return found

    def _match(self, texts: set[str]) -> bool:
        self.unmatched -= texts
        return bool(texts)

    def _of_message(self, channel: ColumnChannel, fields: pa.StructType, prefix: Path) -> Parts:
        own = {field.name for field in fields}
        return tuple(
            part
            for field in fields
            for part in self._of_field(channel, field, (*prefix, field.name))
            # A field of the log goes before the element whose name it has.
            if part.element is None or part.field.name not in own
        )

    def _of_field(self, channel: ColumnChannel, field: pa.Field, path: Path) -> list[Part]:
        short = ".".join(path)
        name = f"{channel.topic}.{short}"
        is_whole = self._match(self._patterns.taking(name) | self._short.taking(short))
        inner: Parts = ()
        elements: list[int] | None = []
        if pa.types.is_struct(field.type):
            inner = self._of_message(channel, field.type, path)
        elif has_elements(field.type):
            elements = self._of_list(channel, path, name)
        if is_whole or elements is None:
            return [Part(field, field.name)]
        if inner:
            kind = pa.struct([part.field for part in inner])
            return [Part(pa.field(field.name, kind, field.nullable), field.name, inner)]
        kind = field.type.value_type if elements else field.type
        return [Part(pa.field(element_name(field.name, i), kind), field.name, None, i) for i in elements]

    def _of_list(self, channel: ColumnChannel, path: Path, name: str) -> list[int] | None:
        """The elements that are taken, None for the whole list."""
        asked = self._patterns.elements(name) | self._short.elements(".".join(path))
        if not asked:
            return []
        # Of a silent topic nobody knows how long its lists would be.
        count = longest(self._columns, channel, path) if self._columns.rows(channel) else None
        chosen: set[int] = set()
        is_whole = False
        for pattern in asked:
            if pattern.is_every:
                is_whole = self._match({pattern.text})
            elif pattern.index.isdecimal():
                if count is None or int(pattern.index) < count:
                    self._match({pattern.text})
                    chosen.add(int(pattern.index))
            elif taken_by := self._some(pattern, name, count or 0):
                self._match({pattern.text})
                chosen |= taken_by
        if count is not None:
            self.lengths[name] = count
        return None if is_whole else sorted(chosen)

    def _some(self, pattern: Element, name: str, count: int) -> set[int]:
        if count > MOST_ELEMENTS:
            raise Rejected(
                f"{name} is a list of {count:,} elements: take all of it or name some, one by one, instead of"
                f" {pattern.text[:200]!r}.",
                code="bad_pattern",
            )
        return {index for index in range(count) if pattern.takes(index)}


def nothing_matches(text: str, names: Iterable[str], lengths: Mapping[str, int]) -> Rejected:
    """Why a pattern takes nothing, and what may have been meant.

    Args:
        text: the pattern.
        names: the topics and signals that are there.
        lengths: how many elements the longest has of each list that an element may be asked of.
    """
    asked = Patterns((text,))
    for name, count in lengths.items():
        if asked.elements(name) or asked.elements(name.partition(".")[2]):
            said = f"{name} has the elements 0 to {count - 1}" if count else f"the lists of {name} are empty"
            return Rejected(f"Nothing in this log is {text[:200]!r}: {said}.", code="no_such_signal")
    hint = did_you_mean(text, names)
    return Rejected(f"No topic or signal of this log matches {text[:200]!r}.{hint}", code="no_such_signal")


def _names_of(columns: Columns) -> Iterator[str]:
    """All topics, then all signals."""
    yield from (channel.topic for channel in columns.channels)
    for channel in columns.channels:
        yield from (signal_name(channel, path) for path, _ in leaves(channel.fields))
