"""Series of a recording, as Arrow, NumPy or pandas."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.columns.arrow_numpy import pick
from paddock.columns.lists import element_of, list_lengths
from paddock.columns.patterns import Patterns
from paddock.columns.signals import has_elements, leaves, signal_name
from paddock.columns.tables import channel_of, column_batch, columns_of
from paddock.domain.instants import NS_PER_S
from paddock.domain.signal_names import element_name
from paddock.errors import NotFound


@dataclass(frozen=True)
class SignalData:
    """One series."""

    name: str
    unit: str
    """Empty when nobody knows it."""
    time_ns: npt.NDArray[np.int64]
    """``log_time`` in nanoseconds since the Unix epoch, shape (N,)."""
    values: pa.Array
    """N values of the log's own type; a missing one is null."""

    def __len__(self) -> int:
        return len(self.time_ns)

    def arrow(self) -> pa.Table:
        """Columns ``log_time`` (ns, UTC) and the signal's name."""
        instants = pa.array(self.time_ns).cast(pa.timestamp("ns", "UTC"))
        fields = [
            pa.field("log_time", instants.type),
            pa.field(self.name, self.values.type, metadata={"unit": self.unit}),
        ]
        return pa.table([instants, self.values], schema=pa.schema(fields))

    def numpy(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]]:
        """Seconds since the first of these samples, and values, both of shape (N,); missing numbers are NaN."""
        seconds = (self.time_ns - (self.time_ns[0] if len(self) else 0)) / NS_PER_S
        values = self.values
        if pa.types.is_boolean(values.type) and values.null_count:
            # As NumPy has no missing boolean: 0 and 1, and NaN.
            values = values.cast(pa.uint8())
        return seconds, values.to_numpy(zero_copy_only=False)

    def pandas(self) -> Any:
        """A ``pandas.Series`` by time in UTC. Needs pandas, which Paddock does not install."""
        import pandas as pd

        index = pd.to_datetime(self.time_ns, unit="ns", utc=True)
        return pd.Series(self.values.to_pandas().to_numpy(), index=index, name=self.name)


class Signals(dict[str, SignalData]):
    """Series by name."""

    def pandas(self) -> Any:
        """A ``pandas.DataFrame`` by time, one column per signal; use ``rate_hz`` for rows without holes."""
        import pandas as pd

        return pd.concat([series.pandas() for series in self.values()], axis=1).sort_index()


def read(path: Path, names: Sequence[str]) -> Signals:
    """The signals in an Arrow export of ``names``: one file, or a zip of one per topic.

    Elements that are asked for come one by one, as ``cells[3]``, also those that are in the file as a list.

    Raises:
        NotFound: it has none (code ``no_such_signal``).
    """
    found = Signals()
    asked = Patterns(names)
    for table in _tables(path):
        channel, units = channel_of(table.schema)
        whole = pa.RecordBatch.from_arrays(
            [column.combine_chunks() for column in table.columns], schema=table.schema
        )
        batch = column_batch(channel, whole, [field.name for field in channel.fields], columns_of(table.schema))
        for leaf, kind in leaves(channel.fields):
            name, unit = signal_name(channel, leaf), units.get(".".join(leaf), "")
            values = pick(batch.messages, leaf)
            series = {name: values}
            if has_elements(kind) and (elements := asked.elements(name) | asked.elements(".".join(leaf))):
                count = max(list_lengths(values).tolist(), default=0)
                chosen = [index for index in range(count) if any(each.takes(index) for each in elements)]
                series = {element_name(name, index): element_of(values, index) for index in chosen}
                series |= {name: values} if asked.taking(name) else {}
            for each, array in series.items():
                found.setdefault(each, SignalData(each, unit, batch.log_time, array))
    if not found:
        raise NotFound(f"The recording has no signal {', '.join(names)[:200]}.", code="no_such_signal")
    return found


def _tables(path: Path) -> Iterator[pa.Table]:
    if not zipfile.is_zipfile(path):
        yield pa.ipc.open_file(io.BytesIO(path.read_bytes())).read_all()
        return
    with zipfile.ZipFile(path) as files:
        for name in files.namelist():
            yield pa.ipc.open_file(io.BytesIO(files.read(name))).read_all()
