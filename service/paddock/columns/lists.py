"""Arrow lists: how long they are, where each begins, and their elements as columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def list_lengths(array: pa.Array) -> npt.NDArray[np.int64]:
    """Elements per row, shape (n,); a missing list has none."""
    lengths = pc.list_value_length(array)
    if lengths.null_count:
        lengths = lengths.fill_null(0)
    counted: npt.NDArray[np.int64] = lengths.to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    return counted


def offsets_of(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where each of these lengths begins when laid end to end, and where the last ends: shape (n + 1,)."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def element_of(array: pa.Array, index: int) -> pa.Array:
    """One element of each list, shape (n,); missing where a list is shorter."""
    lengths = list_lengths(array)
    return taken_element(array.flatten(), lengths, offsets_of(lengths), index)


def taken_element(
    items: pa.Array, lengths: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64], index: int
) -> pa.Array:
    """One element of each list, from lists that were laid end to end before."""
    short = lengths <= index
    return items.take(pa.array(offsets[:-1] + index, mask=short if short.any() else None))
