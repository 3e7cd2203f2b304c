"""JSON texts of whole columns are those of each row by itself."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from paddock.columns.json_texts import json_texts
from tests.columns.plain_rows import json_rows

TEXTS = [
    "",
    "all well",
    "54 %, é, 🏁",
    'say "hi"',
    "back\\slash",
    "line\nbreak\ttab\0\x1f",
    "/\x7f\u2028",
    ",",
    "null",
]
SCALARS: dict[pa.DataType, list[Any]] = {
    pa.bool_(): [True, False],
    pa.int8(): [-128, 127],
    pa.int32(): list(range(-3, 4)),
    pa.int64(): [-(2**63), 2**63 - 1, 0],
    pa.uint64(): [0, 2**64 - 1],
    pa.float16(): [np.float16(0.1), np.float16("nan")],
    pa.float32(): [0.1, 1e30, float("nan"), -0.0],
    pa.float64(): [0.1, 1.0, 1e16, 1e-7, 5e-324, 1.7e308, float("inf"), float("-inf"), -0.0, 123456789.25],
    pa.string(): TEXTS,
    pa.large_string(): TEXTS,
    pa.binary(): [b"", b"a", b"ab", bytes(range(256))],
    pa.large_binary(): [b"\xff\x00,"],
    pa.timestamp("ns"): [1_776_522_720_000_000_001, 0],
    pa.duration("ns"): [-1, 1],
}
KEYS = [pa.string(), pa.int32(), pa.uint64(), pa.bool_()]


def some_type(random: random.Random, depth: int) -> pa.DataType:
    if depth == 0 or random.random() < 0.4:
        return random.choice(list(SCALARS))
    inner = [some_type(random, depth - 1) for _ in range(random.choice([0, 1, 2, 3]))]
    make = random.choice(["list", "large_list", "struct", "map"])
    if make == "struct" or not inner:
        names = random.sample(["a", "b c", 'q"', "é", "\\"], len(inner))
        return pa.struct([pa.field(name, each) for name, each in zip(names, inner, strict=True)])
    if make == "map":
        return pa.map_(random.choice(KEYS), inner[0])
    return pa.list_(inner[0]) if make == "list" else pa.large_list(inner[0])


def some_value(random: random.Random, kind: pa.DataType, missing: float) -> Any:
    if random.random() < missing:
        return None
    if pa.types.is_struct(kind):
        return {each.name: some_value(random, each.type, missing) for each in kind}
    count = random.choice([0, 0, 1, 2, 5])
    if pa.types.is_map(kind):
        keys = {some_value(random, kind.key_type, 0.0) for _ in range(count)}
        return [(key, some_value(random, kind.item_type, missing)) for key in keys]
    if kind in SCALARS:
        return random.choice(SCALARS[kind])
    return [some_value(random, kind.value_type, missing) for _ in range(count)]


@pytest.mark.parametrize("first_seed", range(0, 300, 30))
def test_texts_are_those_of_each_row(first_seed: int) -> None:
    for seed in range(first_seed, first_seed + 30):
        chosen = random.Random(seed)
        kind = some_type(chosen, 3)
        missing = chosen.choice([0.0, 0.3])
        array = pa.array([some_value(chosen, kind, missing) for _ in range(chosen.choice([0, 1, 40]))], kind)
        first = chosen.randrange(len(array) + 1)
        for part in (array, array[first:], array[:first], array[first : first + 1]):
            texts = json_texts(part)
            texts.validate(full=True)
            assert texts.to_pylist() == json_rows(part), (seed, kind)
            for text in texts.drop_null().to_pylist():
                json.loads(text)


def test_what_lies_under_a_missing_value_is_not_seen() -> None:
    hidden = pa.StructArray.from_arrays(
        [pa.array([1, 2]), pa.array([["x"], ["y"]])], ["a", "b"], mask=pa.array([False, True])
    )
    rows = pa.ListArray.from_arrays(pa.array([0, 2, 2]), hidden)
    assert json_texts(rows).to_pylist() == ['[{"a":1,"b":["x"]},null]', "[]"]
