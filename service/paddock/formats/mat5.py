"""MAT v5 (MATLAB's ``-v6`` and, compressed, ``-v7``), written as a stream.

Every element begins with its size. Sizes of matrices follow from the row counts, so their headers are written
first and each batch of rows then goes to its place in all columns of the channel; cells are written one after the
other, and their sizes put in when they are known. Memory holds one batch. The format: MathWorks, "MAT-File
Level 5 File Format". Little-endian, whatever the machine.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

from paddock.columns.columns import ColumnChannel, Columns
from paddock.formats.mat5_elements import (
    CELL_CLASS,
    MATRIX,
    MAX_VARIABLE_BYTES,
    STRUCT_CLASS,
    VariableTooLarge,
    array_header,
    data_element,
    element_tag,
    matrix_head,
    padded,
    small_element,
)
from paddock.formats.mat5_process import Process, is_worth_a_process
from paddock.formats.mat5_rows import Workers
from paddock.formats.mat5_threads import Threads
from paddock.formats.matlab_tree import CellColumn, Node, NumberColumn, Struct, Value

HEADER_TEXT = b"MATLAB 5.0 MAT-file, created by Paddock"
_HEADER = HEADER_TEXT.ljust(116) + bytes(8) + b"\x00\x01IM"


def write_mat5(
    file: BinaryIO,
    folder: Path,
    variables: Iterable[tuple[str, Node]],
    columns: Columns,
    done: Callable[[int], None],
) -> None:
    """Write the whole file, uncompressed.

    Args:
        file: a real one, empty, open for writing; it stays open.
        folder: has room for parts of it; nothing stays there, whatever happens.
        variables: name and contents, in the order of the file.
        columns: what the tree's columns are read from.
        done: told after every batch how many rows of columns were written.

    Raises:
        VariableTooLarge: one has 2 GiB or more; the file is then useless.
    """
    file.write(_HEADER)
    variables = list(variables)
    numbers, cells = list(_leaves(variables, NumberColumn)), list(_leaves(variables, CellColumn))
    workers: Process | Threads
    if is_worth_a_process(numbers):
        workers = Process(file.fileno(), folder, columns, numbers, cells)
    else:
        workers = Threads(file.fileno(), columns, cells)
    with contextlib.closing(workers):
        writer = _Writer(file, done, workers)
        for name, node in variables:
            writer.variable(name, node)
        writer.finish()
    file.truncate(writer.end)


class _Writer:
    """Knows where the next element begins, and which number columns still wait for their rows.

    Rows are read, turned into numbers and written by ``workers``, a channel at a time, and cells are made by them:
    this one writes all that comes one after the other.
    """

    def __init__(self, file: BinaryIO, done: Callable[[int], None], workers: Workers) -> None:
        self.file = file
        self.done = done
        self.workers = workers
        self.end = len(_HEADER)
        self.waiting: dict[ColumnChannel, list[tuple[NumberColumn, int]]] = {}

    def variable(self, name: str, node: Node) -> None:
        begin = self.end
        self._element(name, node)
        if self.end - begin > MAX_VARIABLE_BYTES:
            raise VariableTooLarge(f"{name} takes 2 GiB or more, which MAT v5 cannot hold: ask for version 7.3.")
        self._fill_in()

    def _element(self, name: str, node: Node) -> None:
        if isinstance(node, Struct):
            self._struct(name, node)
        elif isinstance(node, Value):
            self._append(small_element(name, node.value))
        elif isinstance(node, NumberColumn):
            data_bytes = node.rows * node.width * node.dtype.itemsize
            self._append(array_header(name, node.dtype, (node.rows, node.width), data_bytes))
            self.waiting.setdefault(node.channel, []).append((node, self.end))
            self.end += padded(data_bytes)
        else:
            self._cells(name, node)

    def _struct(self, name: str, node: Struct) -> None:
        begin = self.end
        width = 32 if all(len(field) < 32 for field in node.fields) else 64
        names = b"".join(field.encode("ascii").ljust(width, b"\0") for field in node.fields)
        head = matrix_head(name, STRUCT_CLASS, (1, 1)) + struct.pack("<HHi", 5, 4, width) + data_element(1, names)
        self._append(element_tag(MATRIX, 0) + head)
        for child in node.fields.values():
            self._element("", child)
        self._set_size(begin)

    def _cells(self, name: str, node: CellColumn) -> None:
        begin = self.end
        self._append(element_tag(MATRIX, 0) + matrix_head(name, CELL_CLASS, (node.rows, len(node.parts))))
        for rows, records in self.workers.cells_of_next(node):
            self._append(records)
            if self.end - begin > MAX_VARIABLE_BYTES:
                raise VariableTooLarge("A column of texts takes 2 GiB or more, which MAT v5 cannot hold.")
            self.done(rows)
        self._set_size(begin)

    def finish(self) -> None:
        """Wait until all rows are where they belong."""
        for values in self.workers.finish():
            self.done(values)

    def _fill_in(self) -> None:
        """Have each waiting channel read once, and every batch put where it belongs in all its columns."""
        waiting, self.waiting = self.waiting, {}
        for columns in waiting.values():
            self.workers.fill(columns)
        if values := self.workers.done():
            self.done(values)

    def _append(self, data: bytes | memoryview) -> None:
        self.file.seek(self.end)
        self.file.write(data)
        self.end += len(data)

    def _set_size(self, begin: int) -> None:
        if self.end - begin > MAX_VARIABLE_BYTES:
            raise VariableTooLarge("A variable takes 2 GiB or more, which MAT v5 cannot hold: ask for version 7.3.")
        self.file.seek(begin + 4)
        self.file.write(struct.pack("<I", self.end - begin - 8))


Leaf = TypeVar("Leaf", NumberColumn, CellColumn)


def _leaves(variables: Iterable[tuple[str, Node]], kind: type[Leaf]) -> Iterator[Leaf]:
    """The columns of one kind in the order of the file."""
    for _, node in variables:
        if isinstance(node, Struct):
            yield from _leaves(node.fields.items(), kind)
        elif isinstance(node, kind):
            yield node
