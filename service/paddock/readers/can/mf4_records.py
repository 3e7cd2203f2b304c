"""The records of an MDF 4 file, some at a time: all of one size, or of many kinds behind each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from paddock.columns.byte_rows import rows_of
from paddock.columns.columns import Int64s
from paddock.columns.losses import LossLedger
from paddock.readers.can.mf4_blocks import Mdf
from paddock.readers.can.mf4_layout import Bytes, DataGroup

MAX_VARIABLE_BYTES = 4096
"""A frame has 64 bytes, one of CAN XL has 2,048."""
SIZE_BYTES = 4
"""In front of data that says its size itself."""
_MAX_HELD_BYTES = 4 << 20
_STEPS = 32
_IN_A_ROW = 8
"""So many records behind each other are no accident."""


@dataclass(frozen=True)
class Records:
    """Records that follow each other."""

    content: Bytes
    places: Int64s
    """Where in it each begins, with its id; shape (N,)."""
    ids: Int64s
    """Shape (N,)."""
    at: int
    """Where in the file the content is, about."""
    is_after_loss: bool = False
    """Whether others are missing before it."""

    def before(self, place: int) -> Records:
        """Those that begin before it."""
        some = self.places < place
        return replace(self, places=self.places[some], ids=self.ids[some])

    def of(self, record_id: int) -> Int64s:
        """The places of those with an id."""
        places: Int64s = self.places[self.ids == record_id]
        return places


def equal_records(mdf: Mdf, data_at: int, size_bytes: int) -> Iterator[Records]:
    """Records of one size without ids. One of which a damaged piece has a part is lost."""
    rest, missing = b"", 0
    for piece in mdf.pieces(data_at):
        taken = 0
        for part in mdf.parts(piece):
            taken += len(part)
            content, missing = part[missing:], max(0, missing - len(part))
            content = rest + content
            count = len(content) // size_bytes
            rest = content[count * size_bytes :]
            places = np.arange(count, dtype=np.int64) * size_bytes
            yield Records(np.frombuffer(content, np.uint8), places, np.zeros(count, np.int64), piece.at)
        if lost := piece.size_bytes - taken:
            missing, rest = -(len(rest) + lost) % size_bytes, b""
    if rest:
        mdf.losses.lose("cut_off", mdf.size_bytes, len(rest), 1)


class MixedRecords:
    """Records of several kinds, each with its id in front.

    Args:
        mdf: the file.
        group: says how large those of each id are.
    """

    def __init__(self, mdf: Mdf, group: DataGroup) -> None:
        self._mdf = mdf
        self._group = group
        self._content = b""
        self._hold: int | None = None

    def hold(self, place: int) -> bool:
        """Give the records from here on once more, with those that follow: they belong together.

        Whether so many can be held.
        """
        if len(self._content) - place > _MAX_HELD_BYTES:
            return False
        self._hold = place
        return True

    def read(self) -> Iterator[Records]:
        """All of them."""
        splitter = _Splitter(self._group, self._mdf.losses)
        rest, is_after_loss = b"", False
        for piece in self._mdf.pieces(self._group.data_at):
            taken = 0
            for part in self._mdf.parts(piece):
                taken += len(part)
                content = rest + part
                records, end = splitter.split(content, piece.at, is_after_loss)
                is_after_loss = False
                self._content, self._hold = content, None
                yield records
                rest = content[end if self._hold is None else self._hold :]
            if taken < piece.size_bytes:
                rest, is_after_loss = b"", True
        if rest:
            # What waits for others that never come, or a part of a record.
            self._mdf.losses.lose("cut_off", self._mdf.size_bytes - len(rest), len(rest), 1)


class _Pairs:
    """Frames with their data behind them, which are most records of a log as it is logged: found all at once.

    Args:
        content: the data.
        frame_id: of the records that are frames.
        frame_bytes: of one, with its id.
        data_id: of the records that are their data.
    """

    def __init__(self, content: Bytes, frame_id: int, frame_bytes: int, data_id: int) -> None:
        last = len(content) - frame_bytes - 1 - SIZE_BYTES
        begins = np.flatnonzero(content[: max(last + 1, 0)] == frame_id)
        begins = begins[content[begins + frame_bytes] == data_id]
        heads = begins + frame_bytes + 1
        sizes = rows_of(content, heads, SIZE_BYTES).view("<u4").ravel().astype(np.int64)
        ends = heads + SIZE_BYTES + sizes
        fine = (sizes <= MAX_VARIABLE_BYTES) & (ends <= len(content))
        self._begins, self._ends = begins[fine], ends[fine]
        self._frame_bytes = frame_bytes
        # Where the next one does not follow.
        self._stops = np.flatnonzero(np.append(self._ends[:-1] != self._begins[1:], True))

    def run(self, begin: int) -> tuple[Int64s, int] | None:
        """The places of the records of pairs that follow each other from here on, and where they end."""
        first = int(np.searchsorted(self._begins, begin))
        if first == len(self._begins) or self._begins[first] != begin:
            return None
        stop = int(self._stops[np.searchsorted(self._stops, first)])
        frames = self._begins[first : stop + 1]
        return np.stack([frames, frames + self._frame_bytes], axis=1).ravel(), int(self._ends[stop])


class _Splitter:
    """Finds the records in data where each begins with its id."""

    def __init__(self, group: DataGroup, losses: LossLedger) -> None:
        self._id_bytes = group.id_bytes
        self._sizes = group.sizes
        self._losses = losses
        self._pair = next(
            (
                (layout.record_id, layout.size_bytes + 1, layout.data_record_id)
                for layout in group.layouts
                if layout.data_record_id is not None and group.id_bytes == 1
            ),
            None,
        )

    def split(self, content: bytes, at: int, is_after_loss: bool) -> tuple[Records, int]:
        """The whole records of some data, and where what is left begins.

        Args:
            content: the data.
            at: where in the file.
            is_after_loss: whether it may begin within a record.
        """
        array = np.frombuffer(content, np.uint8)
        pairs = _Pairs(array, *self._pair) if self._pair else None
        places: list[Int64s] = [np.zeros(0, np.int64)]
        runs: Int64s | None = None
        begin, is_whole = (0, False) if is_after_loss else self._walk(content, 0, places, pairs)
        while not is_whole:
            is_after_loss = True
            if runs is None:
                runs = self._runs(content)
            number = int(np.searchsorted(runs, begin))
            found = int(runs[number]) if number < len(runs) else len(content)
            if found > begin:
                self._losses.lose("bad_record", at, found - begin, 1)
            begin, is_whole = self._walk(content, found, places, pairs)
        begins = np.concatenate(places)
        return Records(array, begins, self._ids(array, begins), at, is_after_loss), begin

    def _walk(self, content: bytes, begin: int, places: list[Int64s], pairs: _Pairs | None) -> tuple[int, bool]:
        """Note the records behind each other; where they end, and whether the data does too, or within the next."""
        while True:
            if pairs is not None and (run := pairs.run(begin)) is not None:
                places.append(run[0])
                begin = run[1]
            some: list[int] = []
            begin, is_whole = self._some(content, begin, some, _STEPS if pairs else len(content) + 1)
            places.append(np.array(some, np.int64))
            if is_whole is not None:
                return begin, is_whole

    def _some(self, content: bytes, begin: int, places: list[int], most: int) -> tuple[int, bool | None]:
        """Places of at most ``most`` records, found one after another; what follows may be more of them."""
        id_bytes, sizes, last = self._id_bytes, self._sizes, len(content)
        for _ in range(most):
            body = begin + id_bytes
            if body > last:
                return begin, True
            number = content[begin] if id_bytes == 1 else int.from_bytes(content[begin:body], "little")
            size = sizes.get(number, -1)
            if size is None:
                body += SIZE_BYTES
                if body > last:
                    return begin, True
                size = int.from_bytes(content[body - SIZE_BYTES : body], "little")
                if size > MAX_VARIABLE_BYTES:
                    return begin, False
            elif size < 0:
                return begin, False
            end = body + size
            if end > last:
                return begin, True
            places.append(begin)
            begin = end
        return begin, None

    def _ids(self, content: Bytes, begins: Int64s) -> Int64s:
        ids = np.zeros(len(begins), np.int64)
        for place in range(min(self._id_bytes, 7)):
            ids |= content[begins + place].astype(np.int64) << 8 * place
        return ids

    def _runs(self, content: bytes) -> Int64s:
        """Where some records follow each other, or one that ends with the data."""
        size = len(content)
        padded = np.frombuffer(content + bytes(16), np.uint8)
        begins = np.arange(size, dtype=np.int64)
        ids = self._ids(padded, begins)
        after = np.full(size + 1, -1, np.int64)
        for number, count in self._sizes.items():
            some = np.flatnonzero(ids == number)
            body = some + self._id_bytes
            if count is None:
                count_of = np.zeros(len(some), np.int64)
                for place in range(SIZE_BYTES):
                    count_of |= padded[np.minimum(body + place, size + 15)].astype(np.int64) << 8 * place
                ends = np.where(count_of <= MAX_VARIABLE_BYTES, body + SIZE_BYTES + count_of, -1)
            else:
                ends = body + count
            after[some] = np.minimum(ends, size)
        after[size] = size
        at, fine = after[:size], after[:size] >= 0
        for _ in range(_IN_A_ROW):
            at = after[np.maximum(at, 0)]
            fine &= at >= 0
        return np.flatnonzero(fine)


def paired(frames: Int64s, offsets: Int64s, data: Int64s, sizes: Int64s, base: int | None) -> npt.NDArray[np.intp]:
    """Which record of data each frame has; -1 where it is not among them.

    Args:
        frames: places of the frames, shape (N,).
        offsets: where each says that its data is, shape (N,), among all data of the log.
        data: places of the records of data, shape (M,).
        sizes: bytes of each, shape (M,).
        base: how many bytes of data come before these; None where some were lost. Then each has what follows it.
    """
    if base is not None and (np.diff(offsets) > 0).all():
        ends = base + np.cumsum(sizes)
        begins = ends - sizes
        which = np.searchsorted(begins, offsets)
        fits = (which < len(begins)) & (np.append(begins, 0)[which] == offsets)
        waits = offsets >= (ends[-1] if len(ends) else base)
        if (fits | waits).all():
            return np.where(fits, which, -1)
    which = np.searchsorted(data, frames)
    which[which == len(data)] = -1
    which[:-1][which[:-1] == which[1:]] = -1
    return which
