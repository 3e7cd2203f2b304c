"""Checklists: rules that every run of a car has to meet, as a team writes them.

What of a log breaks a rule is computed in ``check_evaluation.py``; what came of it is kept as ``check_results.py``
says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from paddock.domain.instants import NS_PER_S
from paddock.domain.maths_language.fault import Fault
from paddock.domain.maths_language.parser import parse
from paddock.errors import Rejected

MAX_CHECKLISTS = 50
MAX_RULES = 50
"""In one checklist."""
MAX_NAME, MAX_SUBJECT = 120, 2_000
MAX_SECONDS = 86_400.0
MAX_RATE_HZ = 1_000_000.0
DEFAULT_TOLERANCE = 10.0


class CheckKind(StrEnum):
    """What a rule of a checklist asks for."""

    RATE = "rate"
    """Messages come at a rate."""
    LIMITS = "limits"
    """A signal stays inside limits."""
    GAP = "gap"
    """No two messages are far apart."""
    PRESENT = "present"
    """There is at least one message, or value."""
    CONDITION = "condition"
    """An expression of the maths language is never true."""


class CheckText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule, as people say it."""

    kind: Annotated[CheckKind, Meta(description="What it asks for.")]
    subject: Annotated[
        str,
        Meta(
            max_length=10_000,
            description="A topic for `rate`, `gap` and `present`; for these and `limits` a signal by its name, the "
            "catalogue's or a role; for `limits` also an expression; for `condition` one that must not hold.",
            examples=["BatteryPack.min_cell_v"],
        ),
    ]
    name: Annotated[
        str, Meta(max_length=2_000, description="What people call it; empty for its own words.", examples=["Cells"])
    ] = ""
    low: Annotated[float | None, Meta(description="For `limits`: the least value.", examples=[2.8])] = None
    high: Annotated[float | None, Meta(description="For `limits`: the greatest value.", examples=[4.2])] = None
    rate_hz: Annotated[float | None, Meta(description="For `rate`: messages a second.", examples=[100.0])] = None
    tolerance_percent: Annotated[
        float, Meta(description="For `rate`: how far it may be off, up or down.", examples=[10.0])
    ] = DEFAULT_TOLERANCE
    longest_s: Annotated[
        float | None, Meta(description="For `gap`: the longest one that is none, in seconds.", examples=[1.0])
    ] = None
    all_but_s: Annotated[
        float,
        Meta(
            description="For `rate`, `limits` and `condition`: so many seconds of a run may be otherwise.",
            examples=[0.5],
        ),
    ] = 0.0

    @property
    def all_but_ns(self) -> int:
        """``all_but_s`` in nanoseconds."""
        return round(self.all_but_s * NS_PER_S)


class ChecklistText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people say of a checklist."""

    name: Annotated[str, Meta(max_length=2_000, description="What it is called.", examples=["Systems check"])]
    rules: Annotated[
        tuple[CheckText, ...], Meta(max_length=500, description="All of them have to be met; at least one.")
    ]
    cars: Annotated[
        tuple[Annotated[str, Meta(max_length=2_000)], ...],
        Meta(max_length=200, description="Only for these cars; empty for all.", examples=[["HT09"]]),
    ] = ()


class Checklist(msgspec.Struct, frozen=True, kw_only=True):
    """A checklist as a document."""

    id: str
    said: ChecklistText
    version: int = 1
    """Raised by every change; results say by which one they are."""
    added_at: int = 0
    added_by: str = ""
    changed_at: int = 0
    changed_by: str = ""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.said.name


def applies_to(said: ChecklistText, car: str) -> bool:
    """Whether it is for a car; one for some cars is not for one that nobody knows."""
    cars = {each.casefold() for each in said.cars}
    return not cars or car.strip().casefold() in cars


def checked_checklist(said: ChecklistText) -> ChecklistText:
    """A checklist as it is stored: without spaces around what was typed, and limits that a rule does not use.

    Raises:
        Rejected: nothing or too much is said, or a rule cannot be (code ``bad_checklist``).
    """
    name = " ".join(said.name.split())
    cars = tuple(dict.fromkeys(car.strip() for car in said.cars if car.strip()))
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise _bad(f"A checklist has a name of at most {MAX_NAME} characters.")
    if any(len(car) > MAX_NAME for car in cars):
        raise _bad("The name of a car is too long.")
    if not 1 <= len(said.rules) <= MAX_RULES:
        raise _bad(f"A checklist has 1 to {MAX_RULES} rules.")
    rules = tuple(_checked(rule, number) for number, rule in enumerate(said.rules, 1))
    return msgspec.structs.replace(said, name=name, cars=cars, rules=rules)


def _checked(rule: CheckText, number: int) -> CheckText:
    where = f"Rule {number}"
    name, subject = " ".join(rule.name.split()), rule.subject.strip()
    if len(name) > MAX_NAME or not name.isprintable():
        raise _bad(f"{where}: its name has at most {MAX_NAME} characters.")
    if not subject or len(subject) > MAX_SUBJECT:
        raise _bad(f"{where}: say {_WANTED[rule.kind]}, with at most {MAX_SUBJECT:,} characters.")
    if not 0 <= rule.all_but_s <= MAX_SECONDS:
        raise _bad(f"{where}: for all but 0 to {MAX_SECONDS:,.0f} seconds.")
    bare = CheckText(kind=rule.kind, subject=subject, name=name)
    match rule.kind:
        case CheckKind.RATE:
            if rule.rate_hz is None or not 0 < rule.rate_hz <= MAX_RATE_HZ:
                raise _bad(f"{where}: say the rate, above 0 and at most {MAX_RATE_HZ:,.0f} Hz.")
            if not 0 <= rule.tolerance_percent <= 100:
                raise _bad(f"{where}: the rate may be off by 0 to 100 %.")
            used = {"rate_hz": rule.rate_hz, "tolerance_percent": rule.tolerance_percent}
            return msgspec.structs.replace(bare, all_but_s=rule.all_but_s, **used)
        case CheckKind.LIMITS:
            given = [limit for limit in (rule.low, rule.high) if limit is not None]
            if not given or not all(map(math.isfinite, given)) or given != sorted(given):
                raise _bad(f"{where}: say the least value, the greatest, or both, the least one first.")
            return msgspec.structs.replace(bare, low=rule.low, high=rule.high, all_but_s=rule.all_but_s)
        case CheckKind.GAP:
            if rule.longest_s is None or not 0 < rule.longest_s <= MAX_SECONDS:
                raise _bad(f"{where}: say how long a gap may be, above 0 and at most {MAX_SECONDS:,.0f} s.")
            return msgspec.structs.replace(bare, longest_s=rule.longest_s)
        case CheckKind.PRESENT:
            return bare
        case CheckKind.CONDITION:
            try:
                parse(subject)
            except Fault as fault:
                raise _bad(f"{where}, at character {fault.span.start + 1}: {fault.message}") from fault
            return msgspec.structs.replace(bare, all_but_s=rule.all_but_s)


_WANTED = {
    CheckKind.RATE: "which topic or signal",
    CheckKind.LIMITS: "which signal, or an expression",
    CheckKind.GAP: "which topic or signal",
    CheckKind.PRESENT: "which topic or signal",
    CheckKind.CONDITION: "the expression that must not hold",
}


def words_of(rule: CheckText) -> str:
    """What it asks for, for people: ``BatteryPack.min_cell_v from 2.8 to 4.2 for all but 0.5 s``."""
    but = f" for all but {rule.all_but_s:g} s" if rule.all_but_s else ""
    match rule.kind:
        case CheckKind.RATE:
            return f"{rule.subject} at {rule.rate_hz:g} Hz ± {rule.tolerance_percent:g} %{but}"
        case CheckKind.LIMITS:
            if rule.low is None:
                return f"{rule.subject} at most {rule.high:g}{but}"
            if rule.high is None:
                return f"{rule.subject} at least {rule.low:g}{but}"
            return f"{rule.subject} from {rule.low:g} to {rule.high:g}{but}"
        case CheckKind.GAP:
            return f"{rule.subject} without a gap over {rule.longest_s:g} s"
        case CheckKind.PRESENT:
            return f"{rule.subject} is there"
        case CheckKind.CONDITION:
            return f"never {rule.subject}{but}"


def read_checklists(text: bytes) -> tuple[ChecklistText, ...]:
    """Checklists from a file: one, a list of them, or ``{"items": […]}`` as the service answers.

    Raises:
        Rejected: it is none (code ``bad_checklist``).
    """
    try:
        said = msgspec.json.decode(text)
        items = said.get("items", [said]) if isinstance(said, dict) else said
        bare = [_only_said(each) for each in items] if isinstance(items, list) else items
        found = msgspec.convert(bare, tuple[ChecklistText, ...])
    except msgspec.MsgspecError as error:
        raise _bad(f"This is no checklist: {error}.") from error
    if not found:
        raise _bad("There is no checklist in it.")
    return tuple(map(checked_checklist, found))


def _only_said(item: object) -> object:
    """Without what only the service says of a checklist."""
    if not isinstance(item, dict):
        return item
    kept: dict[str, object] = {key: item[key] for key in item if key not in _BESIDE}
    rules = kept.get("rules")
    if isinstance(rules, list):
        kept["rules"] = [
            {key: each[key] for key in each if key != "words"} if isinstance(each, dict) else each for each in rules
        ]
    return kept


_BESIDE: Sequence[str] = ("id", "version", "changed_at", "changed_by")


def _bad(message: str) -> Rejected:
    return Rejected(message, code="bad_checklist")
