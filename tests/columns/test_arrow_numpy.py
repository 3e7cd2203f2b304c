"""What is missing, and what is no number, has a defined place in NumPy."""

from __future__ import annotations

import warnings

import numpy as np
import pyarrow as pa
import pytest

from paddock.columns.arrow_numpy import numbers


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_])
def test_what_is_no_number_is_zero_where_there_is_no_nan(dtype: type) -> None:
    found = numbers(pa.array([1.0, None, float("nan"), float("inf"), -float("inf"), 0.0]), dtype)
    assert found.dtype == dtype and found.tolist() == [1, 0, 0, 0, 0, 0]
    assert numbers(pa.array([1, None]), dtype).tolist() == [1, 0]


@pytest.mark.parametrize("missing", [False, True])
def test_a_signalling_nan_off_a_bus_is_nan_without_a_warning(missing: bool) -> None:
    values = np.array([0x7F800001, 0xFF800001, 0x3F800000, 0x7F800000], np.uint32).view(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = numbers(pa.array(values, mask=np.array([False, False, False, missing])), np.float64)
    assert np.isnan(found[:2]).all() and found[2] == 1.0
    assert np.isnan(found[3]) if missing else found[3] == np.inf
