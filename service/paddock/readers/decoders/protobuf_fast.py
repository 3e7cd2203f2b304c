"""Protobuf messages by the batch, with ptars, and what makes its columns those that google.protobuf stands for.

ptars gets a schema of our own making, in which nothing is left that it does not do as google.protobuf does: times
and wrappers are plain messages (it replaces them where their pieces have to be merged), maps are repeated entries
(it panics where an entry has no value, and forgets keys of some types), texts that need not be UTF-8 are bytes, and
so are the pieces of a message that becomes JSON text.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor

from paddock.columns.containment import contained
from paddock.domain.instants import NS_PER_S
from paddock.readers.decoders.protobuf_rows import as_text, clamped_ns, json_text
from paddock.readers.decoders.protobuf_types import FieldPlan, MessagePlan
from paddock.readers.decoders.protobuf_wire import Mask, parse

_MAX_NUMBERS = 1 << 17
"""ptars has a table as long as the largest field number of every message."""
_FILE = "paddock/fast.proto"
_F = FieldDescriptor
_Proto = descriptor_pb2.FieldDescriptorProto
_SAFE_SECONDS = 9_223_372_000
"""So many seconds and any ``int32`` of nanoseconds are within int64 of nanoseconds."""


def fast_handler(plan: MessagePlan) -> Any:
    """What ptars makes of the messages of a plan, or None where it cannot."""
    if not _can(plan) or _numbers(plan) > _MAX_NUMBERS:
        return None
    import ptars

    file = descriptor_pb2.FileDescriptorProto(name=_FILE, syntax="proto3", package="paddock.fast")
    _add_message(file, plan)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    try:
        handlers = ptars.HandlerPool([pool.FindFileByName(_FILE)])
        handler = handlers.get_for_message(pool.FindMessageTypeByName("paddock.fast.M0"))
        as_wanted = pa.struct(list(handler.schema())) == _raw_type(plan)
    except BaseException as error:  # A panic of Rust is no Exception.
        contained(error)
        return None
    return handler if as_wanted else None


def _can(plan: MessagePlan) -> bool:
    """Groups are not for ptars, and it makes no rows of messages without a field."""
    if plan.message_set or not plan.fields:
        return False
    return all(
        each.kind != _F.TYPE_GROUP and (each.message is None or not each.message.fields or _can(each.message))
        for each in plan.fields
    )


def _numbers(plan: MessagePlan) -> int:
    own = max((each.number for each in plan.fields), default=0)
    return own + sum(_numbers(each.message) for each in plan.fields if each.message is not None)


def _add_message(file: descriptor_pb2.FileDescriptorProto, plan: MessagePlan) -> str:
    message = file.message_type.add(name=f"M{len(file.message_type)}")
    for name, each in zip(_raw_names(plan), plan.fields, strict=True):
        field = message.field.add(name=name, number=each.number, json_name=str(each.number))
        field.label = _Proto.LABEL_REPEATED if each.repeated or each.special == "json" else _Proto.LABEL_OPTIONAL
        if each.message is not None:
            field.type, field.type_name = _Proto.TYPE_MESSAGE, f".{file.package}.{_add_message(file, each.message)}"
            continue
        field.type = _Proto.Type.ValueType(_raw_kind(each))
        if each.has_presence and field.label == _Proto.LABEL_OPTIONAL:
            field.proto3_optional = True
            field.oneof_index = len(message.oneof_decl)
            message.oneof_decl.add(name=f"_{each.number}")
    return message.name


def _raw_names(plan: MessagePlan) -> list[str]:
    """Their own where ptars takes them: those of extensions have dots, and it refuses ``a_b`` beside ``aB``."""
    names = [each.name for each in plan.fields]
    alike = {name.replace("_", "").lower() for name in names}
    if len(alike) == len(names) and all(name.isidentifier() and not name.startswith("_") for name in names):
        return names
    return [f"f{each.number}" for each in plan.fields]


def _raw_kind(each: FieldPlan) -> int:
    if each.kind == _F.TYPE_ENUM:
        return _F.TYPE_INT32
    return _F.TYPE_BYTES if each.special == "json" or each.any_bytes else each.kind


def _raw_type(plan: MessagePlan) -> pa.StructType:
    """The type that ptars makes of a message."""
    return pa.struct(list(map(_raw_field, _raw_names(plan), plan.fields)))


def _raw_field(name: str, each: FieldPlan) -> pa.Field:
    if each.message is not None:
        kind = _raw_type(each.message)
    elif each.special == "json" or each.any_bytes:
        kind = pa.binary()
    else:
        kind = each.arrow.type.value_type if each.repeated else each.arrow.type
    if each.repeated or each.special == "json":
        return pa.field(name, pa.list_(pa.field("item", kind, nullable=False)), nullable=False)
    return pa.field(name, kind, nullable=each.has_presence)


def is_final(plan: MessagePlan) -> bool:
    """Whether what ptars makes is right as it is."""
    return _raw_type(plan) == plan.arrow and not any(map(_is_changed, plan.fields))


def _is_changed(each: FieldPlan) -> bool:
    return (
        each.special != ""
        or each.is_map
        or each.any_bytes
        or each.oneof != ""
        or each.closed_enum is not None
        or (each.has_presence and each.default is not None)
        or (each.message is not None and not is_final(each.message))
    )


def finished(array: pa.StructArray, plan: MessagePlan) -> tuple[pa.StructArray, Mask]:
    """What ptars made of a message type as google.protobuf has it, and where google.protobuf has to be asked.

    Shapes: (N,) both.
    """
    doubtful = np.zeros(len(array), bool)
    columns = []
    for index, each in enumerate(plan.fields):
        raw = array.field(index)
        column, doubt = _column(raw, each)
        if doubt is not None:
            doubtful |= doubt
        columns.append(column)
    _doubt_oneofs(array, plan, doubtful)
    if not plan.fields:
        return array, doubtful
    mask = array.is_null() if array.null_count else None
    return pa.StructArray.from_arrays(columns, fields=[each.arrow for each in plan.fields], mask=mask), doubtful


def _column(raw: pa.Array, each: FieldPlan) -> tuple[pa.Array, Mask | None]:
    if each.is_map:
        return _map(raw, each)
    if each.special == "json":
        return _json(raw, each), None
    if each.repeated:
        items, doubt = _values(raw.values, each)
        column = pa.ListArray.from_arrays(raw.offsets, items, type=each.arrow.type)
        return column, None if doubt is None else _any_of(raw, doubt)
    column, doubt = _values(raw, each)
    if each.has_presence and each.default is not None and column.null_count:
        column = pc.fill_null(column, pa.scalar(each.default, column.type))
    return column, doubt


def _values(raw: pa.Array, each: FieldPlan) -> tuple[pa.Array, Mask | None]:
    """The values of a field, or of all its lists end to end."""
    if each.special == "time":
        return _times(raw, each), None
    if each.special == "wrapper":
        assert each.message is not None
        inner = finished(raw, each.message)[0].field(0)
        return (pc.if_else(raw.is_valid(), inner, None) if raw.null_count else inner), None
    if each.message is not None:
        return finished(raw, each.message)
    if each.closed_enum is not None:
        unknown = ~np.isin(_numbers_of(raw, np.int32), list(each.closed_enum))
        if raw.null_count:
            unknown &= raw.is_valid().to_numpy(zero_copy_only=False)
        return raw, unknown
    return (_texts(raw) if each.any_bytes else raw), None


def _any_of(lists: pa.ListArray, items: Mask) -> Mask:
    """Which lists have an item with a mark."""
    before = np.concatenate([[0], np.cumsum(items)])
    offsets = np.asarray(lists.offsets)
    marked: Mask = before[offsets[1:]] > before[offsets[:-1]]
    return marked


def _numbers_of(array: pa.Array, kind: Any) -> Any:
    """The values of a column, whatever stands for null, without a copy."""
    return np.frombuffer(array.buffers()[1], kind, len(array), array.offset * np.dtype(kind).itemsize)


def _times(raw: pa.StructArray, each: FieldPlan) -> pa.Array:
    seconds, nanos = _numbers_of(raw.field(0), np.int64), _numbers_of(raw.field(1), np.int32)
    far = np.flatnonzero((seconds > _SAFE_SECONDS) | (seconds < -_SAFE_SECONDS))
    with np.errstate(over="ignore"):
        times = seconds * NS_PER_S + nanos
    times[far] = [clamped_ns(int(seconds[row]), int(nanos[row])) for row in far]
    kind = each.arrow.type.value_type if each.repeated else each.arrow.type
    mask = raw.is_null().to_numpy(zero_copy_only=False) if raw.null_count else None
    return pa.array(times, pa.int64(), mask=mask).view(kind)


def _texts(raw: pa.BinaryArray) -> pa.StringArray:
    """Bytes as text, those that are not UTF-8 with U+FFFD."""
    try:
        return raw.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([None if each is None else as_text(each) for each in raw.to_pylist()], pa.string())


def _json(raw: pa.ListArray, each: FieldPlan) -> pa.Array:
    """Payloads as JSON text; those of one message are its pieces, and its payload is all of them end to end."""
    assert each.descriptor is not None
    message_class = message_factory.GetMessageClass(each.descriptor)

    def text(payload: bytes) -> str:
        message = parse(message_class, payload)
        assert message is not None, "google.protobuf took the message that it is in"
        return json_text(message)

    if each.repeated:
        items = pa.array([text(payload) for payload in raw.values.to_pylist()], pa.string())
        return pa.ListArray.from_arrays(raw.offsets, items, type=each.arrow.type)
    texts = [text(b"".join(pieces)) if pieces else None for pieces in raw.to_pylist()]
    return pa.array(texts, pa.string())


def _map(raw: pa.ListArray, each: FieldPlan) -> tuple[pa.Array, Mask | None]:
    """Entries as a map: the last of a key counts, and a value that is left out is the default of its type."""
    assert each.message is not None
    entries, doubt = finished(raw.values, each.message)
    keys, values = entries.field(0), _present(entries.field(1), each.message.fields[1])
    marked = _any_of(raw, doubt)
    offsets = np.asarray(raw.offsets)
    kept = _last_of_each_key(keys, offsets)
    if kept is not None:
        keys, values = keys.take(pa.array(kept)), values.take(pa.array(kept))
        offsets = np.searchsorted(kept, offsets).astype(np.int32)
    return pa.MapArray.from_arrays(pa.array(offsets), keys, values, type=each.arrow.type), marked


def _present(values: pa.Array, each: FieldPlan) -> pa.Array:
    if not values.null_count:
        return values
    if each.special == "json":
        return values.fill_null("{}")
    if pa.types.is_struct(values.type):
        columns = [values.field(index) for index in range(values.type.num_fields)]
        if not columns:
            return pa.array([{}] * len(values), values.type)
        return pa.StructArray.from_arrays(columns, fields=list(values.type))
    if each.special == "wrapper":
        assert each.message is not None
        return values.fill_null(pa.scalar(each.message.fields[0].default, values.type))
    return values.view(pa.int64()).fill_null(0).view(values.type)


def _all_have_the_same(keys: pa.Array, offsets: Any) -> bool:
    """Whether the keys of the first map, none of which is there twice, are those of all in the same order.

    So most programs write them, and it is seen in a fifth of the time that it takes to look at each.
    """
    size = int(offsets[1] - offsets[0]) if len(offsets) > 1 else 0
    if not size or len(keys) != size * (len(offsets) - 1) or (np.diff(offsets) != size).any():
        return False
    return keys[size:].equals(keys[:-size]) and len(keys[:size].unique()) == size


def _last_of_each_key(keys: pa.Array, offsets: Any) -> Any:
    """The places of the entries that count, in order; None for all."""
    if _all_have_the_same(keys, offsets):
        return None
    codes = keys.dictionary_encode()
    rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    key_count = max(1, len(codes.dictionary))
    which = rows * key_count + np.asarray(codes.indices)
    possible = key_count * (len(offsets) - 1)
    if possible < 8 * len(keys):
        # Nearly always no map has a key twice, which is seen sooner where the maps have most of the keys.
        seen = np.zeros(possible, bool)
        seen[which] = True
        if np.count_nonzero(seen) == len(keys):
            return None
    _, last = np.unique(which[::-1], return_index=True)
    return None if len(last) == len(keys) else np.sort(len(keys) - 1 - last)


def _doubt_oneofs(array: pa.StructArray, plan: MessagePlan, doubtful: Mask) -> None:
    """Doubt rows with two fields of a oneof: the last one on the wire counts, and ptars keeps all."""
    seen: dict[str, Mask] = {}
    for index, each in enumerate(plan.fields):
        if not each.oneof:
            continue
        column = array.field(index)
        if each.special == "json":
            there: Mask = np.diff(np.asarray(column.offsets)) > 0
        elif column.null_count == len(column):
            continue
        else:
            there = column.is_valid().to_numpy(zero_copy_only=False)
        if each.oneof in seen:
            doubtful |= seen[each.oneof] & there
            seen[each.oneof] = seen[each.oneof] | there
        else:
            seen[each.oneof] = there
