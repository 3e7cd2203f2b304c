"""Series of a recording, as Arrow, NumPy or pandas."""

from __future__ import annotations

import fnmatch
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from paddock.domain.instants import NS_PER_S
from paddock.errors import NotFound
from paddock.formats.signals import leaves, signal_name
from paddock.formats.tables import channel_of, column_batch


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
        return seconds, self.values.to_numpy(zero_copy_only=False)

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
    """The signals in an Arrow export: one file, or a zip of one per topic.

    Raises:
        NotFound: it has none of these (code ``no_such_signal``).
    """
    found = Signals()
    for table in _tables(path):
        channel, units = channel_of(table.schema)
        whole = pa.RecordBatch.from_arrays(
            [column.combine_chunks() for column in table.columns], schema=table.schema
        )
        batch = column_batch(channel, whole, [field.name for field in channel.fields])
        for leaf, _ in leaves(channel.fields):
            name = signal_name(channel, leaf)
            if any(fnmatch.fnmatchcase(name, glob) or name.startswith(f"{glob}.") for glob in names):
                values = batch.messages
                for part in leaf:
                    values = pa.compute.struct_field(values, part)
                found.setdefault(name, SignalData(name, units.get(".".join(leaf), ""), batch.log_time, values))
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
