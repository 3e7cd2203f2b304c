"""Types of stored columns as Hive writes them, which is how Athena, Trino and Spark are told of a table."""

from __future__ import annotations

import pyarrow as pa

from paddock.columns.arrow_numpy import is_list, is_text
from paddock.domain.engine_tables import may_be_named

_PLAIN = {
    pa.bool_(): "boolean",
    pa.int8(): "tinyint",
    pa.int16(): "smallint",
    pa.int32(): "int",
    pa.int64(): "bigint",
    # Hive has no unsigned numbers: the next larger type, and of 64 bits those below 2^63.
    pa.uint8(): "smallint",
    pa.uint16(): "int",
    pa.uint32(): "bigint",
    pa.uint64(): "bigint",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.binary(): "binary",
    pa.large_binary(): "binary",
}


def hive_type(kind: pa.DataType) -> str | None:
    """As Hive writes it; None where it has none. Fields of messages that it cannot name are left out."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if is_text(kind):
        return "string"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    if pa.types.is_map(kind):
        key, item = hive_type(kind.key_type), hive_type(kind.item_type)
        return f"map<{key},{item}>" if key and item else None
    if is_list(kind):
        element = hive_type(kind.value_type)
        return f"array<{element}>" if element else None
    if pa.types.is_struct(kind):
        fields: dict[str, str] = {}
        for field in kind:
            said = hive_type(field.type)
            if said and may_be_named(field.name):
                fields.setdefault(field.name.lower(), said)
        return f"struct<{','.join(f'{name}:{said}' for name, said in fields.items())}>" if fields else None
    return None


def covering(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """The type by which engines read files of both; None where there is none.

    A message has the fields of both; of whole numbers it is the larger type.
    """
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if pa.types.is_integer(one) and pa.types.is_integer(other):
        return max(one, other, key=lambda kind: kind.bit_width)
    if is_text(one) and is_text(other):
        return one
    if is_list(one) and is_list(other):
        element = covering(one.value_type, other.value_type)
        return None if element is None else pa.list_(element)
    if pa.types.is_struct(one) and pa.types.is_struct(other):
        fields = {field.name: field.type for field in one}
        for field in other:
            both = covering(fields.get(field.name, field.type), field.type)
            if both is None:
                return None
            fields[field.name] = both
        return pa.struct(list(fields.items()))
    return None
