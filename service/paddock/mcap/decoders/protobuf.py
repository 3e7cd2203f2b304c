"""Protobuf: ptars decodes whole batches, google.protobuf the messages that it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message

from paddock.mcap.decoders.decoded import Decoded, Undecodable
from paddock.mcap.decoders.limits import Limits
from paddock.mcap.decoders.protobuf_rows import arrow_rows, json_text, parse
from paddock.mcap.decoders.protobuf_types import FieldPlan, MessagePlan, Planner
from paddock.mcap.records import Schema

ENCODING = "protobuf"
_BATCH_BYTES = 32 << 20


class _NeedsRows(Exception):
    """ptars' result differs from what google.protobuf says: decode the batch row by row."""


def decoder(schema: Schema | None, limits: Limits) -> ProtobufDecoder:
    """The decoder of a channel with this schema.

    Raises:
        Undecodable: the schema is missing or broken.
    """
    if schema is None:
        raise Undecodable("its schema is missing")
    if schema.encoding != "protobuf":
        raise Undecodable(f"its schema is {schema.encoding or 'nothing'}, not protobuf")
    return _shared(schema.name, schema.data)


@lru_cache(maxsize=256)
def _shared(name: str, data: bytes) -> ProtobufDecoder:
    """Topics of one schema, and the logs of one season, share what was worked out for it."""
    return ProtobufDecoder(_descriptor(name, data))


class ProtobufDecoder:
    """Decodes one message type. A time outside the years 1677 to 2262 becomes the nearest inside."""

    notice = ""
    conform = None

    def __init__(self, descriptor: Descriptor) -> None:
        planner = Planner()
        self._plan = planner.message(descriptor)
        self.enums = planner.enums
        self.fields = self._plan.arrow
        self.max_rows = max(256, _BATCH_BYTES // _row_bytes(self.fields))
        self._class: type[Message] = message_factory.GetMessageClass(descriptor)
        self._needs_care = self._plan.needs_care
        self._handler = _ptars_handler(descriptor, self._plan)
        self._classes = {each.name: each.message_type for each in descriptor.fields}
        self._descriptor = descriptor

    def decode(self, payloads: pa.BinaryArray) -> Decoded:
        """Decode some messages; proto2 defaults are filled in, other absent fields with presence are null."""
        kept = np.ones(len(payloads), bool)
        pieces = list(self._pieces(payloads, kept, 0))
        if not pieces:
            return Decoded(pa.array([], self.fields), kept)
        messages = pieces[0] if len(pieces) == 1 else pa.concat_arrays(pieces)
        return Decoded(messages, None if kept.all() else kept)

    def _pieces(self, payloads: pa.BinaryArray, kept: np.ndarray[Any, Any], at: int) -> Iterator[pa.StructArray]:
        """Halve a batch that fails until the messages at fault are alone."""
        if self._handler is not None:
            try:
                yield self._by_ptars(payloads)
                return
            except _NeedsRows:
                yield self._by_rows(payloads, kept, at)
                return
            except Exception:
                pass
            except BaseException as error:  # A panic of Rust is no Exception.
                if type(error).__name__ != "PanicException":
                    raise
        if len(payloads) <= 8 or self._handler is None:
            if (piece := self._by_rows(payloads, kept, at)) is not None:
                yield piece
            return
        middle = len(payloads) // 2
        yield from self._pieces(payloads[:middle], kept, at)
        yield from self._pieces(payloads[middle:], kept, at + middle)

    def _by_ptars(self, payloads: pa.BinaryArray) -> pa.StructArray:
        batch = self._handler.array_to_record_batch(payloads)
        if not self.fields.num_fields:
            return pa.array([{}] * len(payloads), self.fields)
        messages = pa.StructArray.from_arrays(batch.columns, fields=list(batch.schema))
        return _careful(messages, self._plan, self._descriptor) if self._needs_care else messages

    def _by_rows(self, payloads: pa.BinaryArray, kept: np.ndarray[Any, Any], at: int) -> pa.StructArray:
        parsed = [parse(self._class, payload) for payload in payloads.to_pylist()]
        kept[at : at + len(parsed)] = [message is not None for message in parsed]
        return arrow_rows([message for message in parsed if message is not None], self._plan)


def _descriptor(name: str, data: bytes) -> Descriptor:
    files = descriptor_pb2.FileDescriptorSet()
    try:
        files.ParseFromString(data)
        pool = descriptor_pool.DescriptorPool()
        waiting = {file.name: file for file in files.file}
        for file_name in list(waiting):
            _add_file(pool, file_name, waiting)
        return pool.FindMessageTypeByName(name)
    except (DecodeError, TypeError, KeyError, ValueError, RecursionError) as error:
        reason = str(error).strip("'\"").splitlines()
        raise Undecodable(f"its schema is broken ({reason[0][:120] if reason else name})") from None


def _add_file(
    pool: descriptor_pool.DescriptorPool, name: str, waiting: dict[str, descriptor_pb2.FileDescriptorProto]
) -> None:
    """Add a file after those it imports; writers leave out google's own."""
    file = waiting.pop(name, None)
    if file is None:
        if name.startswith("google/protobuf/"):
            _add_well_known(pool, name)
        return
    for imported in file.dependency:
        _add_file(pool, imported, waiting)
    pool.Add(file)


def _add_well_known(pool: descriptor_pool.DescriptorPool, name: str) -> None:
    try:
        pool.FindFileByName(name)
    except KeyError:
        # Importing one makes the default pool know it.
        from google.protobuf import (  # noqa: F401
            any_pb2,
            duration_pb2,
            empty_pb2,
            field_mask_pb2,
            struct_pb2,
            timestamp_pb2,
            wrappers_pb2,
        )

        proto = descriptor_pb2.FileDescriptorProto()
        descriptor_pool.Default().FindFileByName(name).CopyToProto(proto)
        for imported in proto.dependency:
            _add_well_known(pool, imported)
        pool.Add(proto)


def _ptars_handler(descriptor: Descriptor, plan: MessagePlan) -> Any:
    """ptars for this type, or None where it would make other columns than planned."""
    import ptars

    try:
        pool = ptars.HandlerPool([descriptor.file], config=ptars.PtarsConfig(timestamp_tz=None))
        handler = pool.get_for_message(descriptor)
        schema = handler.schema()
    except Exception:
        return None
    except BaseException as error:  # A panic of Rust is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        return None
    return handler if pa.struct(list(schema)) == _as_ptars(plan) else None


def _as_ptars(plan: MessagePlan) -> pa.StructType:
    """The type that ptars makes of a message: JSON text is still bytes, and defaults of proto2 are null."""
    fields = []
    for each in plan.fields:
        kind: pa.DataType = each.arrow.type
        if each.is_map:
            assert each.message is not None
            value = _as_ptars(each.message).field(1)
            kind = pa.map_(kind.key_type, pa.field("value", value.type, nullable=False))
        else:
            if each.special == "json":
                kind = pa.list_(pa.field("item", pa.binary(), nullable=False)) if each.repeated else pa.binary()
            elif each.message is not None:
                kind = _as_ptars(each.message)
                kind = pa.list_(pa.field("item", kind, nullable=False)) if each.repeated else kind
        fields.append(pa.field(each.name, kind, nullable=not each.repeated and each.has_presence))
    return pa.struct(fields)


def _row_bytes(kind: pa.DataType) -> int:
    """About how many bytes a row takes that says little."""
    if pa.types.is_struct(kind):
        return 1 + sum(_row_bytes(kind.field(index).type) for index in range(kind.num_fields))
    try:
        return max(1, int(kind.bit_width) // 8)
    except ValueError:
        return 4


def _careful(array: pa.StructArray, plan: MessagePlan, descriptor: Descriptor) -> pa.StructArray:
    """What ptars made of a message type, as google.protobuf has it.

    Raises:
        _NeedsRows: google.protobuf has to be asked.
    """
    columns = []
    for index, each in enumerate(plan.fields):
        column = array.field(index)
        column = _careful_column(column, each, descriptor.fields[index])
        if each.has_presence and each.default is not None and column.null_count:
            column = pc.fill_null(column, pa.scalar(each.default, column.type))
        columns.append(column)
    _check_oneofs(array, plan)
    mask = array.is_null() if array.null_count else None
    return pa.StructArray.from_arrays(columns, fields=[each.arrow for each in plan.fields], mask=mask)


def _careful_column(column: pa.Array, each: FieldPlan, proto: Any) -> pa.Array:
    if each.closed_enum is not None:
        values = column.flatten() if each.repeated else column.drop_null()
        if not set(pc.unique(values).to_pylist()) <= each.closed_enum:
            raise _NeedsRows
        return column
    if each.special == "json":
        return _json_column(column, each, proto.message_type)
    if each.message is None or not each.message.needs_care:
        return column
    if each.is_map:
        raise _NeedsRows
    if each.repeated:
        items = _careful(column.values, each.message, proto.message_type)
        return pa.ListArray.from_arrays(column.offsets, items, type=each.arrow.type)
    return _careful(column, each.message, proto.message_type)


def _json_column(column: pa.Array, each: FieldPlan, descriptor: Descriptor) -> pa.Array:
    """Payloads of messages as JSON text."""
    message_class = message_factory.GetMessageClass(descriptor)
    texts = []
    for payload in (column.values if each.repeated else column).to_pylist():
        message = None if payload is None else parse(message_class, payload)
        if payload is not None and message is None:
            raise _NeedsRows
        texts.append(None if message is None else json_text(message))
    array = pa.array(texts, pa.string())
    return pa.ListArray.from_arrays(column.offsets, array, type=each.arrow.type) if each.repeated else array


def _check_oneofs(array: pa.StructArray, plan: MessagePlan) -> None:
    """Of a oneof the last one on the wire counts; ptars keeps all."""
    seen: dict[str, np.ndarray[Any, Any]] = {}
    for index, each in enumerate(plan.fields):
        column = array.field(index)
        if not each.oneof or column.null_count == len(column):
            continue
        valid = column.is_valid().to_numpy(zero_copy_only=False)
        if each.oneof in seen and (seen[each.oneof] & valid).any():
            raise _NeedsRows
        seen[each.oneof] = seen[each.oneof] | valid if each.oneof in seen else valid
