"""What a car writes is proven to be read as google.protobuf reads it; what anybody might read otherwise is not."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from paddock.columns.limits import Limits
from paddock.readers.decoders import protobuf
from paddock.readers.mcap.records import Schema
from tests.benchmarks.shapes import Shapes

ROWS = 40
SHAPES = Shapes(
    enums={"State": {0: "OFF", 40: "DRIVE"}},
    messages={
        "Vec": {"x": "float", "y": "double"},
        "Cone": {"at": "Vec", "state": "State", "name": "string"},
        "Message": {
            "by_name": "map<string,double>",
            "by_number": "map<sint32,Vec>",
            "on": "map<bool,bytes>",
            "cones": "Cone[]",
            "names": "string[]",
            "counts": "uint64[]",
            "steps": "sint32[]",
            "offsets": "int32[]",
            "flags": "bool[]",
            "states": "State[]",
            "values": "double[]",
            "raw": "int32",
            "oneof order": {"torque": "float", "reason": "string"},
        },
    },
    topics=(),
    json=lambda *_: [],
)


def message(**fields: Any) -> bytes:
    data: bytes = SHAPES.message_class("Message")(**fields).SerializeToString()
    return data


USUAL: dict[str, dict[str, Any]] = {
    "nothing": {},
    "names": {"by_name": {"a": 1.5, "b": 0.0, "": 2.0}},
    "messages": {"by_number": {0: {}, -3: {"x": 1}, 2**30: {"y": 1}}},
    "switches": {"on": {True: b"", False: b"x" * 100}},
    "cones": {"cones": [{}, {"at": {"x": 1.0}, "state": 40, "name": "a" * 99}, {"at": {}}]},
    "texts": {"names": ["", "a", "b" * 200]},
    "counts": {"counts": [0, 127, 128, 2**63] * 30},
    "steps": {"steps": [0, -1, 63, 64, 2**30]},
    "offsets": {"offsets": [0, 300, 2**30]},
    "flags": {"flags": [True, False, True]},
    "states": {"states": [40, 0, 40]},
    "values": {"values": [0.0, 1.5] * 20},
    "torque": {"torque": 0.0},
    "reason": {"reason": ""},
}
ODD: dict[str, bytes] = {
    "a map's entry with a field that its type has not": b"\x0a\x0e\x0a\x01a\x11" + bytes(8) + b"\x18\x01",
    "an unknown field": b"\xf8\x01\x01",
    "a number longer than it needs": b"\x32\x02\x81\x00",
}


def decoded(payloads: list[bytes], monkeypatch: pytest.MonkeyPatch) -> tuple[Any, bool]:
    """What becomes of the messages, and whether google.protobuf was asked for any."""
    decoder = protobuf.decoder(Schema(1, "car.Message", "protobuf", SHAPES.schema), Limits())
    asked = []

    def ask(what: Any) -> Any:
        return lambda *given: asked.append(what) or what(*given)

    monkeypatch.setattr(decoder._judge, "accepts", ask(decoder._judge.accepts))
    monkeypatch.setattr(decoder, "_loses_entries", ask(decoder._loses_entries))
    return decoder.decode(pa.array(payloads, pa.binary())), bool(asked)


@pytest.mark.parametrize("name", USUAL)
def test_what_google_protobuf_writes_is_proven(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    result, asked = decoded([message(**USUAL[name])] * ROWS, monkeypatch)
    assert result.kept is None and len(result.messages) == ROWS and not asked


@pytest.mark.parametrize("name", ODD)
def test_a_single_odd_message_is_not(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, asked = decoded([*[message(**USUAL["names"])] * ROWS, ODD[name]], monkeypatch)
    assert asked


def test_numbers_that_are_all_negative_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    result, _ = decoded([message(raw=-5, offsets=[-7])] * ROWS, monkeypatch)
    assert result.messages.field("raw").to_pylist() == [-5] * ROWS
    assert result.messages.field("offsets").to_pylist() == [[-7]] * ROWS
