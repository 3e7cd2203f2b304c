"""The number columns of a MAT v5 file: each batch of rows goes to its place in all columns of its channel.

Where it is safe, a process of its own does it: two threads would each wait for Python's lock after every read, step
and write, and take more time together than one alone.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Protocol

import numpy as np

from paddock.columns.columns import ColumnBatch, Columns
from paddock.errors import Unavailable
from paddock.formats.matlab_tree import NumberColumn, placed
from paddock.processes import end_after, end_with_parent, fork_is_safe

Places = Sequence[tuple[NumberColumn, int]]
"""Columns of one channel, and where in the file the numbers of each begin."""

_PROCESS_FROM_BYTES = 64 << 20
"""Numbers that take longer to write than a process to begin."""
_MOST_ASKED = 64
"""Channels that the process is told of before it has said that it is done with others."""


class Filling(Protocol):
    """Puts rows where they belong, while other parts of the file are written."""

    def fill(self, places: Places) -> None:
        """Have the columns of a channel filled."""
        ...

    def done(self) -> int:
        """How many values were written since this was asked last."""
        ...

    def finish(self) -> Iterator[int]:
        """Wait until all is written; how many values, as they are."""
        ...


@contextlib.contextmanager
def filling(
    file: int, columns: Columns, numbers: Sequence[NumberColumn], pool: ThreadPoolExecutor
) -> Iterator[Filling]:
    """What fills the columns ``numbers`` of a file: a process, or else the threads of ``pool``."""
    size_bytes = sum(each.rows * each.width * each.dtype.itemsize for each in numbers)
    if size_bytes < _PROCESS_FROM_BYTES or not fork_is_safe():
        yield _Threads(file, columns, pool)
        return
    process = _Process(file, columns, numbers)
    try:
        yield process
    finally:
        process.close()


class _Threads:
    def __init__(self, file: int, columns: Columns, pool: ThreadPoolExecutor) -> None:
        self._file, self._columns, self._pool = file, columns, pool
        self._filling: deque[Future[int]] = deque()

    def fill(self, places: Places) -> None:
        """See ``Filling``."""
        self._filling.append(self._pool.submit(_fill, self._file, self._columns, places))

    def done(self) -> int:
        """See ``Filling``."""
        values = 0
        while self._filling and self._filling[0].done():
            values += self._filling.popleft().result()
        return values

    def finish(self) -> Iterator[int]:
        """See ``Filling``."""
        while self._filling:
            yield self._filling.popleft().result()


class _Process:
    """A copy of this process, which has the columns without being sent them."""

    def __init__(self, file: int, columns: Columns, numbers: Sequence[NumberColumn]) -> None:
        self._numbers = {id(column): number for number, column in enumerate(numbers)}
        self._asked = 0
        self._connection, theirs = Pipe()
        self._pid = os.fork()
        if not self._pid:
            end_after(_serve, theirs, self._connection, file, columns, numbers)
        theirs.close()

    def fill(self, places: Places) -> None:
        """See ``Filling``."""
        self._asked += 1
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # What is asked for an answer finds out.
            self._connection.send([(self._numbers[id(column)], place) for column, place in places])

    def done(self) -> int:
        """See ``Filling``."""
        values = 0
        while self._asked > _MOST_ASKED or (self._asked and self._connection.poll()):
            values += self._answer()
        return values

    def finish(self) -> Iterator[int]:
        """See ``Filling``."""
        while self._asked:
            yield self._answer()

    def close(self) -> None:
        """End it, whatever it does."""
        self._connection.close()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def _answer(self) -> int:
        try:
            answer = self._connection.recv()
        except (EOFError, ConnectionResetError):
            raise Unavailable(
                "The process that writes numbers was ended from outside, perhaps for lack of memory. Try again.",
                code="writing_killed",
            ) from None
        if isinstance(answer, BaseException):
            raise answer
        self._asked -= 1
        return int(answer)


def _serve(
    connection: Connection, parents: Connection, file: int, columns: Columns, numbers: Sequence[NumberColumn]
) -> None:
    """Fill what the parent asks for, until it is gone."""
    # Ctrl-C is for the process that the user sees; when it ends, this one does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    parents.close()
    with contextlib.suppress(EOFError, OSError):
        while True:
            places = connection.recv()
            try:
                answer: object = _fill(file, columns, [(numbers[number], place) for number, place in places])
            except BaseException as error:
                answer = error
            connection.send(answer)


def _fill(file: int, columns: Columns, places: Places) -> int:
    """How many values were written."""
    written = 0
    for column, position, row, batch in placed(columns, places):
        _scatter(file, column, position, row, batch)
        written += len(batch)
    return written


def _scatter(file: int, column: NumberColumn, position: int, row: int, batch: ColumnBatch) -> None:
    values = np.asarray(column.make(batch)).astype(column.dtype.newbyteorder("<"), copy=False)
    for index in range(column.width):
        part = values if values.ndim == 1 else values[:, index]
        place = position + (index * column.rows + row) * column.dtype.itemsize
        data = np.ascontiguousarray(part).data.cast("B")
        while data:
            done = os.pwrite(file, data, place)
            data, place = data[done:], place + done
