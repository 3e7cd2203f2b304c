"""What Paddock decided of a file that it wrote, as bytes to be hashed.

Two files that say the same are the same here, whatever a compression library, a version of Arrow or HDF5, or the
machine made of it: tables and trees are decoded, and compressed bytes unpacked. How a file is laid out (chunks, row
groups, filters) is decided by Paddock, so that it counts.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from mcap.records import Attachment, Chunk, ChunkIndex, DataEnd, Footer, MessageIndex
from mcap.stream_reader import StreamReader

_MAT5_HEADER_BYTES = 128
_MAT5_COMPRESSED = 15
_HDF5 = b"\x89HDF\r\n\x1a\n"
_USERBLOCK_BYTES = 512
_EXACT_FIELDS = b"paddock.fields"
"""An Arrow schema as Arrow serializes it: the columns say the same."""


def digest(content: bytes) -> str:
    """The hash of a file's canonical bytes."""
    found = hashlib.sha256()
    for piece in canonical(content):
        found.update(struct.pack("<Q", len(piece)) + piece)
    return found.hexdigest()[:16]


def canonical(content: bytes) -> Iterator[bytes]:
    """What a file says, by its first bytes; a file of an unknown kind is what it is."""
    if content.startswith(b"PK"):
        yield from _zip(content)
    elif content.startswith(b"PAR1"):
        yield from _parquet(content)
    elif content.startswith(b"ARROW1"):
        yield from _arrow(content)
    elif content.startswith(b"\x89MCAP"):
        yield from _mcap(content)
    elif content.startswith(_HDF5) or content[_USERBLOCK_BYTES:].startswith(_HDF5):
        yield from _hdf5(content)
    elif content.startswith(b"MATLAB 5.0"):
        yield from _mat5(content)
    else:
        yield content


def _said(*values: object) -> bytes:
    return repr(values).encode(errors="surrogatepass")


def _zip(content: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            yield _said(entry.filename)
            yield from canonical(archive.read(entry))


def _mat5(content: bytes) -> Iterator[bytes]:
    yield content[:_MAT5_HEADER_BYTES]
    at = _MAT5_HEADER_BYTES
    while at < len(content):
        kind, size = struct.unpack_from("<II", content, at)
        at += 8
        element = content[at : at + size]
        yield _said(kind)
        yield zlib.decompress(element) if kind == _MAT5_COMPRESSED else element
        at += size


def _parquet(content: bytes) -> Iterator[bytes]:
    file = pq.ParquetFile(io.BytesIO(content))
    yield from _schema(file.schema_arrow)
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        chunks = [group.column(index) for index in range(group.num_columns)]
        yield _said(group.num_rows, [(chunk.path_in_schema, chunk.compression) for chunk in chunks])
        yield from _rows(file.read_row_group(number))


def _arrow(content: bytes) -> Iterator[bytes]:
    whole = pa.py_buffer(content)
    file = pa.ipc.open_file(whole)
    yield from _schema(file.schema)
    for number in range(file.num_record_batches):
        batch = file.get_batch(number)
        # What is not compressed is handed out where it lies in the file.
        buffers = [buffer for column in batch.columns for buffer in column.buffers() if buffer and buffer.size]
        yield _said(all(whole.address <= buffer.address < whole.address + whole.size for buffer in buffers))
        yield from _rows(pa.Table.from_batches([batch]))


def _schema(schema: pa.Schema) -> Iterator[bytes]:
    for field in schema:
        yield _said(field.name, str(field.type), field.nullable)
    metadata = schema.metadata or {}
    yield _said([item for item in sorted(metadata.items()) if item[0] != _EXACT_FIELDS])


def _rows(table: pa.Table) -> Iterator[bytes]:
    for name, column in zip(table.column_names, table.columns, strict=True):
        # Instants as Python values need pandas.
        yield _said(name, column.cast(_without_instants(column.type)).to_pylist())


def _without_instants(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        return pa.int64()
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_without_instants(field.type)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(_without_instants(kind.key_type), _without_instants(kind.item_type))
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_without_instants(kind.value_type)))
    return kind


def _mcap(content: bytes) -> Iterator[bytes]:
    """Its records, then how they are packed; not where that put them."""
    for record in StreamReader(io.BytesIO(content)).records:
        if isinstance(record, Attachment):
            yield _said(record.name, record.media_type, record.log_time, record.create_time, record.data)
        elif isinstance(record, ChunkIndex):
            yield _said(record.message_start_time, record.message_end_time, sorted(record.message_index_offsets))
        elif not isinstance(record, MessageIndex | DataEnd | Footer):
            yield _said(type(record).__name__, _without_offsets(record))
    for record in StreamReader(io.BytesIO(content), emit_chunks=True).records:
        if isinstance(record, Chunk):
            yield _said(record.compression, record.uncompressed_size, record.uncompressed_crc)
        elif isinstance(record, MessageIndex):
            yield _said(record.channel_id, record.records)


def _without_offsets(record: object) -> dict[str, object]:
    places = ("offset", "length", "group_start", "group_length")
    return {name: value for name, value in vars(record).items() if name not in places}


def _hdf5(content: bytes) -> Iterator[bytes]:
    if not content.startswith(_HDF5):
        yield content[:_USERBLOCK_BYTES]
    with h5py.File(io.BytesIO(content), "r") as file:
        names: list[str] = []
        file.visit(names.append)
        for name in ["/", *sorted(names)]:
            node = file[name]
            attributes = sorted((key, _plain(file, value)) for key, value in node.attrs.items())
            yield _said(name, type(node).__name__, attributes)
            if isinstance(node, h5py.Dataset):
                yield _said(node.shape, node.maxshape, node.chunks, node.compression, node.compression_opts)
                yield _said(_plain(file, node[()]))


def _plain(file: h5py.File, value: Any) -> object:
    """Values with their type; a reference is the name of what it points to."""
    if isinstance(value, h5py.Reference):
        return file[value].name if value else None
    if hasattr(value, "dtype"):
        if value.dtype.names:
            return [(name, _plain(file, value[name])) for name in value.dtype.names]
        if value.dtype.hasobject:
            return [_plain(file, each) for each in np.asarray(value).ravel()]
        return value.dtype.str, np.asarray(value).tolist()
    return value
