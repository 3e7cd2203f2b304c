"""MessagePack becomes what the same messages in JSON become."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec
import pyarrow as pa

from paddock.columns.limits import Limits
from paddock.readers.decoders.decoded import Decoder
from paddock.readers.decoders.registry import find_decoder


def decoded(decoder: Decoder, payloads: list[bytes]) -> tuple[list[Any], list[bool]]:
    rows: list[Any] = []
    kept: list[bool] = []
    while payloads:
        found = decoder.decode(pa.array(payloads, pa.binary()))
        taken = len(payloads) if found.taken is None else found.taken
        messages = decoder.conform(found.messages) if decoder.conform else found.messages
        rows += messages.to_pylist()
        kept += [True] * taken if found.kept is None else found.kept.tolist()
        payloads = payloads[taken:]
    return rows, kept


def test_it_is_read_as_json_is() -> None:
    chosen = random.Random(2)
    rows = [
        {
            "speed": chosen.random(),
            "gear": number % 5,
            "on": number % 2 == 0,
            "cells": [3.5, number / 4],
            "who": "Ada",
        }
        for number in range(200)
    ]
    packed = find_decoder("msgpack", None, Limits())
    text = find_decoder("json", None, Limits())
    ours, kept = decoded(packed, [msgspec.msgpack.encode(row) for row in rows])
    theirs, _ = decoded(text, [json.dumps(row).encode() for row in rows])
    assert ours == theirs == rows and all(kept) and packed.fields == text.fields and not packed.notice


def test_what_is_none_costs_itself() -> None:
    good = msgspec.msgpack.encode({"a": 1})
    odd = msgspec.msgpack.encode({"a": 2, "raw": b"\1\2"})
    bad = [b"", b"\xc1", good[:-1], msgspec.msgpack.encode(msgspec.msgpack.Ext(5, b"x")), b"\x91" * 5_000]
    decoder = find_decoder("msgpack", None, Limits())
    rows, kept = decoded(decoder, [bad[0], good, *bad[1:], odd])
    assert kept == [False, True, False, False, False, False, True]
    assert rows == [{"a": 1, "raw": None}, {"a": 2, "raw": "AQI="}]
    assert decoded(find_decoder("msgpack", None, Limits()), bad[:1]) == ([], [False])
