"""Maths channels of what devices send: computed while it comes, by the language and the rules of recordings.

A channel is a signal of the device as soon as all that it names came, as it is one of a recording. One that uses
what is known of a whole recording alone, such as laps, is not (``why_not_live``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import structlog

from paddock.columns.joined import Samples
from paddock.columns.live_derived import LiveDerived
from paddock.domain.catalogue import CarCatalogue, Catalogue
from paddock.domain.instants import NS_PER_S
from paddock.domain.maths_binding import Bound, Names
from paddock.domain.maths_channels import FIELD, MathsChannel, names_channel, of_car
from paddock.domain.maths_language.checking import Shape
from paddock.domain.maths_language.fault import Fault
from paddock.domain.maths_language.parser import parse
from paddock.domain.maths_language.tree import Call, Node, walk
from paddock.errors import Rejected
from paddock.usecases.catalogue.catalogue import load_catalogue
from paddock.usecases.context import Context
from paddock.usecases.live.described import cars_of
from paddock.usecases.live.live import Value
from paddock.usecases.maths.names import all_channels

SETTLE_NS = 2 * NS_PER_S
"""So long a device sends before its channels are computed: by then it is known how often each topic comes."""
MOST_SIGNALS = 3_000
"""So many signals of one device may channels name."""
_GAP_PERIODS = 10
_KINDS: Mapping[type, str] = {bool: "bool", int: "int64", float: "double", str: "string"}

log = structlog.get_logger()


class Came(Protocol):
    """One message, decoded."""

    @property
    def topic(self) -> str:
        """As recordings name it."""
        ...

    @property
    def time_ns(self) -> int:
        """When it was measured, as the device says, or when it came."""
        ...

    @property
    def values(self) -> Mapping[str, object]:
        """By field path."""
        ...


class Computed(NamedTuple):
    """One value of a channel, as a message."""

    topic: str
    time_ns: int
    values: Mapping[str, Value]
    enums: Mapping[str, Mapping[int, str]] = {}


def why_not_live(tree: Node) -> str:
    """Why an expression is not computed of what devices send, as a sentence; empty where it is."""
    for node in walk(tree):
        if isinstance(node, Call) and node.function.not_live:
            return f"{node.function.name}() is known of recordings alone: {node.function.not_live}."
    return ""


def why_channel_not_live(channel: MathsChannel, channels: Sequence[MathsChannel]) -> str:
    """Why a channel, or one that it is made of, cannot be computed live; empty where it can."""
    waiting, seen = [channel], {channel.name}
    while waiting:
        each = waiting.pop()
        try:
            if why := why_not_live(parse(each.text).tree):
                return why
        except Fault:
            return "It cannot be read."
        used = [other for other in channels if other.name not in seen and names_channel(each.text, other.name)]
        seen |= {other.name for other in used}
        waiting += used
    return ""


class LiveMaths:
    """Computes the channels of all devices of a process. ``refresh`` on the event loop, all else on one thread."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._catalogue = Catalogue()
        self._channels: tuple[MathsChannel, ...] = ()
        self._wanted: frozenset[str] = frozenset()
        self._cars: Mapping[str, str] = {}
        self._devices: dict[str, _Device] = {}

    async def refresh(self, wanted: frozenset[str] | None = None) -> None:
        """Look at what people changed.

        Args:
            wanted: the channels that somebody looks at, by their names or those of their signals; None for all.

        Raises:
            Unavailable: the database does not answer.
        """
        channels = await all_channels(self._context)
        self._wanted = frozenset(
            each.name for each in channels if wanted is None or not wanted.isdisjoint((each.name, each.signal))
        )
        if self._wanted:
            self._catalogue = await load_catalogue(self._context)
            self._cars = await cars_of(self._context)
        self._channels = channels

    def computed(self, device_id: str, messages: Sequence[Came], first_ns: int, last_ns: int) -> list[Computed]:
        """The values of the channels of a device that are known by now.

        Args:
            device_id: whose.
            messages: that came, after all before.
            first_ns: when the first of them came.
            last_ns: when the last did.
        """
        if not self._wanted:
            self._devices.clear()
            return []
        device = self._devices.setdefault(device_id, _Device())
        device.note(messages, first_ns, last_ns)
        device.bind(self._channels, self._wanted, self._catalogue, self._cars.get(device_id, ""))
        return device.computed(messages)


class _Device:
    """One device, and its channels that can be computed, by name."""

    def __init__(self) -> None:
        self._channels: dict[str, _Channel] = {}
        self._kinds: dict[str, str] = {}
        self._topics: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._began_ns = self._last_ns = 0
        """When it sent first and last, by the clock here."""
        self._changes = 0
        self._bound_by: tuple[object, ...] = ()

    def note(self, messages: Sequence[Came], first_ns: int, last_ns: int) -> None:
        """Which signals there are, and how often their topics come."""
        self._began_ns = self._began_ns or first_ns
        self._last_ns = last_ns
        for message in messages:
            self._counts[message.topic] += 1
            for path, value in message.values.items():
                name = f"{message.topic}.{path}"
                kind = _KINDS.get(type(value), "")
                known = self._kinds.get(name)
                if known == kind or not kind or known == "string" or (known is None and self._is_full()):
                    continue
                self._kinds[name] = kind if known is None else "string" if kind == "string" else "double"
                self._topics[name] = message.topic
                self._changes += known != self._kinds[name]

    def _is_full(self) -> bool:
        return len(self._kinds) >= MOST_SIGNALS

    def bind(
        self, channels: Sequence[MathsChannel], wanted: frozenset[str], catalogue: Catalogue, car: str
    ) -> None:
        """Find what the channels mean, where that may be something else than before."""
        if self._last_ns - self._began_ns < SETTLE_NS:
            return
        by = (channels, wanted, catalogue.version, car, self._changes)
        if by == self._bound_by:
            return
        self._bound_by = by
        of_its_car = {each.name: each for each in of_car(channels, car)}
        names = Names(self._kinds, CarCatalogue(catalogue, car), of_its_car)
        before, self._channels = self._channels, {}
        for channel in (each for each in of_its_car.values() if each.name in wanted):
            try:
                bound = names.bind(parse(channel.text).tree, channel.constants, channel.name)
                shape = bound.quantity.shape
                known = before.get(channel.name)
                if known is not None and known.bound == bound:
                    self._channels[channel.name] = known
                elif bound.signals and not why_not_live(bound.tree):
                    self._channels[channel.name] = self._made(channel.name, bound, shape)
            except (Fault, Rejected) as error:
                # The page of maths channels and recordings say what is wrong; here a signal may only come later.
                log.debug("maths_channel_not_live", channel=channel.name, error=str(error))

    def computed(self, messages: Sequence[Came]) -> list[Computed]:
        """What is known by now. A channel on which we fail is not there from then on."""
        found: list[Computed] = []
        for name, channel in list(self._channels.items()):
            try:
                found += channel.computed(messages)
            except Exception as error:
                del self._channels[name]
                log.exception("maths_channel_failed", channel=name, exc_info=error)
        return found

    def _made(self, name: str, bound: Bound, shape: Shape) -> _Channel:
        topics = {signal: self._topics[signal] for signal in bound.signals}
        own_topic = max(topics.values(), key=lambda topic: self._counts[topic])
        own = frozenset(signal for signal, topic in topics.items() if topic == own_topic)
        lasted_ns = self._last_ns - self._began_ns
        gaps = {
            signal: max(NS_PER_S, round(_GAP_PERIODS * lasted_ns / max(1, self._counts[topic])))
            for signal, topic in topics.items()
        }
        return _Channel(name, bound, shape, topics, own_topic, LiveDerived(bound, own, gaps))


class _Channel:
    """One channel of one device."""

    def __init__(
        self, name: str, bound: Bound, shape: Shape, topics: Mapping[str, str], own_topic: str, derived: LiveDerived
    ) -> None:
        self.bound = bound
        self._name, self._shape, self._own_topic, self._derived = name, shape, own_topic, derived
        self._paths: dict[str, dict[str, str]] = {}
        for signal, topic in topics.items():
            self._paths.setdefault(topic, {})[signal] = signal.removeprefix(f"{topic}.")

    def computed(self, messages: Sequence[Came]) -> Iterable[Computed]:
        """Its values that are known with these messages."""
        came: dict[str, list[Came]] = {}
        for message in messages:
            if message.topic in self._paths:
                came.setdefault(message.topic, []).append(message)
        if not came:
            return
        own: dict[str, Samples] = {}
        others: dict[str, Samples] = {}
        for topic, found in came.items():
            for signal, path in self._paths[topic].items():
                (own if topic == self._own_topic else others)[signal] = _samples(
                    found, path, all_=topic == self._own_topic
                )
        result = self._derived.feed(own, others)
        for time_ns, value in zip(result.times.tolist(), result.values.tolist(), strict=True):
            if value == value:
                yield Computed(self._name, time_ns, {FIELD: _typed(self._shape, value)})


def _samples(messages: Sequence[Came], path: str, *, all_: bool) -> Samples:
    """The values of a field; of messages that lack it NaN, or nothing where not ``all_`` are wanted."""
    found = [each for each in messages if all_ or path in each.values]
    values = np.array([_number(each.values.get(path)) for each in found], np.float64)
    values[np.isinf(values)] = np.nan
    return Samples(np.array([each.time_ns for each in found], np.int64), values)


def _number(value: object) -> float:
    try:
        return float(value) if isinstance(value, (int, float)) else np.nan
    except OverflowError:
        return np.nan


def _typed(shape: Shape, value: float) -> Value:
    if shape is Shape.CONDITION:
        return value != 0
    return round(value) if shape is Shape.STEPS else value
