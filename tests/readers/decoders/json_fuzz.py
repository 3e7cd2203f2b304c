"""What Python's json says the columns of JSON messages are, and what Paddock decodes."""

from __future__ import annotations

import json
import math
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from paddock.columns.limits import Limits
from paddock.columns.spool_channel import SpooledChannel
from paddock.columns.spool_file import SpoolFile
from paddock.readers.mcap.batch import Payloads
from paddock.readers.mcap.decoding import DecodingChannel
from paddock.readers.mcap.definitions import Definition
from paddock.readers.mcap.records import Channel

BATCHES = (1, 2, 20, 40, 63, 64, 65, 127, 128, 129, 300)
"""How many messages are decoded at once: around all that the decoder decides by."""
_NUMBER_OF_C = re.compile(r"[-+]?(nan(\(\w*\))?|inf(inity)?)(?![\w.])", re.IGNORECASE)


def said(payload: bytes) -> Any:
    """The value of a message by Python's json and the rules in the README; ValueError when it is none."""
    begin = payload.rstrip(b"\0 \t\r\n")
    encoding = "utf-8"
    if b"\0" in begin[:4] or begin[:2] in (b"\xfe\xff", b"\xff\xfe"):
        encoding = json.detect_encoding(payload)
    text = payload.decode(encoding, "replace").removeprefix("\ufeff").rstrip("\0 \t\r\n")
    try:
        try:
            value = json.loads(text)
        except ValueError:
            value = json.loads(_numbers_of_c(text))
        return _without_surrogates(value)
    except RecursionError:
        raise ValueError from None


def _numbers_of_c(text: str) -> str:
    """Outside of strings, told apart character by character."""
    found, inside, at = "", False, 0
    while at < len(text):
        if inside and text[at] == "\\":
            found, at = found + text[at : at + 2], at + 2
            continue
        inside ^= text[at] == '"'
        word = None if inside else _NUMBER_OF_C.match(text, at)
        if word and not (at and re.match(r"\w", text[at - 1]) and text[at].isalnum()):
            sign = "-" if text[at] == "-" else ""
            found += "NaN" if "n" in word[0].lower()[:2] and "nan" in word[0].lower() else f"{sign}Infinity"
            at += len(word[0])
            continue
        found, at = found + text[at], at + 1
    return found


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return "".join("\ufffd" if "\ud800" <= each <= "\udfff" else each for each in value)
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(each) for key, each in value.items()}
    return [_without_surrogates(each) for each in value] if isinstance(value, list) else value


def expected(values: list[Any], notices: set[str]) -> list[Any]:
    """One column's values as the rules want them, from what was said in the messages; None where nothing was.

    What has to be said of them is added to ``notices``.
    """
    there = [value for value in values if value is not None]
    kinds = {type(value) for value in there}
    if kinds == {dict}:
        keys = list(dict.fromkeys(key for value in there for key in value))
        columns = {key: expected([(value or {}).get(key) for value in values], notices) for key in keys}
        return [
            None if value is None else {key: columns[key][row] for key in keys} for row, value in enumerate(values)
        ]
    if kinds == {list}:
        items = iter(expected([item for value in there for item in value], notices))
        return [None if value is None else [next(items) for _ in value] for value in values]
    if kinds == {int, float} and any(abs(value) > 2**53 for value in there if type(value) is int):
        notices.add("rounded")
    if float in kinds and kinds <= {int, float}:
        return [None if value is None else _double(value) for value in values]
    if kinds == {int} and not (_within(there, -(2**63), 2**63) or _within(there, 0, 2**64)):
        notices.add("64 bits")
        kinds.add(str)
    if len(kinds) > 1:
        return [None if value is None else _text(value) for value in values]
    return values


def _within(numbers: list[int], low: int, high: int) -> bool:
    return low <= min(numbers) and max(numbers) < high


def _double(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _text(value: Any) -> Any:
    """What a text has to say, whatever its spelling: members that are null left out."""
    if isinstance(value, dict):
        return {key: _text(each) for key, each in value.items() if each is not None}
    return [_text(each) for each in value] if isinstance(value, list) else value


def decoded(
    payloads: list[bytes], chance: random.Random, file: SpoolFile
) -> tuple[list[tuple[int, Any]], SpooledChannel]:
    """(number, value) of every message that Paddock can decode, in batches of many sizes."""
    channel = DecodingChannel(Definition(Channel(1, 0, "lap", "json", {}), None), "lap", Limits(1 << 30))
    begin = 0
    while begin < len(payloads):
        some = payloads[begin : begin + chance.choice(BATCHES)]
        times = np.arange(begin, begin + len(some))
        channel.write(Payloads(pa.array(some, pa.binary()), times, times, times, begin), file)
        begin += len(some)
    settled = channel.settle(file)
    assert not settled.over and not [each for each in settled.notices if "failed" in each or "statistics" in each]
    found: list[tuple[int, Any]] = []
    for rows in settled.read(file, None):
        rows.messages.validate(full=True)
        assert rows.messages.type == settled.channel.fields
        found += zip(rows.log_time.tolist(), rows.messages.to_pylist(), strict=True)
    assert len(found) == settled.rows
    return found, settled


def difference(payloads: list[bytes], chance: random.Random, folder: Path) -> str:
    """What Paddock says of messages otherwise than Python's json; empty when nothing."""
    said_of: dict[int, Any] = {}
    for number, payload in enumerate(payloads):
        try:
            value = said(payload)
        except ValueError:
            continue
        said_of[number] = value if isinstance(value, dict) else {"value": value}
    file = SpoolFile.temporary(folder)
    try:
        found, channel = decoded(payloads, chance, file)
    finally:
        file.close()
    notices: set[str] = set()
    wanted = dict(zip(said_of, expected(list(said_of.values()), notices), strict=True))
    if [number for number, _ in found] != list(wanted):
        return f"decoded are {len(found)} messages of {len(wanted)}"
    if channel.undecodable != len(payloads) - len(wanted):
        return f"{channel.undecodable} undecodable of {len(payloads) - len(wanted)}"
    if notices != {each for each in ("rounded", "64 bits") if each in "".join(channel.notices)}:
        return f"{channel.notices} instead of {notices}"
    for number, value in found:
        if not _same(value, wanted[number]):
            return f"message {number}, {payloads[number]!r}: {value} instead of {wanted[number]}"
    return ""


def _same(got: Any, want: Any) -> bool:
    if isinstance(want, dict) and isinstance(got, dict):
        return got.keys() == want.keys() and all(_same(got[key], want[key]) for key in want)
    if isinstance(want, list) and isinstance(got, list):
        return len(got) == len(want) and all(map(_same, got, want))
    if isinstance(got, str) and got != want:
        return _same_text(got, want)
    if isinstance(want, float) and math.isnan(want):
        return isinstance(got, float) and math.isnan(got)
    return type(got) is type(want) and got == want


def _same_text(text: str, want: Any) -> bool:
    """A value as JSON text; columns of doubles no longer know the whole numbers beyond 2^53."""
    return _alike(json.loads(text), want)


def _alike(got: Any, want: Any) -> bool:
    if isinstance(want, dict) and isinstance(got, dict):
        return got.keys() == want.keys() and all(_alike(got[key], want[key]) for key in want)
    if isinstance(want, list) and isinstance(got, list):
        return len(got) == len(want) and all(map(_alike, got, want))
    if isinstance(want, bool) or isinstance(got, bool) or not isinstance(want, int | float):
        return type(got) is type(want) and got == want
    if not isinstance(got, int | float):
        return False
    if isinstance(want, float) and math.isnan(want):
        return isinstance(got, float) and math.isnan(got)
    return got == want or (abs(want) >= 2**53 and _double(got) == _double(want))
