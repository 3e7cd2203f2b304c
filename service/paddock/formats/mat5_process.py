"""A second process that writes a half of the rows of a MAT v5 file.

Threads would each wait for Python's lock after every read, step and write, and take more time together than one
alone. The process fills in numbers as soon as it is told where. While it has none to fill in, it makes cells from
the last column on, and the first process makes them from the first column on, until they meet. Where cells are in
the file is known only when all before them are made, so those of the process lie in a file of their own meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from paddock.columns.columns import Columns
from paddock.errors import Unavailable
from paddock.formats.mat5_elements import MAX_VARIABLE_BYTES, VariableTooLarge
from paddock.formats.mat5_rows import CellPart, Places, Records, fill, made_cells, parts_of
from paddock.formats.matlab_tree import CellColumn, NumberColumn
from paddock.processes import end_after, end_with_parent, fork_is_safe

_FROM_BYTES = 64 << 20
"""Numbers that take longer to write than a process to begin."""
_MOST_ASKED = 64
"""Channels that the process is told of before it has said that it is done with others."""
_MOST_CLAIMS = 1 << 15
"""Columns that the two share: so many bytes fit into a pipe."""
_COPIED_BYTES = 4 << 20


def is_worth_a_process(numbers: Sequence[NumberColumn]) -> bool:
    """Whether a file with these columns, and their cells, is sooner written by two processes."""
    size_bytes = sum(each.rows * each.width * each.dtype.itemsize for each in numbers)
    return size_bytes >= _FROM_BYTES and fork_is_safe()


class Process:
    """See ``Workers``. The process is a copy of this one, which has the columns without being sent them.

    Args:
        file: where numbers go.
        folder: has room for cells, in a file without a name.
        columns: what all is made from.
        numbers: all number columns of the file.
        cells: all cell arrays of the file, in its order.
    """

    def __init__(
        self,
        file: int,
        folder: Path,
        columns: Columns,
        numbers: Sequence[NumberColumn],
        cells: Sequence[CellColumn],
    ) -> None:
        self._file, self._columns = file, columns
        self._numbers = {id(column): number for number, column in enumerate(numbers)}
        self._asked = 0
        self._written = 0
        """Numbers that the process wrote, and ``done`` has not told of."""
        self._next_part = 0
        self._claims = _Claims(parts := parts_of(cells))
        self._made: dict[int, tuple[int, int]] = {}
        """Where in ``_aside`` the cells of the process begin and end, by the number of their column."""
        self._aside = TemporaryFile(dir=folder)  # noqa: SIM115
        self._connection, theirs = Pipe()
        self._pid = os.fork()
        if not self._pid:
            self._connection.close()
            served = _Served(theirs, file, self._aside.fileno(), columns, numbers, parts, self._claims)
            end_after(served.run)
        theirs.close()

    def close(self) -> None:
        """End the process, whatever it does."""
        self._connection.close()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._claims.close()
        self._aside.close()

    def fill(self, places: Places) -> None:
        """See ``Workers``."""
        self._take_answers()
        if self._asked and self._claims.are_gone:
            # The process has something to do, and this one nothing else.
            self._written += fill(self._file, self._columns, places)
            return
        self._asked += 1
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # What is asked for an answer finds out.
            self._connection.send([(self._numbers[id(column)], place) for column, place in places])

    def done(self) -> int:
        """See ``Workers``."""
        self._take_answers()
        written, self._written = self._written, 0
        return written

    def finish(self) -> Iterator[int]:
        """See ``Workers``."""
        while self._asked:
            self._take_answer()
            yield self.done()
        yield self.done()

    def cells_of_next(self, node: CellColumn) -> Iterator[Records]:
        """See ``Workers``."""
        for make in node.parts:
            part, self._next_part = self._next_part, self._next_part + 1
            if self._claims.first(part):
                yield from made_cells(self._columns, (node, make))
                continue
            while part not in self._made:
                self._take_answer()
            begin, end = self._made.pop(part)
            for at in range(begin, end, _COPIED_BYTES):
                yield 0, memoryview(os.pread(self._aside.fileno(), min(_COPIED_BYTES, end - at), at))
            yield node.rows, memoryview(b"")

    def _take_answers(self) -> None:
        while self._asked > _MOST_ASKED or self._connection.poll():
            self._take_answer()

    def _take_answer(self) -> None:
        try:
            name, *values = self._connection.recv()
        except (EOFError, ConnectionResetError):
            raise Unavailable(
                "The process that writes numbers was ended from outside, perhaps for lack of memory. Try again.",
                code="writing_killed",
            ) from None
        if name == "failed":
            raise values[0]
        if name == "filled":
            self._asked -= 1
            self._written += values[0]
        else:
            part, begin, end = values
            self._made[part] = begin, end


class _Claims:
    """Says who makes the cells of which column: each is claimed once, by one of two processes.

    There is a pipe with a byte for every column. Who has read one makes the next column from its end.
    """

    def __init__(self, parts: Sequence[CellPart]) -> None:
        self._shared_from = max(0, len(parts) - _MOST_CLAIMS)
        """All before it are the first process's."""
        self._bytes, filled = os.pipe()
        os.write(filled, bytes(len(parts) - self._shared_from))
        os.close(filled)
        self._last = len(parts)
        self.are_gone = False
        """Whether all columns were claimed when this process asked last."""

    def close(self) -> None:
        """Forget them."""
        os.close(self._bytes)

    def first(self, part: int) -> bool:
        """Whether the first process makes the next column from the beginning, which is this one."""
        return part < self._shared_from or self._claimed()

    def last(self) -> int | None:
        """The next column from the end, which the second process makes; None when there is none."""
        if not self._claimed():
            return None
        self._last -= 1
        return self._last

    def _claimed(self) -> bool:
        self.are_gone = self.are_gone or not os.read(self._bytes, 1)
        return not self.are_gone


class _Served:
    """What the second process does."""

    def __init__(
        self,
        connection: Connection,
        file: int,
        aside: int,
        columns: Columns,
        numbers: Sequence[NumberColumn],
        parts: Sequence[CellPart],
        claims: _Claims,
    ) -> None:
        self._connection, self._file, self._aside = connection, file, aside
        self._columns, self._numbers, self._parts, self._claims = columns, numbers, parts, claims
        self._end = 0

    def run(self) -> None:
        """Do what there is to do, until the other process is gone."""
        # Ctrl-C is for the process that the user sees; when it ends, this one does.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        end_with_parent()
        with contextlib.suppress(EOFError, OSError):
            while True:
                if not self._connection.poll() and (part := self._claims.last()) is not None:
                    self._connection.send(self._tried(self._make_cells, part))
                else:
                    self._connection.send(self._tried(self._fill, self._connection.recv()))

    def _tried(self, do: Any, given: Any) -> tuple[Any, ...]:
        try:
            answer: tuple[Any, ...] = do(given)
        except BaseException as error:
            return "failed", error
        return answer

    def _fill(self, places: Sequence[tuple[int, int]]) -> tuple[Any, ...]:
        return "filled", fill(self._file, self._columns, [(self._numbers[number], at) for number, at in places])

    def _make_cells(self, part: int) -> tuple[Any, ...]:
        begin = self._end
        for _, records in made_cells(self._columns, self._parts[part]):
            while records:
                written = os.pwrite(self._aside, records, self._end)
                records, self._end = records[written:], self._end + written
            if self._end - begin > MAX_VARIABLE_BYTES:
                raise VariableTooLarge("A column of texts takes 2 GiB or more, which MAT v5 cannot hold.")
        return "made", part, begin, self._end
