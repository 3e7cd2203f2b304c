"""The text of one JSON message → Python values, as tolerant as loggers in C need it.

What is not of the standard: bytes that are no UTF-8 and halves of surrogate pairs become U+FFFD. A byte order
mark in front and NULs at the end (of a C string sent with ``sizeof``) are no content. ``nan``, ``inf`` and the
like, with a sign and in any case, are numbers, as ``printf`` writes them. A number beyond a double's range is
infinite. Of a key that an object has twice the last value counts.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

import msgspec
import numpy as np

_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# A string to its end, also one without, so that no text is looked at twice; or a number that is none in JSON.
_STRING_OR_NUMBER = re.compile(
    r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[-+]?\b(?:(nan)(?:\(\w*\))?|inf(?:inity)?)(?![\w.])', re.IGNORECASE | re.DOTALL
)
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
BLANK = b" \t\r\n\0"
"""What a message may end with."""
_MAX_DIGITS = 4_000
"""Python refuses to read longer integers, because that takes time with the square of their length."""
_MAX_DEPTH = 300
"""Python walks through no values that are nested a thousand deep, and takes two calls for each."""
_BRACKETS = np.zeros(256, np.int8)
_BRACKETS[list(b"{[")], _BRACKETS[list(b"}]")] = 1, -1


def parsed(payload: bytes) -> Any:
    """The value of a message; raises ValueError when it is no JSON."""
    if payload.count(b"{") + payload.count(b"[") > _MAX_DEPTH and _is_too_deep(payload):
        raise ValueError("nested too deep")
    try:
        value = msgspec.json.decode(payload)
        damaged = _SURROGATE_ESCAPE.search(payload) is not None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = _text(payload)
        value = _tolerant(text)
        damaged = "\\u" in text
    try:
        return _whole(value) if damaged else value
    except RecursionError:
        raise ValueError("nested too deep") from None


def _is_too_deep(payload: bytes) -> bool:
    """Whether brackets are nested deeper than they may; those in strings do not count."""
    for text in (payload, _STRING.sub(b"", payload)):
        depths = np.cumsum(_BRACKETS[np.frombuffer(text, np.uint8)], dtype=np.int32)
        if depths.max(initial=0) <= _MAX_DEPTH:
            return False
    return True


def json_text(value: Any) -> str:
    """The one text for a value, whatever columns it has been in: sorted, without members that are null."""
    return json.dumps(_canonical(value), separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def as_float(value: float) -> float:
    """JSON has no limit for numbers; beyond a double's they are infinite."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _text(payload: bytes) -> str:
    begin = payload.rstrip(BLANK)[:4]
    is_wide = b"\0" in begin or begin[:2] in (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)
    encoding = json.detect_encoding(payload) if is_wide else "utf-8"
    return payload.decode(encoding, "replace").removeprefix("\ufeff").rstrip(BLANK.decode())


def _tolerant(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except ValueError:
        standard = _STRING_OR_NUMBER.sub(_standard, text)
        if standard == text:
            raise
    try:
        return _DECODER.decode(standard)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _standard(found: re.Match[str]) -> str:
    """Numbers of C as Python reads them; strings as they are."""
    text = found.group()
    if text[0] == '"':
        return text
    if found.group(1):
        return "NaN"
    return "-Infinity" if text[0] == "-" else "Infinity"


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)


_DECODER = json.JSONDecoder(parse_int=_integer)


def _whole(value: Any) -> Any:
    """The value with U+FFFD for halves of surrogate pairs."""
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_whole(key): _whole(each) for key, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value


def _canonical(value: Any) -> Any:
    """Columns of doubles do not know which were written as whole numbers, nor structs which null was written."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 and (value or str(value) == "0.0"):
        return int(value)
    if isinstance(value, dict):
        return {key: _canonical(each) for key, each in value.items() if each is not None}
    return [_canonical(each) for each in value] if isinstance(value, list) else value
