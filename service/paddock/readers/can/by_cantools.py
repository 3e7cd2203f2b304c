"""PEAK's ``.sym`` and KCD files, which cantools reads where ``paddock[databases]`` is installed."""

from __future__ import annotations

import importlib
from typing import Any

from paddock.domain.can_database import CanDatabase, CanMessage, CanSignal, Condition
from paddock.errors import Rejected

_SYM = b"FormatVersion="
_KCD = b"<NetworkDefinition"
_HEAD = 4_096
_NO_ENTITIES = (b"<!DOCTYPE", b"<!ENTITY")
"""What a KCD file never has, and what makes a small XML file a large one."""


def is_sym_or_kcd(content: bytes) -> bool:
    """Whether it begins as one of them does."""
    return _format_of(content) != ""


def read_sym_or_kcd(content: bytes, name: str) -> CanDatabase:
    """The database of such a file.

    Raises:
        Rejected: cantools is not installed (code ``needs_cantools``), or cannot read it (``not_a_database``).
    """
    if any(mark in content for mark in _NO_ENTITIES):
        raise Rejected(f"{name} defines entities, which no KCD file needs.", code="not_a_database")
    try:
        cantools = importlib.import_module("cantools.database")
    except ModuleNotFoundError:
        raise Rejected(
            f"{name} is a .sym or .kcd file, for which cantools is needed: install paddock[databases], or give a "
            ".dbc file.",
            code="needs_cantools",
        ) from None
    try:
        text = content.decode("utf-8", errors="replace")
        found = cantools.load_string(text, _format_of(content), strict=False)
        return CanDatabase(messages=tuple(map(_message, found.messages)))
    except Exception as error:  # whatever cantools meets in a file that is none
        detail = " ".join(str(error).split())[:200]
        raise Rejected(f"{name} cannot be read: {detail}", code="not_a_database") from error


def _format_of(content: bytes) -> str:
    head = content[:_HEAD]
    return "sym" if _SYM in head else "kcd" if _KCD in head else ""


def _message(message: Any) -> CanMessage:
    return CanMessage(
        id=message.frame_id,
        is_extended=message.is_extended_frame,
        name=message.name,
        length=message.length,
        signals=tuple(_signal(each) for each in message.signals),
        sender=next(iter(message.senders), "") if message.senders else "",
        comment=message.comment or "",
    )


def _signal(signal: Any) -> CanSignal:
    condition = None
    if signal.multiplexer_ids and signal.multiplexer_signal:
        condition = Condition(signal.multiplexer_signal, tuple((each, each) for each in signal.multiplexer_ids))
    return CanSignal(
        name=signal.name,
        start=signal.start,
        length=signal.length,
        is_big_endian=signal.byte_order == "big_endian",
        is_signed=signal.is_signed,
        is_float=signal.is_float,
        factor=signal.scale,
        offset=signal.offset,
        low=signal.minimum,
        high=signal.maximum,
        unit=signal.unit or "",
        names={int(raw): str(name) for raw, name in (signal.choices or {}).items()},
        comment=signal.comment or "",
        condition=condition,
    )
