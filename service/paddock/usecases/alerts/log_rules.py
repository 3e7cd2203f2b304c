"""Rules on a recorded log, evaluated over its stored columns: at its ingest, and to try a rule on what was."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import BinaryIO

import msgspec

from paddock.columns.signal_samples import SignalPlace, place_of, samples_of
from paddock.columns.stored_channel import Footer, StoredChannel
from paddock.domain.catalogue import CarCatalogue
from paddock.domain.recording import ChannelSummary, Recording, Signal
from paddock.domain.rule_evaluation import (
    NOTHING_YET,
    Firing,
    Watch,
    as_number,
    evaluate,
    may_fire,
    numeric,
    text_values,
)
from paddock.domain.rules import MAX_SIGNALS, RuleText, signals_of_rule
from paddock.domain.signal_names import element_name, read_element
from paddock.usecases.context import Context
from paddock.usecases.find.contents import contents_of
from paddock.usecases.look.plots import open_columns

MAX_MOMENTS = 20
"""Times at which a rule fired that are kept of one recording."""


class Moment(msgspec.Struct, frozen=True):
    """One time that a rule fires in a log."""

    signal: str
    since_ns: int
    """When the value became so, by the log's own clock."""
    fired_ns: int
    """When it fired: once the value had been so for as long as the rule says."""
    value: float
    """What the signal was then."""


class Found(msgspec.Struct, frozen=True):
    """What a rule finds in one log."""

    count: int
    """How often it fires."""
    moments: tuple[Moment, ...]
    """The first of them, by time."""


class Asked(msgspec.Struct, frozen=True):
    """A rule and the signals of a log that it looks at."""

    said: RuleText
    names: tuple[str, ...]


def asked_of(said: RuleText, signals: Sequence[Signal], catalogue: CarCatalogue) -> Asked:
    """The signals of a log that a rule looks at; of a list its elements."""
    return Asked(said, named_in(said.signal, signals, catalogue))


def named_in(signal: str, signals: Sequence[Signal], catalogue: CarCatalogue) -> tuple[str, ...]:
    """The signals of a log that a name means, the catalogue's or a role; of a list its elements."""
    known = {each.name: each for each in signals}
    names: list[str] = []
    for name in signals_of_rule(signal, ((each.name, each.dtype) for each in signals), catalogue):
        longest = known[name].longest if name in known else 0
        names += [element_name(name, index) for index in range(longest)] if longest else [name]
    return tuple(names[:MAX_SIGNALS])


def may_fire_in(asked: Asked, signals: Iterable[Signal]) -> bool:
    """Whether the statistics of the signals leave it open; no column has to be read where they do not."""
    known = {signal.name: signal for signal in signals}
    for name in asked.names:
        element = read_element(name)
        signal = known.get(name) or (known.get(element[0]) if element else None)
        if signal is None or may_fire(asked.said, signal.min, signal.max):
            return True
    return False


async def find_in_log(
    context: Context, recording: Recording, asked: Sequence[Asked], progress: Callable[[float], None]
) -> list[Found]:
    """What each rule finds in a recording, reading each column that one of them looks at.

    Raises:
        Conflict: the columns are damaged or gone (code ``columns_damaged``).
    """
    names = dict.fromkeys(name for each in asked for name in each.names)
    channels = [
        channel
        for channel in (await contents_of(context.documents, recording)).channels
        if channel.message_count and any(name.startswith(f"{channel.topic}.") for name in names)
    ]
    rules = [_RuleInLog(each) for each in asked]
    for number, channel in enumerate(channels):
        file = await open_columns(context, recording, channel.slug)
        await asyncio.to_thread(_look, file, channel, rules, tuple(names))
        progress((number + 1) / len(channels))
    return [rule.found() for rule in rules]


class _RuleInLog:
    """One rule over the signals of a log."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self._watches: dict[str, Watch] = {}
        self._count = 0
        self._moments: list[Moment] = []
        self._kept: Counter[str] = Counter()

    def take(self, name: str, said: RuleText, times: object, values: object) -> None:
        """Look at some samples of a signal."""
        result = evaluate(said, self._watches.get(name, NOTHING_YET), times, values)  # type: ignore[arg-type]
        self._watches[name] = result.watch
        for firing in result.firings:
            if firing.firing:
                self._note(name, firing)

    def _note(self, name: str, firing: Firing) -> None:
        self._count += 1
        # One signal comes after the other: of each the first ones, the first of all are chosen at the end.
        if self._kept[name] < MAX_MOMENTS:
            self._kept[name] += 1
            self._moments.append(Moment(name, firing.since_ns, firing.time_ns, firing.value))

    def found(self) -> Found:
        """All that it found."""
        ordered = sorted(self._moments, key=lambda moment: (moment.fired_ns, moment.signal))
        return Found(self._count, tuple(ordered[:MAX_MOMENTS]))


def _look(file: BinaryIO, channel: ChannelSummary, rules: Sequence[_RuleInLog], names: Sequence[str]) -> None:
    """Read the signals of one channel, each once for all rules and all elements of a list."""
    with StoredChannel(file, Footer(file, channel.footer_crc32)) as stored:
        fields: dict[tuple[str, ...], dict[str, SignalPlace]] = {}
        for name in (each for each in names if each.startswith(f"{channel.topic}.")):
            if (place := place_of(stored, name)) is not None:
                fields.setdefault(place.path, {})[name] = place
        for of_field in fields.values():
            for name, samples in samples_of(stored, of_field):
                place = of_field[name]
                for rule in rules:
                    if name in rule.asked.names:
                        said, values = _comparable(rule.asked.said, place, samples.values)
                        rule.take(name, said, samples.times, values)


def _comparable(said: RuleText, place: SignalPlace, values: object) -> tuple[RuleText, object]:
    """Rule and values as the evaluator takes them: what is a text, or the name of a state, as numbers."""
    if isinstance(values, list):
        return as_number(said), text_values(said, values)
    enums: Mapping[int, str] = place.enums
    return numeric(said, enums), values
