"""Threads that write the rows of a MAT v5 file, where no second process is worth it or safe."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from paddock.columns.columns import Columns
from paddock.formats.mat5_rows import CellPart, Places, Records, fill, made_cells, parts_of
from paddock.formats.matlab_tree import CellColumn

_THREADS = 2
"""More gain nothing: between two reads or writes each needs Python's lock."""
_SWITCH_S = 0.0002


class Threads:
    """See ``Workers``. Cells of the next columns are made while some are written: a batch of each is in memory."""

    def __init__(self, file: int, columns: Columns, cells: Sequence[CellColumn]) -> None:
        self._file, self._columns = file, columns
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="mat5")
        self._filling: deque[Future[int]] = deque()
        self._waiting = deque(parts_of(cells))
        self._begun: deque[tuple[Iterator[Records], Future[Records | None]]] = deque()
        # No thread should wait long for Python's lock: each needs it again after every read, step and write.
        self._switched_before = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_S)

    def close(self) -> None:
        """End them; what is left is not done."""
        sys.setswitchinterval(self._switched_before)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def fill(self, places: Places) -> None:
        """See ``Workers``."""
        self._filling.append(self._pool.submit(fill, self._file, self._columns, places))

    def done(self) -> int:
        """See ``Workers``."""
        values = 0
        while self._filling and self._filling[0].done():
            values += self._filling.popleft().result()
        return values

    def finish(self) -> Iterator[int]:
        """See ``Workers``."""
        while self._filling:
            yield self._filling.popleft().result()

    def cells_of_next(self, node: CellColumn) -> Iterator[Records]:
        """See ``Workers``."""
        for _ in node.parts:
            while self._waiting and len(self._begun) <= _THREADS:
                self._begun.append(self._begin(self._waiting.popleft()))
            records, future = self._begun.popleft()
            left = node.rows
            while left > 0 and (found := future.result()) is not None:
                left -= found[0]
                if left > 0:
                    future = self._pool.submit(next, records, None)
                yield found

    def _begin(self, part: CellPart) -> tuple[Iterator[Records], Future[Records | None]]:
        records = made_cells(self._columns, part)
        return records, self._pool.submit(next, records, None)
