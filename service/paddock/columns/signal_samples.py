"""All samples of one signal of a stored channel, in batches: numbers as doubles, or texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.arrow_numpy import is_list, is_number, is_text, numbers, pick
from paddock.columns.lists import element_of
from paddock.columns.signals import Path
from paddock.columns.stored_channel import StoredChannel, with_fields
from paddock.domain.signal_names import read_element


class Samples(NamedTuple):
    """Some samples in the order of the log."""

    times: npt.NDArray[np.int64]
    """Shape (N,), nanoseconds."""
    values: npt.NDArray[np.float64] | list[str | None]
    """Shape (N,); missing numbers are NaN."""


class SignalPlace(NamedTuple):
    """Where a signal is in its channel."""

    path: Path
    element: int | None
    """Which element of a list."""
    kind: pa.DataType
    enums: Mapping[int, str]
    """Names of its values."""


def place_of(stored: StoredChannel, name: str) -> SignalPlace | None:
    """The place of a signal by its whole name; None where the channel has none that is a number or a text."""
    field = name.removeprefix(f"{stored.channel.topic}.")
    paths = {".".join(path): path for path in stored.kinds}
    element = None
    if field not in paths and (read := read_element(field)) is not None:
        field, element = read
    if field not in paths:
        return None
    kind: Any = stored.kinds[paths[field]]
    if element is not None and is_list(kind):
        kind = kind.value_type
    if not (is_number(kind) or is_text(kind)):
        return None
    return SignalPlace(paths[field], element, kind, stored.channel.enums.get(field, {}))


def samples_of(stored: StoredChannel, places: Mapping[str, SignalPlace]) -> Iterator[tuple[str, Samples]]:
    """All samples of the signals of one field, one or the elements of a list; memory is bounded by a batch.

    Args:
        places: by name, all with the same path.

    Raises:
        Conflict: the file is damaged (code ``columns_damaged``).
    """
    path = next(iter(places.values())).path
    channel = with_fields(stored.channel, {".".join(path)})
    for batch in stored.batches(channel):
        field = pick(batch.messages, path)
        for name, place in places.items():
            array = field if place.element is None else element_of(field, place.element)
            values = array.to_pylist() if is_text(place.kind) else numbers(array)
            yield name, Samples(batch.log_time, values)
