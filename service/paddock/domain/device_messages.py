"""What a device sends, as values at instants: which keys of a message mean what, and what is bounded.

A message is an object such as ``{"timestamp": "2026-04-18T14:32:00Z", "seq": 7, "temps": {"fl": 81.5}}``. Whatever
is no key of ours is a field. A signal is called by its topic and the path of its field, ``tires.temps.fl``, as in
the recording that the messages become.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from paddock.domain.instants import INT64_MAX, NS_PER_S
from paddock.domain.said_times import said_time

Scalar: TypeAlias = float | int | str | bool

MAX_MESSAGE_BYTES = 4 << 20
"""For one message, or a batch that is sent at once."""
MAX_FIELDS = 2_000
"""In one message; a car has 1,500 signals."""
MAX_TEXT = 1_000
"""Characters of a text value; the rest is left out of what is shown live."""
MAX_DEPTH = 24
"""As deep as fields are columns of a recording."""
MAX_KEY = 200
MAX_TOPIC = 200
MAX_MESSAGES = 20_000
"""In one batch."""

EARLIEST_NS = 946_684_800 * NS_PER_S
"""2000: no clock that anybody set says less."""
AHEAD_NS = 86_400 * NS_PER_S
"""A clock that is further ahead was never set."""
WRONG_CLOCK_NS = 5 * NS_PER_S
"""A clock that is further off than this is wrong, and not only late by the way of the message."""

DEVICE, TOKEN, TOPIC = "device_id", "jwt_token", "topic"
SEQUENCES = ("seq", "sequence")
WRAPPERS = ("data", "values")
"""The only field of a message whose fields are the message's own."""
BATCHES = ("messages", "batch", "data", "values")
"""The field of an object whose list is a batch."""


class Problem(NamedTuple):
    """Why something of what was sent was not taken as it was."""

    code: str
    """A stable word."""
    reason: str
    """What was wrong, as a sentence."""


NO_NAMES: Mapping[str, Mapping[int, str]] = MappingProxyType({})


class Sample(NamedTuple):
    """One message of one topic."""

    topic: str
    time_ns: int
    """As the device says, or when it came."""
    values: dict[str, Scalar]
    """By the path of the field in the message: ``temps.fl``."""
    message: Mapping[str, Any] | bytes
    """What the recording has: the fields as they are, or a protobuf message."""
    sequence: int | None = None
    """As the device counts."""
    says_time: bool = False
    """Whether the time is the device's."""
    enums: Mapping[str, Mapping[int, str]] = NO_NAMES
    """What numbers are called, by the path of the field, where its schema or its CAN database says so."""


@dataclass
class Decoded:
    """What one entry of the log holds."""

    samples: list[Sample] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    """What was refused or bounded; nothing of an entry that holds no sample was taken."""
    clock_offset_ns: int | None = None
    """What is to be added to the times that the device says, by the last one; None where it says none."""


def message_of(
    said: Mapping[str, Any], topic: str, received_ns: int, problems: list[Problem], *, shift_ns: int = 0
) -> Sample | None:
    """The sample of one message; None where it holds no value.

    Args:
        said: the message as it was sent.
        topic: of a message that says none.
        received_ns: when it came.
        problems: takes what is wrong with it.
        shift_ns: what is added to a time that cannot be, see ``clock_shift``.
    """
    rest = dict(said)
    rest.pop(DEVICE, None)
    rest.pop(TOKEN, None)
    if isinstance(named := rest.get(TOPIC), str):
        del rest[TOPIC]
        topic = named.strip().strip("/")[:MAX_TOPIC] or topic
    sequence = None
    for key in SEQUENCES:
        if type(rest.get(key)) is int and 0 <= rest[key] <= INT64_MAX:
            sequence = rest.pop(key)
            break
    key, time_ns = said_time(rest)
    if key:
        del rest[key]
    says_time = time_ns is not None and can_be(time_ns, received_ns)
    if time_ns is not None and not says_time:
        what = str(said[key])[:40]
        problems.append(
            Problem(
                "impossible_time", f"A message says the time {what!r}, which cannot be: when it came was taken."
            )
        )
        time_ns = time_ns + shift_ns if shift_ns and can_be(time_ns + shift_ns, received_ns) else None
    if len(rest) == 1:
        ((wrapper, inner),) = rest.items()
        if wrapper in WRAPPERS and isinstance(inner, Mapping):
            rest = {name: value for name, value in inner.items() if name not in (DEVICE, TOKEN)}
    values: dict[str, Scalar] = {}
    message = _bounded(rest, "", 1, values, problems)
    if len(values) > MAX_FIELDS:
        problems.append(
            Problem("too_many_fields", f"A message has more than {MAX_FIELDS:,} fields: it was not taken.")
        )
        return None
    if not values:
        problems.append(Problem("no_values", "A message has no value: send fields beside its time."))
        return None
    return Sample(topic, received_ns if time_ns is None else time_ns, values, message, sequence, says_time)


def can_be(time_ns: int, received_ns: int) -> bool:
    """Whether a clock that somebody set may say this."""
    return EARLIEST_NS <= time_ns <= received_ns + AHEAD_NS


def clock_shift(times_ns: Iterable[int | None], received_ns: int) -> int:
    """What brings impossible times of messages that were sent together to when they came, the last one last.

    A clock that counts from the start of its device so keeps the distances that it measured.
    """
    impossible = [each for each in times_ns if each is not None and each >= 0 and not can_be(each, received_ns)]
    return received_ns - max(impossible) if impossible else 0


def _bounded(
    said: Mapping[str, Any], path: str, depth: int, values: dict[str, Scalar], problems: list[Problem]
) -> dict[str, Any]:
    """The fields that are taken; their values by path go into ``values``."""
    kept: dict[str, Any] = {}
    for key, value in said.items():
        if len(values) > MAX_FIELDS:
            break
        if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY:
            problems.append(Problem("bad_field", f"A field's name is empty or longer than {MAX_KEY} characters."))
            continue
        if type(value) is float and math.isfinite(value):  # most are
            values[path + key] = kept[key] = value
            continue
        taken = _taken(value, path + key, depth, values, problems)
        if taken is not None:
            kept[key] = taken
    return kept


def _taken(value: Any, path: str, depth: int, values: dict[str, Scalar], problems: list[Problem]) -> Any:
    """A value as it is recorded; None for one that is left out."""
    if value is None:
        return None
    if isinstance(value, bool):
        values[path] = value
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            problems.append(
                Problem("not_a_number", f"{path[:80]} is not a number (NaN or infinite): it was left out.")
            )
            return None
        values[path] = value
        return value
    if isinstance(value, int):
        number = value if -INT64_MAX - 1 <= value <= INT64_MAX else _as_float(value)
        if number is None:
            problems.append(
                Problem("not_a_number", f"{path[:80]} is a number beyond all measure: it was left out.")
            )
            return None
        values[path] = number
        return number
    if isinstance(value, str):
        values[path] = value[:MAX_TEXT]
        return value
    if isinstance(value, Mapping):
        if depth >= MAX_DEPTH:
            problems.append(Problem("too_deep", f"{path[:80]} is nested too deeply: it was left out."))
            return None
        return _bounded(value, f"{path}.", depth + 1, values, problems) or None
    if isinstance(value, list):
        return _list(value, path, depth, values, problems)
    problems.append(Problem("wrong_type", f"{path[:80]} is neither a number nor text: it was left out."))
    return None


def _list(value: list[Any], path: str, depth: int, values: dict[str, Scalar], problems: list[Problem]) -> Any:
    if depth >= MAX_DEPTH:
        problems.append(Problem("too_deep", f"{path[:80]} is nested too deeply: it was left out."))
        return None
    kept = []
    for number, item in enumerate(value):
        if len(values) > MAX_FIELDS:
            break
        kept.append(_taken(item, f"{path}[{number}]", depth + 1, values, problems))
    return kept


def _as_float(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


class KnownFields:
    """The signals of one device, of which there is a bound: names that are made up anew each time fill no disk.

    Args:
        most: how many there may be.
    """

    def __init__(self, most: int = MAX_FIELDS) -> None:
        self._most = most
        self._known: set[tuple[str, str]] = set()

    def admits(self, sample: Sample) -> Problem | None:
        """Note the signals of a message; what is wrong where they are too many, and none of them is noted."""
        new = {(sample.topic, path) for path in sample.values} - self._known
        if len(self._known) + len(new) > self._most:
            return Problem(
                "too_many_fields",
                f"The device has {self._most:,} signals already; a message with new ones was not taken: "
                f"{sample.topic}.{next(iter(new))[1][:80]}.",
            )
        self._known |= new
        return None


def messages_in(payload: Any) -> Iterator[Mapping[str, Any] | None]:
    """The messages of what was sent: one object, a list of them, or an object around a list.

    There is None in place of each that is none.
    What the object says beside the list, such as its time or topic, holds for those that do not say it.
    """
    if isinstance(payload, list):
        for item in payload:
            yield item if isinstance(item, Mapping) else None
        return
    if not isinstance(payload, Mapping):
        yield None
        return
    for key in BATCHES:
        items = payload.get(key)
        if isinstance(items, list) and items and all(isinstance(item, Mapping) for item in items):
            around = {name: value for name, value in payload.items() if name != key}
            for item in items:
                yield {**around, **item}
            return
    yield payload
