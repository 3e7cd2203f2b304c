"""What a library makes of a file does not count, what is in it does."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mcap.writer import CompressionType

from tests.golden.canonical import digest
from tests.readers.mcap.builders import car_log


def _table(value: float) -> pa.Table:
    numbers = [value * (row % 97) for row in range(5_000)]
    instants = pa.array([None, *range(1, 5_000)], pa.timestamp("ns"))
    lists = pa.array([[row] * (row % 3) for row in range(5_000)], pa.list_(pa.timestamp("ns")))
    return pa.table({"x": numbers, "at": instants, "list": lists})


def _parquet(value: float, effort: int) -> bytes:
    file = io.BytesIO()
    pq.write_table(_table(value), file, compression="zstd", compression_level=effort)
    return file.getvalue()


def _arrow(value: float, effort: int) -> bytes:
    file = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=effort))
    with pa.ipc.new_file(file, _table(value).schema, options=options) as writer:
        writer.write_table(_table(value))
    return file.getvalue()


def _hdf5(value: float, effort: int) -> bytes:
    file = io.BytesIO()
    # The later format packs the same tree otherwise.
    with h5py.File(file, "w", libver="latest" if effort > 1 else "earliest") as tree:
        data = tree.create_dataset("group/x", data=np.full(1_000, value), compression="gzip")
        data.attrs["unit"] = "m/s"
        tree["points to"] = data.ref
    return file.getvalue()


def _mat5(value: float, effort: int) -> bytes:
    element = zlib.compress(struct.pack("<100d", *[value] * 100), effort)
    return b"MATLAB 5.0".ljust(128) + struct.pack("<II", 15, len(element)) + element


def _zip(value: float, effort: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=effort) as archive:
        archive.writestr("x.csv", str(value) * 100)
    return file.getvalue()


@pytest.mark.parametrize("made", [_parquet, _arrow, _hdf5, _mat5, _zip])
def test_how_hard_a_library_tried_does_not_count_and_a_value_does(made: Callable[[float, int], bytes]) -> None:
    assert made(1.5, 1) != made(1.5, 9)
    assert digest(made(1.5, 1)) == digest(made(1.5, 9))
    assert digest(made(1.5, 1)) != digest(made(2.5, 1))


def test_whether_columns_are_compressed_counts() -> None:
    file = io.BytesIO()
    with pa.ipc.new_file(file, _table(1.5).schema) as writer:
        writer.write_table(_table(1.5))
    assert digest(file.getvalue()) != digest(_arrow(1.5, 1))


def test_of_a_log_the_records_and_the_chunks_count() -> None:
    log = car_log(40)
    assert digest(log) == digest(car_log(40))
    assert digest(log) != digest(car_log(40, first=1))
    assert digest(log) != digest(car_log(40, compression=CompressionType.LZ4))
    assert digest(log) != digest(car_log(40, chunk_size=512))


def test_what_is_of_no_known_kind_is_its_bytes() -> None:
    assert digest(b"a,b\r\n1,2\r\n") != digest(b"a,b\n1,2\n")
