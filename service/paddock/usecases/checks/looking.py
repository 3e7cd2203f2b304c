"""What the rules of a checklist look at in one log, and what of them its statistics tell already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from paddock.columns.checks import Look
from paddock.domain.catalogue import CarCatalogue
from paddock.domain.check_results import RuleResult
from paddock.domain.check_words import met, missing
from paddock.domain.checklists import CheckKind, CheckText
from paddock.domain.instants import NS_PER_S
from paddock.domain.maths_binding import Names
from paddock.domain.maths_language.fault import Fault
from paddock.domain.maths_language.parser import parse
from paddock.domain.recording import ChannelSummary, Signal
from paddock.domain.rules import signals_of_rule
from paddock.domain.signal_names import read_element
from paddock.usecases.alerts.log_rules import named_in

_OF_TOPICS = (CheckKind.RATE, CheckKind.GAP, CheckKind.PRESENT)


@dataclass(frozen=True)
class Log:
    """What is known of a log without a look at its columns."""

    channels: Sequence[ChannelSummary]
    signals: Sequence[Signal]
    catalogue: CarCatalogue
    """As its car sees it."""
    names: Names
    """What names in expressions mean in it."""
    span: tuple[int, int]
    """Its first and last instant."""

    @cached_property
    def known(self) -> dict[str, Signal]:
        """The signals by name."""
        return {signal.name: signal for signal in self.signals}


def looks_in(log: Log, rules: Iterable[CheckText]) -> list[Look]:
    """What each rule looks at."""
    return [_look(log, rule) for rule in rules]


def _look(log: Log, rule: CheckText) -> Look:
    if rule.kind in _OF_TOPICS:
        of_topic = [channel for channel in log.channels if channel.topic == rule.subject]
        if of_topic:
            return _at_topic(log, rule, [channel for channel in of_topic if channel.message_count])
    if rule.kind is CheckKind.PRESENT:
        return Look(rule, known=_present(log, rule))
    if rule.kind is not CheckKind.CONDITION:
        names = named_in(rule.subject, log.signals, log.catalogue)
        if names and all(_is_inside(log, rule, name) for name in names):
            return Look(rule, known=met(rule))
        if names:
            return Look(rule, signals=names)
        if rule.kind is not CheckKind.LIMITS:
            return Look(rule, known=missing(rule))
    try:
        bound = log.names.bind(parse(rule.subject).tree, {})
    except Fault as fault:
        return Look(rule, known=missing(rule, fault.message))
    return Look(rule, bound=bound, shown=tuple(bound.signals))


def _at_topic(log: Log, rule: CheckText, channels: Sequence[ChannelSummary]) -> Look:
    if not channels:
        return Look(rule, known=missing(rule, f"{rule.subject} has no message in this log."))
    if rule.kind is CheckKind.PRESENT or (rule.kind is CheckKind.GAP and _has_no_gap(log, rule, channels)):
        return Look(rule, known=met(rule))
    slugs = {channel.slug for channel in channels}
    drawn = [
        each.name for each in log.signals if each.channel in slugs and each.min is not None and not each.longest
    ]
    return Look(rule, topic=rule.subject, shown=tuple(drawn[:1]))


def _has_no_gap(log: Log, rule: CheckText, channels: Sequence[ChannelSummary]) -> bool:
    """Whether that is known without its times: of a topic with one channel."""
    longest_ns = round((rule.longest_s or 0.0) * NS_PER_S)
    (first, *more) = channels
    if more or first.started_ns is None or first.ended_ns is None:
        return False
    around = (first.started_ns - log.span[0], log.span[1] - first.ended_ns)
    return max(*around, first.largest_gap_ns or 0) <= longest_ns


def _present(log: Log, rule: CheckText) -> RuleResult:
    dtypes = ((each.name, each.dtype) for each in log.signals)
    named = signals_of_rule(rule.subject, dtypes, log.catalogue)
    if not named:
        return missing(rule)
    if any(signal.count for name in named if (signal := _statistics(log, name)) is not None):
        return met(rule)
    return missing(rule, f"{rule.subject} has no value in this log.")


def _is_inside(log: Log, rule: CheckText, name: str) -> bool:
    """Whether the extremes of a signal tell that it stays inside of the limits."""
    signal = _statistics(log, name)
    if rule.kind is not CheckKind.LIMITS or signal is None or signal.min is None or signal.max is None:
        return False
    return (rule.low is None or rule.low <= signal.min) and (rule.high is None or signal.max <= rule.high)


def _statistics(log: Log, name: str) -> Signal | None:
    """Those of a signal; of an element those of its list, where it has none of its own."""
    element = read_element(name)
    return log.known.get(name) or (log.known.get(element[0]) if element else None)
