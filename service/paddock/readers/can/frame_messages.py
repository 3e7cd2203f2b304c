"""Messages that are frames of a CAN bus: what their fields are called, and what is in them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from paddock.columns.columns import Int64s
from paddock.columns.lists import list_lengths, offsets_of
from paddock.columns.spool_file import Rows
from paddock.readers.can.frames import MAX_ID, MAX_STANDARD_ID, Bools, Frames

_NAMES = {
    "id": ("id", "canid", "arbitrationid", "identifier", "messageid", "msgid", "frameid"),
    "data": ("data", "payload", "bytes"),
    "extended": ("isextended", "isextendedid", "extended", "extendedid", "ide", "iseff", "eff", "ext"),
    "remote": ("isrtr", "rtr", "isremote", "isremoteframe", "remote"),
    "error": ("iserror", "iserrorframe", "error", "err"),
    "fd": ("isfd", "iscanfd", "fd", "canfd", "edl", "fdf"),
    "length": ("dlc", "len", "length", "datalength", "size"),
    "bus": ("bus", "channel", "interface", "busid", "busname", "iface"),
}
"""In the order of ``FrameFields``, and of preference; in small letters alone."""
_EXTENDED, _REMOTE, _ERROR = 1 << 31, 1 << 30, 1 << 29
"""Bits beside the id, as Linux has them."""
_SHORT, _LONG = 8, 64
_STRUCT_BYTES = (16, 72)
"""``struct can_frame`` and ``struct canfd_frame`` of Linux."""
_STRUCT_DATA_AT = 8


@dataclass(frozen=True)
class FrameFields:
    """Which field of a message is what; a message of bytes is the struct of Linux."""

    id: str = ""
    data: str = ""
    extended: str | None = None
    remote: str | None = None
    error: str | None = None
    fd: str | None = None
    length: str | None = None
    bus: str | None = None
    is_struct: bool = field(default=False, kw_only=True)

    @classmethod
    def of(cls, fields: pa.StructType, *, is_bytes: bool) -> FrameFields | None:
        """Those of a type of messages; None where it has no id and no data."""
        if is_bytes:
            return cls(is_struct=True)
        by_name = {re.sub("[^a-z]", "", each.name.lower()): each for each in reversed(list(fields))}
        found: dict[str, str] = {}
        for what, names in _NAMES.items():
            for name in names:
                if name in by_name and _fits(what, by_name[name].type):
                    found.setdefault(what, by_name[name].name)
        if not {"id", "data"} <= found.keys():
            return None
        return cls(found.pop("id"), found.pop("data"), *map(found.get, list(_NAMES)[2:]))

    @property
    def says_extended(self) -> bool:
        """Whether it is said which ids have 29 bits."""
        return self.is_struct or self.extended is not None

    def frames(self, rows: Rows, bus_of: Callable[[str], int]) -> tuple[Frames, int]:
        """The frames of some messages, and how many are none.

        Args:
            rows: the messages.
            bus_of: the number of the bus by what a message calls it, which may be nothing.
        """
        count = len(rows.log_time)
        if self.is_struct:
            ids, length, data, fine, is_fd = _structs(rows.messages.field("data"))
            buses = np.full(count, bus_of(""), np.uint8)
        else:
            ids, fine = _whole(rows.messages.field(self.id))
            data, length, good = _data(rows.messages.field(self.data))
            fine &= good
            if self.length is not None:
                said, good = _whole(rows.messages.field(self.length))
                # A code of the length is above 8 for more bytes than it says.
                length = np.where(good & (said <= _SHORT), np.minimum(length, said), length)
            is_fd = self._flag(rows, self.fd) | (length > _SHORT)
            buses = self._buses(rows, bus_of)
        is_error = self._flag(rows, self.error) | ((ids & _ERROR != 0) & (ids > MAX_ID))
        is_remote = self._flag(rows, self.remote) | (ids & _REMOTE != 0)
        is_extended = ids & _EXTENDED != 0
        ids = ids & MAX_ID
        if self.extended is not None:
            is_extended |= self._flag(rows, self.extended)
        elif not self.is_struct:
            is_extended |= ids > MAX_STANDARD_ID
        fine &= (ids <= np.where(is_extended, MAX_ID, MAX_STANDARD_ID)) & (length >= 0)
        bad = int(np.count_nonzero(~fine & ~is_error))
        length = np.where(is_remote | ~fine, 0, length)
        width = _LONG if length.max(initial=0) > _SHORT else _SHORT
        table = data[:, :width].copy()
        table[np.arange(width) >= length[:, None]] = 0
        frames = Frames(
            time_ns=rows.log_time,
            bus=buses,
            id=ids.astype(np.uint32),
            is_extended=is_extended,
            is_fd=is_fd,
            is_remote=is_remote,
            length=length.astype(np.uint8),
            data=table,
            position=rows.sequence,
        )
        return frames.taken(fine & ~is_error), bad

    def _flag(self, rows: Rows, name: str | None) -> Bools:
        if name is None:
            return np.zeros(len(rows.log_time), bool)
        values = rows.messages.field(name)
        if not pa.types.is_boolean(values.type):
            values = pc.not_equal(values, 0)
        found: Bools = values.fill_null(False).to_numpy(zero_copy_only=False)
        return found

    def _buses(self, rows: Rows, bus_of: Callable[[str], int]) -> npt.NDArray[np.uint8]:
        if self.bus is None:
            return np.full(len(rows.log_time), bus_of(""), np.uint8)
        encoded = rows.messages.field(self.bus).dictionary_encode()
        names = ["" if each is None else str(each) for each in encoded.dictionary.to_pylist()]
        is_text = pa.types.is_string(encoded.dictionary.type)
        numbers = [bus_of(name if is_text or not name else f"bus{name}") for name in names]
        which = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        if encoded.null_count:
            numbers.append(bus_of(""))
        found: npt.NDArray[np.uint8] = np.array(numbers, np.uint8)[which]
        return found


def _fits(what: str, kind: pa.DataType) -> bool:
    is_whole, is_text = pa.types.is_integer(kind), pa.types.is_string(kind)
    fits = {
        "id": is_whole or is_text,
        "data": pa.types.is_binary(kind) or is_text or _is_list_of_numbers(kind),
        "bus": is_whole or is_text,
        "length": is_whole,
    }
    return bool(fits.get(what, is_whole or pa.types.is_boolean(kind)))


def _is_list_of_numbers(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) and pa.types.is_integer(kind.value_type))


def _whole(values: pa.Array) -> tuple[Int64s, Bools]:
    """Whole numbers, and which there are; texts are hexadecimal ones."""
    if pa.types.is_string(values.type):
        numbers = [_number(each) for each in values.to_pylist()]
        found = np.array([-1 if each is None else each for each in numbers], np.int64)
        return found, found >= 0
    there = values.is_valid().to_numpy(zero_copy_only=False)
    whole: Int64s = values.fill_null(0).cast(pa.int64(), safe=False).to_numpy(zero_copy_only=False)
    return whole.copy(), there & (whole >= 0) & (whole < 1 << 32)


def _number(text: str | None) -> int | None:
    try:
        number = int(text or "", 16)
    except ValueError:
        return None
    return number if 0 <= number < 1 << 32 else None


def _data(values: pa.Array) -> tuple[npt.NDArray[np.uint8], Int64s, Bools]:
    """Data as a table of 64 columns, how many bytes each has, and which are data at all."""
    if pa.types.is_string(values.type):
        values = pa.array(_bytes_of(values.to_pylist()), pa.binary())
    there = values.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_binary(values.type):
        filled = values.fill_null(b"")
        length = pc.binary_length(filled).to_numpy(zero_copy_only=False).astype(np.int64)
        flat = np.frombuffer(b"".join(filled.to_pylist()), np.uint8)
        fine = there & (length <= _LONG)
    else:
        length = list_lengths(values)
        numbers: Any = values.flatten().cast(pa.int64(), safe=False).fill_null(-1).to_numpy(zero_copy_only=False)
        bad = np.flatnonzero((numbers < 0) | (numbers > 255))
        owners = np.searchsorted(offsets_of(length), bad, side="right") - 1
        fine = there & (length <= _LONG)
        fine[owners] = False
        flat = np.clip(numbers, 0, 255).astype(np.uint8)
    starts = offsets_of(length)[:-1]
    table = np.zeros((len(values), _LONG), np.uint8)
    kept = np.where(fine, length, 0)
    for place in range(int(kept.max(initial=0))):
        some = kept > place
        table[some, place] = flat[starts[some] + place]
    return table, kept, fine


def _bytes_of(texts: list[str | None]) -> list[bytes | None]:
    """Bytes that are written in hexadecimal digits, or, where not all are, in base64; None for what is neither."""
    digits = [_hexadecimal(text) for text in texts]
    if any(text and each is None for text, each in zip(texts, digits, strict=True)):
        return [_base64(text) for text in texts]
    return digits


def _hexadecimal(text: str | None) -> bytes | None:
    try:
        return bytes.fromhex(re.sub(r"^0[xX]|[\s:,-]", "", text)) if text is not None else None
    except ValueError:
        return None


def _base64(text: str | None) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) if text is not None else None
    except (binascii.Error, ValueError):
        return None


def _structs(payloads: pa.BinaryArray) -> tuple[Int64s, Int64s, npt.NDArray[np.uint8], Bools, Bools]:
    """Ids with their flags, lengths, data, which are frames at all, and which of CAN FD."""
    sizes = pc.binary_length(payloads).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    count = len(payloads)
    fine = np.isin(sizes, _STRUCT_BYTES)
    rows = np.zeros((count, _STRUCT_DATA_AT + _LONG), np.uint8)
    whole = payloads.to_pylist()
    for size in _STRUCT_BYTES:
        some = np.flatnonzero(sizes == size)
        if len(some):
            content = b"".join(whole[number] for number in some.tolist())
            rows[some, :size] = np.frombuffer(content, np.uint8).reshape(-1, size)
    ids = np.ascontiguousarray(rows[:, :4]).view("<u4").ravel().astype(np.int64)
    is_fd = sizes == _STRUCT_BYTES[1]
    length = rows[:, 4].astype(np.int64)
    fine &= length <= np.where(is_fd, _LONG, _SHORT)
    return ids, length, rows[:, _STRUCT_DATA_AT:], fine, is_fd
