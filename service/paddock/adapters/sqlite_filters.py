"""The closed list of filters and sorts of ``ports/documents.py`` in SQL.

Values are always bound, never spelled. A comparison only meets values of its own kind, numbers or text, as on
the other sides; in SQLite's order every number is smaller than every text, so ``''`` lies between the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, get_args

from paddock.adapters.document_queries import Position, after_prefix, checked
from paddock.adapters.sqlite_schema import Listed, expression
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
from paddock.ports.indexes import LIST_INDEX

_OPERATORS = frozenset(get_args(Operator))
_STATISTICS = frozenset(get_args(Statistic))


class Sql(NamedTuple):
    """A piece of SQL and the values of its question marks."""

    text: str
    values: tuple[Scalar, ...] = ()


def where_sql(table: str, where: Where) -> Sql:
    """All conditions together; true when there are none."""
    return all_of(_condition(table, condition) for condition in where)


def select_sql(table: str, columns: Mapping[str, str], where: Where) -> Sql:
    """A query to count by: fields by the names that their values get."""
    read = ", ".join(f"{expression(field)} AS {name}" for name, field in columns.items()) or "1"
    if not _goes_through_list(table, where, frozenset(columns.values())):
        matching = where_sql(table, where)
        # What is in a span comes in the order of the span, so it is sorted to be counted by something else; for
        # that SQLite would read each document again, unless a LIMIT keeps the two apart.
        apart = " LIMIT -1" if any(isinstance(condition, Between) for condition in where) else ""
        return Sql(f"SELECT {read} FROM {table} WHERE {matching.text}{apart}", matching.values)
    matching = _list_sql(table, where)
    # The order chooses the index, and only a query with a LIMIT keeps its order inside another one.
    order = f"ORDER BY {expression('started_ns')}, id LIMIT -1"
    return Sql(f"SELECT {read} FROM {table} WHERE {matching.text} {order}", matching.values)


def _goes_through_list(table: str, where: Where, read: frozenset[str] = frozenset()) -> bool:
    """Whether to go through ``LIST_INDEX``, which costs milliseconds for 10,000 recordings.

    SQLite would rather look one field up in its own index, and then read each document it finds for the others.
    One field alone is best looked up.

    Args:
        read: fields that are not only looked at.
    """
    if table != "recordings" or Equals("deleted_at", None) not in where:
        return False
    looked_at, by_itself = set(read), False
    for condition in where:
        match condition:
            case HasTopic() | HasSignal():
                by_itself = True
            case OneOf(field, values):
                looked_at.add(field)
                by_itself |= len(values) > 1
            case _:
                looked_at.add(condition.field)
    # An id is found faster by the table's own key.
    if "id" in looked_at or not looked_at <= set(LIST_INDEX.fields):
        return False
    return by_itself or "search" in looked_at or len(looked_at - {"deleted_at"}) > 1


def _list_sql(table: str, where: Where) -> Sql:
    """All conditions together, of which only those that ``LIST_INDEX`` begins with choose an index."""
    pieces = []
    # SQLite looks at them in this order: what needs another table is left for those that hold the rest.
    for condition in sorted(where, key=lambda condition: isinstance(condition, HasTopic | HasSignal)):
        piece = _condition(table, condition)
        leads = not isinstance(condition, HasTopic | HasSignal) and condition.field in LIST_INDEX.fields[:2]
        # The plus changes no value: https://www.sqlite.org/optoverview.html#disqualifying_where_clause_terms
        pieces.append(piece if leads else Sql(f"+({piece.text})", piece.values))
    return all_of(pieces)


def all_of(pieces: Iterable[Sql]) -> Sql:
    """The pieces joined by AND."""
    return _joined(" AND ", pieces) or Sql("1")


def _any_of(pieces: Iterable[Sql]) -> Sql:
    return _joined(" OR ", pieces) or Sql("0")


def _joined(word: str, pieces: Iterable[Sql]) -> Sql | None:
    found = list(pieces)
    if not found:
        return None
    text = word.join(f"({piece.text})" for piece in found)
    return Sql(text, tuple(value for piece in found for value in piece.values))


def _condition(table: str, condition: Condition) -> Sql:
    match condition:
        case Equals(field, value):
            return _one_of(_FieldSql(expression(field), f"json_type(doc, '$.{field}')"), (value,))
        case OneOf(field, values):
            return _one_of(_FieldSql(expression(field), f"json_type(doc, '$.{field}')"), values)
        case Between(field, at_least, below):
            return _between(expression(field), at_least, below)
        case Exists(field, exists):
            return Sql(f"{expression(field)} IS {'NOT ' if exists else ''}NULL")
        case StartsWith(field, prefix):
            return _between(expression(field), prefix, after_prefix(prefix))
        case Contains(field, text):
            return Sql(f"instr({expression(field)}, ?) > 0", (text,))
        case HasTopic() | HasSignal() if table != "recordings":
            raise ValueError(f"only recordings have topics and signals, {table} do not")
        case HasTopic(topic):
            return _has_topic(topic)
        case HasSignal():
            return _has_signal(condition)


class _FieldSql(NamedTuple):
    value: str
    type: str


def _one_of(field: _FieldSql, values: Iterable[Scalar]) -> Sql:
    # JSON's booleans come out of json_extract as 1 and 0; only their type tells them from numbers.
    pieces, others = [], []
    for value in values:
        if value is None:
            pieces.append(Sql(f"{field.value} IS NULL"))
        elif isinstance(value, bool):
            pieces.append(Sql(f"{field.type} = '{'true' if value else 'false'}'"))
        else:
            others.append(checked(value))
    if len(others) == 1:
        pieces.append(Sql(f"{field.value} = ?", (others[0],)))
    elif others:
        pieces.append(Sql(f"{field.value} IN ({', '.join('?' * len(others))})", tuple(others)))
    return _any_of(pieces)


def _between(value: str, at_least: float | str | None, below: float | str | None) -> Sql:
    pieces = []
    if at_least is not None:
        pieces.append(Sql(f"{value} >= ?", (checked(at_least),)))
    if below is not None:
        pieces.append(Sql(f"{value} < ?", (checked(below),)))
    if at_least is None and below is None:
        pieces.append(Sql(f"{value} IS NOT NULL"))
    elif at_least is None and isinstance(below, str):
        pieces.append(Sql(f"{value} >= ''"))
    elif below is None and not isinstance(at_least, str):
        pieces.append(Sql(f"{value} < ''"))
    return all_of(pieces)


def _has_topic(topic: str) -> Sql:
    having = f"SELECT id FROM {Listed('topic_sets', 'topics').index_table} WHERE value = ?"
    return Sql(f"{expression('topic_set')} IN ({having})", (topic,))


def _has_signal(condition: HasSignal) -> Sql:
    if condition.statistic not in _STATISTICS or condition.operator not in _OPERATORS:
        raise ValueError(f"{condition.statistic!r} {condition.operator!r} compares no statistic")
    value = expression(condition.statistic, "signals")
    names = tuple(dict.fromkeys((condition.name, *condition.also)))
    named = _one_of(_FieldSql(expression("name", "signals"), ""), names)
    compared = f"{value} {condition.operator} ? AND {value} < ''"
    return Sql(
        f"recordings.id IN (SELECT {expression('recording', 'signals')} FROM signals"
        f" WHERE {named.text} AND {compared})",
        (*named.values, checked(condition.value)),
    )


def page_sql(table: str, where: Where, sort: Sort, after: Position | None) -> list[Sql]:
    """Queries for id, sorted value and document; run in turn until the page is full.

    Those with a value come first, then those without: nulls are last in either direction, and each part by itself
    is in the order of an index. The last question mark of each takes the number of rows.
    """
    value, way = expression(sort.field), "DESC" if sort.descending else "ASC"
    by_list = sort.field == "started_ns" and _goes_through_list(table, where)
    matching = (_list_sql if by_list else where_sql)(table, where)
    if sort.field == "id":
        parts = [(_beyond("id", sort, after.id) if after else Sql("1"), f"id {way}")]
    else:
        with_value, without = Sql(f"{value} IS NOT NULL"), Sql(f"{value} IS NULL")
        if after is not None and after.value is None:
            parts = [(all_of([without, _beyond("id", sort, after.id)]), f"id {way}")]
        else:
            if after is not None:
                # Spelled so that the index is entered at the value; ties are then told apart by id.
                tie = _any_of([_beyond(value, sort, after.value), _beyond("id", sort, after.id)])
                than = "<=" if sort.descending else ">="
                with_value = all_of([Sql(f"{value} {than} ?", (after.value,)), tie])
            parts = [(with_value, f"{value} {way}, id {way}")]
            if not any(isinstance(condition, Between) and condition.field == sort.field for condition in where):
                parts.append((without, f"id {way}"))  # a range holds no nulls
    queries = []
    for part, order in parts:
        both = all_of([part, matching])
        columns = f"id, {value}, doc"
        queries.append(
            Sql(f"SELECT {columns} FROM {table} WHERE {both.text} ORDER BY {order} LIMIT ?", both.values)
        )
    return queries


def _beyond(value: str, sort: Sort, position: Scalar) -> Sql:
    return Sql(f"{value} {'<' if sort.descending else '>'} ?", (position,))


def order_sql(sort: Sort) -> str:
    """The ORDER BY of a sort in one query."""
    direction = "DESC" if sort.descending else "ASC"
    if sort.field == "id":
        return f"id {direction}"
    return f"{expression(sort.field)} {direction} NULLS LAST, id {direction}"
