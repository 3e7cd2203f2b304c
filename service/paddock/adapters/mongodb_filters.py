"""The closed list of filters and sorts of ``ports/documents.py`` in MongoDB's query language.

A field is a path of plain names and a value is a scalar, so neither can be an operator. MongoDB itself compares
values of one kind only, numbers or text. Where there are several spellings, FerretDB 1.24 decides: it has no
``$expr`` with functions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias, get_args, get_origin

import msgspec
from pymongo import ASCENDING, DESCENDING

from paddock.adapters.document_queries import Position, after_prefix, check_field, checked
from paddock.errors import Rejected
from paddock.ports.documents import (
    Between,
    Condition,
    Contains,
    Equals,
    Exists,
    HasSignal,
    HasTopic,
    OneOf,
    Operator,
    Scalar,
    Sort,
    StartsWith,
    Statistic,
    Where,
)

Query: TypeAlias = dict[str, Any]

MAX_CONTAINS = 8_000
"""Characters that ``Contains`` may look for: MongoDB refuses a pattern over 32 KiB."""

_OPERATORS: Mapping[Operator, str] = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte", "=": "$eq"}
_STATISTICS = frozenset(get_args(Statistic))
_NOTHING: Query = {"_id": {"$in": []}}


def stored_name(field: str) -> str:
    """Where a field is in a stored document.

    Raises:
        ValueError: it is no dotted path of plain names.
    """
    return "_id" if field == "id" else check_field(field)


def lists_of(kind: type[msgspec.Struct]) -> frozenset[str]:
    """The fields that hold lists."""
    return frozenset(field.name for field in msgspec.structs.fields(kind) if get_origin(field.type) is tuple)


def all_of(queries: Iterable[Query]) -> Query:
    """The queries joined by AND; everything when there are none."""
    found = [query for query in queries if query]
    return found[0] if len(found) == 1 else {"$and": found} if found else {}


def condition_query(condition: Condition, lists: frozenset[str]) -> Query:
    """One condition that asks no other collection, on a kind of document with these list fields."""
    match condition:
        case Equals(field, value):
            return _one_of(field, (value,), lists)
        case OneOf(field, values):
            return _one_of(field, values, lists)
        case Between(field, at_least, below):
            return _between(field, at_least, below, lists)
        case Exists(field, exists):
            return {stored_name(field): {"$ne": None} if exists else None}
        case StartsWith(field, prefix):
            return _between(field, prefix, after_prefix(prefix), lists)
        case Contains(field, text):
            return _contains(field, text, lists)
        case HasTopic() | HasSignal():
            raise ValueError("only recordings have topics and signals")


def signal_query(condition: HasSignal) -> Query:
    """The signals that a ``HasSignal`` means.

    Raises:
        ValueError: an unknown statistic or operator.
    """
    if condition.statistic not in _STATISTICS or condition.operator not in _OPERATORS:
        raise ValueError(f"{condition.statistic!r} {condition.operator!r} compares no statistic")
    value = _comparable(condition.value)
    if value is None:
        return _NOTHING
    names = [str(name) for name in dict.fromkeys((condition.name, *condition.also))]
    named = {"name": names[0] if len(names) == 1 else {"$in": names}}
    return {**named, condition.statistic: {_OPERATORS[condition.operator]: value}}


def topic_query(condition: HasTopic) -> Query:
    """The sets of topics that a ``HasTopic`` means."""
    # A value that is compared with a list means any of its elements.
    return {"topics": str(condition.topic)}


def _one_of(field: str, values: Iterable[Scalar], lists: frozenset[str]) -> Query:
    name = stored_name(field)
    # MongoDB looks into lists; the port compares the field itself, and no list is a scalar.
    scalars = [] if _is_list(field, lists) else [_comparable(value) for value in values if value is not None]
    wanted = [value for value in scalars if value is not None] + [value for value in values if value is None]
    return {name: wanted[0]} if len(wanted) == 1 else {name: {"$in": wanted}}


def _between(field: str, at_least: float | str | None, below: float | str | None, lists: frozenset[str]) -> Query:
    name = stored_name(field)
    if at_least is None and below is None:
        return {name: {"$ne": None}}
    bounds = {
        operator: _comparable(bound)
        for operator, bound in (("$gte", at_least), ("$lt", below))
        if bound is not None
    }
    return _NOTHING if _is_list(field, lists) or None in bounds.values() else {name: bounds}


def _contains(field: str, text: str, lists: frozenset[str]) -> Query:
    name = stored_name(field)
    if len(text) > MAX_CONTAINS:
        raise Rejected(f"Search for at most {MAX_CONTAINS} characters.", code="search_too_long")
    if _is_list(field, lists):
        return _NOTHING
    # A pattern ends at a NUL unless it is spelled.
    return {name: {"$regex": re.escape(text).replace("\0", r"\x00")}}


def _is_list(field: str, lists: frozenset[str]) -> bool:
    return field.partition(".")[0] in lists


def _comparable(value: Scalar) -> Scalar:
    """The value as a plain scalar, None for NaN, which equals nothing; a dict or pattern cannot get in."""
    match value:
        case bool():
            return value
        case str():
            return str(value)
        case int():
            return int(checked(value))
        case float():
            return None if math.isnan(value) else float(value)
        case _:
            raise ValueError(f"{type(value).__name__} is no value to compare with")


class Part(NamedTuple):
    """A query and the order of its answer."""

    query: Query
    order: list[tuple[str, int]]


def page_parts(matching: Query, where: Where, sort: Sort, after: Position | None) -> list[Part]:
    """What to ask in turn until the page is full.

    Numbers and texts, which MongoDB compares apart, then those without a value: nulls are last in either direction,
    and each part by itself is in the order of an index.
    """
    way = DESCENDING if sort.descending else ASCENDING
    by_id = [("_id", way)]
    if sort.field == "id":
        return [Part(all_of([_beyond("_id", sort, after.id) if after else {}, matching]), by_id)]
    name = stored_name(sort.field)
    if after is not None and after.value is None:
        return [Part(all_of([{name: None}, _beyond("_id", sort, after.id), matching]), by_id)]
    by_value = [(name, way), ("_id", way)]
    if after is None:
        parts = [Part(all_of([{name: {"$ne": None}}, matching]), by_value)]
    else:
        # Spelled so that the index is entered at the value; ties are then told apart by id.
        tie = {"$or": [_beyond(name, sort, after.value), _beyond("_id", sort, after.id)]}
        start = {name: {"$lte" if sort.descending else "$gte": after.value}}
        parts = [Part(all_of([start, tie, matching]), by_value)]
        if isinstance(after.value, str) is sort.descending:
            other = {"$type": "number"} if sort.descending else {"$gte": ""}
            parts.append(Part(all_of([{name: other}, matching]), by_value))
    if not any(isinstance(condition, Between) and condition.field == sort.field for condition in where):
        parts.append(Part(all_of([{name: None}, matching]), by_id))  # a range holds no nulls
    return parts


def _beyond(name: str, sort: Sort, position: Scalar) -> Query:
    return {name: {"$lt" if sort.descending else "$gt": position}}
