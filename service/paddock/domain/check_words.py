"""What came of a rule of a checklist, from what was found in its signals, with the words for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from paddock.domain.check_evaluation import Found
from paddock.domain.check_results import MAX_MOMENTS, Moment, Outcome, RuleResult
from paddock.domain.checklists import CheckKind, CheckText, words_of
from paddock.domain.instants import NS_PER_S

_NEEDS_VALUES = (CheckKind.LIMITS, CheckKind.CONDITION)
_MUST_BE_THERE = (CheckKind.RATE, CheckKind.GAP, CheckKind.PRESENT)


def result_of(rule: CheckText, found: Mapping[str, Found], shown: Sequence[str] = ()) -> RuleResult:
    """What comes of a rule.

    Args:
        rule: what it asks for.
        found: by signal (or topic, or expression) that it looks at; at least one.
        shown: the signals to draw; empty for those that it looks at themselves.
    """
    if rule.kind in _NEEDS_VALUES and not any(each.samples for each in found.values()):
        return skipped(rule, f"{_subject(rule)} has no value in this log.")
    wrong = {name: each for name, each in found.items() if each.failed}
    told = wrong or {name: each for name, each in found.items() if each.often}
    moments = [
        Moment(start, end, tuple(shown) or (name,), None if rule.kind is CheckKind.CONDITION else worst)
        for name, each in wrong.items()
        for start, end, worst in each.wrong
    ]
    moments.sort(key=lambda moment: (moment.start_ns, moment.signals))
    return _result(
        rule,
        Outcome.FAILED if wrong else Outcome.PASSED,
        _said(rule, told, failed=bool(wrong)) if told else "",
        count=sum(each.often for each in wrong.values()),
        total_ns=max((each.total_ns for each in told.values()), default=0),
        moments=tuple(moments[:MAX_MOMENTS]),
    )


def skipped(rule: CheckText, why: str) -> RuleResult:
    """That a rule could not be looked at."""
    return _result(rule, Outcome.SKIPPED, why)


def missing(rule: CheckText, why: str = "") -> RuleResult:
    """What comes of a rule whose topic or signal the log has not: not met where it has to be there."""
    outcome = Outcome.FAILED if rule.kind in _MUST_BE_THERE else Outcome.SKIPPED
    return _result(
        rule, outcome, why or f"{_subject(rule)} is not in this log.", count=int(outcome is Outcome.FAILED)
    )


def met(rule: CheckText) -> RuleResult:
    """That a rule is met, where statistics tell without a look at the samples."""
    return _result(rule, Outcome.PASSED, "")


def _result(
    rule: CheckText,
    outcome: Outcome,
    said: str,
    count: int = 0,
    total_ns: int = 0,
    moments: tuple[Moment, ...] = (),
) -> RuleResult:
    return RuleResult(
        name=rule.name,
        words=words_of(rule),
        kind=rule.kind,
        outcome=outcome,
        said=said,
        count=count,
        total_ns=total_ns,
        moments=moments,
    )


def _said(rule: CheckText, told: Mapping[str, Found], *, failed: bool) -> str:
    """What is wrong, as a sentence; what is allowed says so."""
    longest = max(told, key=lambda name: told[name].total_ns)
    of_it = told[longest]
    count = sum(each.often for each in told.values())
    often = f", {count:,} times" if count > 1 else ""
    seconds = _seconds(of_it.total_ns)
    among = f" ({longest})" if len(told) > 1 or longest != rule.subject else ""
    match rule.kind:
        case CheckKind.PRESENT:
            return f"{_subject(rule)} has no value in this log."
        case CheckKind.GAP:
            many = f"{count:,} gaps, the longest" if count > 1 else "A gap of"
            return f"{many} {of_it.worst or 0:.3g} s{among}."
        case CheckKind.RATE:
            sentence = f"Off for {seconds}{often}, at worst {of_it.worst or 0:.4g} Hz{among}"
        case CheckKind.LIMITS:
            sentence = f"Outside for {seconds}{often}, at worst {of_it.worst or 0:.6g}{among}"
        case CheckKind.CONDITION:
            sentence = f"So for {seconds}{often}"
    return f"{sentence}." if failed else f"{sentence}: that is allowed."


def _seconds(duration_ns: int) -> str:
    return f"{duration_ns / NS_PER_S:.3g} s"


def _subject(rule: CheckText) -> str:
    return rule.subject if len(rule.subject) <= 100 else f"{rule.subject[:100]}…"
