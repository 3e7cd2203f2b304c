"""Bytes that lie here and there, as a table."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


def rows_of(content: Bytes, begins: npt.NDArray[np.int64], size: int) -> Bytes:
    """A table of so many bytes from each place on, all of which are there: shape (N, ``size``)."""
    if not len(begins) or not size:
        return np.zeros((len(begins), size), np.uint8)
    return np.lib.stride_tricks.sliding_window_view(content, size)[begins]
