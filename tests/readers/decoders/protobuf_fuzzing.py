"""One random schema after the other: what the decoder makes of batches of its messages, and google.protobuf."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from paddock.columns.limits import Limits
from paddock.readers.decoders import protobuf
from paddock.readers.decoders.schema import Schema
from tests.readers.decoders.protobuf_reference import as_python, difference, reference
from tests.readers.decoders.random_protobuf_payload import PayloadMaker
from tests.readers.decoders.random_protobuf_schema import RandomSchema, random_schema

_PAYLOADS = 40
_BATCHES = (1, 5, 17, 40, 129, 300)
"""On both sides of where the decoder goes another way."""


@dataclass
class Tally:
    """What was compared."""

    messages: int = 0
    payloads: int = 0
    """That are not the same."""
    refused: int = 0
    """Messages that google.protobuf does not take."""
    schemas: dict[str, int] = field(default_factory=dict)
    """By whether they have a fast path."""
    differences: list[str] = field(default_factory=list)


def fuzz(seed: int, messages: int) -> Tally:
    """Compare so many messages."""
    tally = Tally()
    number = 0
    while tally.messages < messages:
        case = f"{seed}-{number}"
        _compare(case, random.Random(case), tally)
        number += 1
    return tally


def _compare(case: str, chance: random.Random, tally: Tally) -> None:
    schema = random_schema(chance)
    data = schema.files.SerializeToString()
    decoder = protobuf.decoder(Schema(1, schema.name, "protobuf", data), Limits())
    path = schema.files.file[-1].syntax + (" fast" if decoder._handler is not None else " rows")
    tally.schemas[path] = tally.schemas.get(path, 0) + 1
    payloads: list[bytes] = []
    wanted: list[Any] = []
    usual: list[int] = []
    for payload, is_usual in dict(_payloads(schema, chance)).items():
        with contextlib.suppress(UnicodeDecodeError):
            wanted.append(reference(schema, payload))
            usual += [len(payloads)] * is_usual
            payloads.append(payload)
    tally.payloads += len(payloads)
    taken = [number for number, each in enumerate(wanted) if each is not None]
    for size in _BATCHES:
        # Also batches without a bad message, and those that google.protobuf has written, with and without another
        # message among them: one is enough for another way through the decoder.
        some = next(each for each in chance.sample([taken, usual, usual, range(len(payloads))], 4) if each)
        numbers = chance.choices(some, k=size)
        if chance.random() < 0.2:
            numbers[chance.randrange(size)] = chance.randrange(len(payloads))
        result = decoder.decode(pa.array([payloads[number] for number in numbers], pa.binary()))
        result.messages.validate(full=True)
        assert result.messages.type == decoder.fields and result.taken == size
        got = as_python(result.messages)
        kept = [True] * size if result.kept is None else result.kept.tolist()
        tally.messages += size
        tally.refused += kept.count(False)
        rows = iter(got)
        for number, ok in zip(numbers, kept, strict=True):
            if ok != (wanted[number] is not None):
                why = " is taken" if ok else " is refused"
            else:
                why = difference(next(rows), wanted[number]) if ok else ""
            if why:
                tally.differences.append(f"case {case}, {size} rows, {payloads[number].hex()}{why}")
                break


def _payloads(schema: RandomSchema, chance: random.Random) -> Iterator[tuple[bytes, bool]]:
    """Messages, and whether google.protobuf would write them so."""
    kind: Any = schema.message_class.DESCRIPTOR
    maker = PayloadMaker(chance, chance.choice((0.02, 0.1, 0.3)))
    tame = PayloadMaker(chance, 0)
    for number in range(_PAYLOADS):
        if number % 4 == 0:
            yield schema.message_class.FromString(tame.message(kind)).SerializePartialToString(), True
        elif number % 4 == 3:
            yield maker.damaged(maker.message(kind)), False
        else:
            yield maker.message(kind), False
