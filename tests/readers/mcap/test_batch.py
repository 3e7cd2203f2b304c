"""Messages come out of a batch by channel, in file order, with all that they had."""

from __future__ import annotations

import random
import struct
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from paddock.readers.mcap import batch as batches
from paddock.readers.mcap.batch import BATCH_BYTES, MEMORY_BYTES, Batch, Sorted
from paddock.readers.mcap.definitions import Part
from paddock.readers.mcap.message_heads import heads_at
from paddock.readers.mcap.reader import LAST_TIME, MessageRun
from paddock.readers.mcap.records import MESSAGE, PREFIX_BYTES

Message = tuple[int, int, int, int, bytes]
"""Channel, sequence, log time, publish time, payload."""
ALONE = 3
"""Channels from this number on come together."""


def run_of(messages: list[Message]) -> MessageRun:
    records = [struct.pack("<HIQQ", *message[:4]) + message[4] for message in messages]
    data = b"".join(struct.pack("<BQ", MESSAGE, len(each)) + each for each in records)
    ends = np.cumsum([PREFIX_BYTES + len(each) for each in records])
    starts = np.concatenate([[0], ends[:-1]])
    heads = heads_at(data, starts)
    definitions = np.zeros(len(messages), np.int32)
    return MessageRun(data, starts, ends, heads, heads["log_time"].astype(np.int64), Part(), definitions, 7)


def read(batch: Batch, messages: Sorted) -> list[tuple[list[int], list[int], list[Message]]]:
    contents = messages.sort(batch)
    found: list[tuple[list[int], list[int], list[Message]]] = []
    for numbers, rows, each in messages.by_channel(contents, batch.oversized, ALONE):
        assert each.ordinal == 7
        channels = np.repeat(numbers, rows).tolist()
        columns: list[list[Any]] = [each.sequence.tolist(), each.log_time.tolist(), each.publish_time.tolist()]
        got = list(zip(channels, *columns, each.payloads.to_pylist(), strict=True))
        found.append((numbers.tolist(), rows.tolist(), got))
    return found


def expected(messages: list[Message]) -> list[tuple[list[int], list[int], list[Message]]]:
    by_channel: dict[int, list[Message]] = defaultdict(list)
    for channel, sequence, log_time, publish_time, payload in messages:
        by_channel[channel].append((channel, sequence, log_time, min(publish_time, LAST_TIME), payload))
    alone = [([number], [len(some)], some) for number, some in sorted(by_channel.items()) if number < ALONE]
    others = [number for number in sorted(by_channel) if number >= ALONE]
    together = [message for number in others for message in by_channel[number]]
    return [*alone, *([(others, [len(by_channel[number]) for number in others], together)] if others else [])]


@pytest.mark.parametrize("many_stretches", [1 << 14, 2])
def test_every_message_comes_out_with_its_channel(monkeypatch: pytest.MonkeyPatch, many_stretches: int) -> None:
    monkeypatch.setattr(batches, "_MANY_STRETCHES", many_stretches)
    batch, memory = Batch(), Sorted(np.empty(MEMORY_BYTES, np.uint8))
    for seed in range(40):
        chosen = random.Random(seed)
        late = chosen.choice([0.0, 0.1, 1.0])
        taken: list[Message] = []
        batch.clear()
        for _ in range(chosen.choice([1, 2, 9])):
            some: list[Message] = []
            for sequence in range(chosen.choice([1, 3, 40])):
                log_time = chosen.randrange(1 << 62)
                published = chosen.choice([0, LAST_TIME + 5, 2**64 - 1]) if chosen.random() < late else log_time
                payload = chosen.randbytes(chosen.choice([0, 0, 1, 30]))
                some.append((chosen.randrange(6), sequence, log_time, published, payload))
            unwanted = chosen.choice([-1, 0, 5])
            numbers = np.array([-1 if each[0] == unwanted else each[0] for each in some], np.int32)
            wanted = [each for each in some if each[0] != unwanted]
            if wanted:
                batch.add(run_of(some), numbers, 0, len(some))
                taken += wanted
        if taken:
            assert read(batch, memory) == expected(taken), seed


def test_a_message_larger_than_a_batch_is_alone_and_not_copied() -> None:
    batch, memory = Batch(), Sorted(np.empty(MEMORY_BYTES, np.uint8))
    message = (2, 1, 10, 11, bytes(BATCH_BYTES))
    batch.add(run_of([message]), np.array([2], np.int32), 0, 1)
    assert batch.oversized is not None
    assert read(batch, memory) == expected([message])
    batch.clear()
    small = (1, 2, 20, 20, b"small")
    batch.add(run_of([small]), np.array([1], np.int32), 0, 1)
    assert read(batch, memory) == expected([small])
