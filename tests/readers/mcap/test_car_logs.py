"""The real logs: counts as in their README, values as the official decoding has them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from mcap.reader import make_reader
from mcap_protobuf.decoder import DecoderFactory

from tests.readers.mcap.builders import spool

COUNTS = {
    "02_27_2024_23_23_28.mcap": 25_068,
    "02_29_2024_19_30_56.mcap": 204,
    "02_29_2024_20_17_28_V2.mcap": 282,
    "03_05_2024_23_10_23_V2.mcap": 522,
    "03_26_2024_23_10_23.mcap": 522,
    "03_26_2024_23_10_23_RECOVERED_V2.mcap": 522,
    "demo_2024-02-28_10-27-41.mcap": 226,
}
DAMAGED = {"02_27_2024_23_23_28.mcap", "02_29_2024_19_30_56.mcap"}


@pytest.mark.parametrize("name", COUNTS)
def test_every_message_is_had(car_logs: Path, tmp_path: Path, name: str) -> None:
    with spool((car_logs / name).read_bytes(), tmp_path) as columns:
        assert columns.summary.message_count == COUNTS[name]
        assert columns.summary.loss.health == ("recovered" if name in DAMAGED else "intact")


@pytest.mark.parametrize(("share", "at_least"), [(0.5, 11_681), (0.75, 18_374)])
def test_a_log_that_was_cut_off_gives_what_is_before_the_cut(
    car_logs: Path, tmp_path: Path, share: float, at_least: int
) -> None:
    whole = (car_logs / "02_27_2024_23_23_28.mcap").read_bytes()
    with spool(whole[: int(len(whole) * share)], tmp_path) as columns:
        assert columns.summary.message_count >= at_least


@pytest.mark.parametrize("name", sorted(COUNTS.keys() - DAMAGED - {"demo_2024-02-28_10-27-41.mcap"}))
def test_values_are_those_of_the_official_decoding(car_logs: Path, tmp_path: Path, name: str) -> None:
    expected = defaultdict(list)
    with (car_logs / name).open("rb") as log:
        for _, channel, message, decoded in make_reader(
            log, decoder_factories=[DecoderFactory()]
        ).iter_decoded_messages():
            expected[channel.topic].append(
                (message.log_time, message.publish_time, message.sequence, _plain(decoded))
            )
    with spool((car_logs / name).read_bytes(), tmp_path) as columns:
        for channel in columns.channels:
            rows = [
                row
                for batch in columns.read(channel)
                for row in zip(
                    batch.log_time.tolist(),
                    batch.publish_time.tolist(),
                    batch.sequence.tolist(),
                    batch.messages.to_pylist(),
                    strict=True,
                )
            ]
            assert rows == expected[channel.topic]


def _plain(message: Message) -> dict[str, Any]:
    """These logs have numbers, texts and nested messages only."""
    values = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if isinstance(value, Message):
            value = _plain(value) if message.HasField(field.name) else None
        values[field.name] = value
    return values
