"""A recovered log differs from its source by what is reported as lost, and by nothing else: mcap reads both."""

from __future__ import annotations

import io
import itertools
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcap import records
from mcap.records import Attachment, Header, McapRecord, Message, Metadata, Schema, Statistics
from mcap.stream_reader import StreamReader
from mcap.writer import CompressionType, IndexType, Writer

from paddock.domain.export import ExportRequest
from paddock.errors import Rejected
from paddock.formats.mcap import FORMAT
from paddock.formats.registry import RunInfo
from paddock.readers.mcap import new_ids
from paddock.readers.mcap.definitions import Definition
from paddock.readers.mcap.new_ids import NewIds
from paddock.readers.mcap.records import Channel
from paddock.readers.mcap.recover import Recovered, recover
from paddock.usecases.take_away.recover_file import recover_file
from tests.counting import assert_linear
from tests.readers.mcap.builders import END, channel_record, header, message_record, record, schema_record, text

Everything = dict[str, Any]


def read_all(log: bytes) -> Everything:
    """All that the official reader knows of a log; messages in order of time, ties in file order."""
    schemas: dict[int, Schema] = {}
    channels: dict[int, records.Channel] = {}
    messages: list[Message] = []
    others: dict[type[McapRecord], list[McapRecord]] = {Attachment: [], Metadata: [], Header: [], Statistics: []}
    for each in StreamReader(io.BytesIO(log), emit_chunks=False, validate_crcs=True).records:
        if isinstance(each, Schema):
            schemas[each.id] = each
        elif isinstance(each, records.Channel):
            channels[each.id] = each
        elif isinstance(each, Message):
            messages.append(each)
        elif type(each) in others:
            others[type(each)].append(each)
    statistics = others[Statistics]
    return {
        "schemas": schemas,
        "channels": channels,
        "messages": sorted(messages, key=lambda each: each.log_time),
        "attachments": [(a.name, a.media_type, a.log_time, a.create_time, a.data) for a in others[Attachment]],  # type: ignore[attr-defined]
        "metadata": [(m.name, m.metadata) for m in others[Metadata]],  # type: ignore[attr-defined]
        "profile": others[Header][0].profile,  # type: ignore[attr-defined]
        "counts": [
            (s.message_count, s.channel_count, s.schema_count, s.attachment_count, s.metadata_count)  # type: ignore[attr-defined]
            for s in statistics
        ],
    }


def rewritten(log: bytes, directory: Path) -> tuple[bytes, Recovered]:
    target = io.BytesIO()
    done = recover(io.BytesIO(log), target, directory)
    return target.getvalue(), done


def assert_same(log: bytes, again: bytes) -> None:
    before, after = read_all(log), read_all(again)
    del before["counts"]
    counts = after.pop("counts")
    assert after == before
    parts = [before[name] for name in ("messages", "channels", "schemas", "attachments", "metadata")]
    assert counts == [tuple(map(len, parts))]


TIMES = [0, 1, 2**31, 1_776_522_720_000_000_000, 2**63 - 1]
ANY_TIMES = [*TIMES, 2**63, 2**64 - 1]


def random_log(chance: random.Random) -> bytes:
    """Anything that the official writer can write."""
    target = io.BytesIO()
    writer = Writer(
        target,
        chunk_size=chance.choice((100, 1000, 1 << 20)),
        compression=chance.choice((CompressionType.NONE, CompressionType.LZ4, CompressionType.ZSTD)),
        index_types=chance.choice((IndexType.ALL, IndexType.NONE, IndexType.CHUNK)),
        repeat_channels=chance.random() < 0.7,
        repeat_schemas=chance.random() < 0.7,
        use_chunking=chance.random() < 0.7,
        use_statistics=chance.random() < 0.7,
        use_summary_offsets=chance.random() < 0.7,
        enable_crcs=chance.random() < 0.7,
        enable_data_crcs=chance.random() < 0.7,
    )
    writer.start(profile=chance.choice(("", "ros2", "Rennwagen ü")), library=chance.choice(("", "recorder 3")))
    schemas = [0] + [
        writer.register_schema(
            chance.choice(("A", "B")),
            chance.choice(("", "jsonschema", "ros2msg")),
            chance.choice((b"", b"{}", b"\0\xff")),
        )
        for _ in range(chance.randrange(5))
    ]
    channels = [
        writer.register_channel(
            chance.choice(("/t", "/t", "other", "")),
            chance.choice(("json", "cdr", "")),
            chance.choice(schemas),
            chance.choice(({}, {"callerid": "/front"}, {"callerid": "/rear"}, {"a": "b", "": "ü"})),
        )
        for _ in range(chance.randrange(6))
    ]
    for number in range(chance.randrange(80) if channels else 0):
        writer.add_message(
            chance.choice(channels[: chance.randrange(1, 6)]),
            log_time=chance.choice(TIMES) if chance.random() < 0.3 else chance.randrange(20),
            publish_time=chance.choice(ANY_TIMES),
            sequence=chance.choice((number, 0, 2**32 - 1)),
            data=chance.randbytes(chance.choice((0, 1, 10, 300))),
        )
    for number in range(chance.randrange(4)):
        writer.add_metadata(chance.choice(("setup", "")), chance.choice(({}, {"driver": "Ada", "": ""})))
        writer.add_attachment(
            chance.choice(ANY_TIMES),
            chance.choice(ANY_TIMES),
            f"{number}",
            "text/plain",
            chance.randbytes(number * 9),
        )
    writer.finish()
    return target.getvalue()


@pytest.mark.parametrize("first_seed", range(0, 60, 10))
@pytest.mark.slow("hundreds of damaged logs")
def test_nothing_differs(tmp_path: Path, first_seed: int) -> None:
    assert FORMAT.write_log is not None
    for seed in range(first_seed, first_seed + 10):
        log = random_log(random.Random(seed))
        again, done = rewritten(log, tmp_path)
        assert done.loss.health == "intact", seed
        assert_same(log, again)
        assert rewritten(again, tmp_path)[0] == again, seed
        FORMAT.write_log(io.BytesIO(log), ExportRequest("mcap"), RunInfo(), tmp_path / "slice.mcap", lambda _: None)
        assert (tmp_path / "slice.mcap").read_bytes() == again, seed


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.slow("hundreds of damaged logs")
def test_an_appended_log_adds_its_messages_to_the_same_channels(tmp_path: Path, seed: int) -> None:
    log = random_log(random.Random(seed))
    again, _ = rewritten(log + log, tmp_path)
    once, twice = read_all(log), read_all(again)
    for name in ("schemas", "channels", "profile"):
        assert twice[name] == once[name]
    for name in ("messages", "attachments", "metadata"):
        assert len(twice[name]) == 2 * len(once[name])


OPTIONS = {
    "use_chunking": (False, True),
    "index_types": (IndexType.NONE, IndexType.ALL),
    "repeat_channels": (False, True),
    "use_statistics": (False, True),
    "use_summary_offsets": (False, True),
}
KINDS: dict[str, Callable[[Writer], object]] = {
    "NoData": lambda writer: None,
    "OneAttachment": lambda writer: writer.add_attachment(2, 1, "myFile", "application/octet-stream", b"\1\2\3"),
    "OneMetadata": lambda writer: writer.add_metadata("myMetadata", {"foo": "bar"}),
    "OneSchema": lambda writer: writer.register_schema("Example", "c", b"\4\5\6"),
    "OneChannel": lambda writer: writer.register_channel("example", "a", 0, {"foo": "bar"}),
    "OneSchemalessMessage": lambda writer: writer.add_message(
        writer.register_channel("example", "a", 0), 2, b"\1\2\3", 1, 10
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_smallest_logs_of_every_kind_come_out_whole(kind: str, tmp_path: Path) -> None:
    """As the conformance set of the specification has them."""
    for number, values in enumerate(itertools.product(*OPTIONS.values())):
        options = dict(zip(OPTIONS, values, strict=True))
        target = io.BytesIO()
        writer = Writer(target, **options)
        writer.start()
        KINDS[kind](writer)
        writer.finish()
        source = tmp_path / f"{number}.mcap"
        source.write_bytes(target.getvalue())
        made, done = recover_file(source, tmp_path / f"{number} again.mcap")
        assert done.loss.health == "intact", options
        assert_same(target.getvalue(), made.read_bytes())


def metadata_record() -> bytes:
    return record(12, text("run") + struct.pack("<I", 4 + 1 + 4 + 1) + text("a") + text("b"))


def test_a_log_cut_after_its_metadata_gives_them(tmp_path: Path) -> None:
    source = tmp_path / "log.mcap"
    source.write_bytes(header() + metadata_record() + END[:-40])
    made, done = recover_file(source, tmp_path / "again.mcap")
    assert read_all(made.read_bytes())["metadata"] == [("run", {"a": "b"})]
    assert done.loss.health == "recovered"


def test_a_damaged_log_with_nothing_in_it_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "log.mcap"
    source.write_bytes(header() + b"\xee" * 40)
    with pytest.raises(Rejected) as refused:
        recover_file(source, tmp_path / "again.mcap")
    assert refused.value.code == "nothing_to_recover"
    assert [each.name for each in tmp_path.iterdir()] == ["log.mcap"]


def many_channels(prefix: str, count: int) -> bytes:
    """A log of so many topics with a message each, the text of which is the topic."""
    records = [
        channel_record(n, f"{prefix}{n}") + message_record(n, n, f"{prefix}{n}".encode()) for n in range(count)
    ]
    return header() + b"".join(records) + END


def test_ids_of_two_logs_do_not_run_into_each_other(tmp_path: Path) -> None:
    again, _ = rewritten(many_channels("a", 300) + many_channels("b", 300), tmp_path)
    everything = read_all(again)
    assert len(everything["channels"]) == 600
    assert all(everything["channels"][m.channel_id].topic == m.data.decode() for m in everything["messages"])


def test_more_channels_than_there_are_ids_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_ids, "MAX_ID", 599)
    log = many_channels("a", 400) + many_channels("b", 300)
    source = tmp_path / "log.mcap"
    source.write_bytes(log)
    with pytest.raises(Rejected) as refused:
        recover_file(source, tmp_path / "again.mcap")
    assert refused.value.code == "too_many_channels"
    assert [each.name for each in tmp_path.iterdir()] == ["log.mcap"]
    request = ExportRequest("mcap", signals=("b*",))
    assert FORMAT.write_log is not None
    FORMAT.write_log(io.BytesIO(log), request, RunInfo(), tmp_path / "some.mcap", lambda _: None)
    everything = read_all((tmp_path / "some.mcap").read_bytes())
    assert len(everything["channels"]) == 300
    assert all(everything["channels"][m.channel_id].topic == m.data.decode() for m in everything["messages"])


@pytest.mark.slow("65,536 channels")
def test_ids_are_of_16_bits() -> None:
    ids = NewIds()
    for number in range(65_536):
        ids.of_channel(Definition(Channel(number, 0, f"t{number}", "json"), None))
    with pytest.raises(Rejected):
        ids.of_channel(Definition(Channel(1, 0, "another", "json"), None, part=1))
    assert len({each.id for each in ids.channels}) == 65_536


def schemas(count: int) -> bytes:
    return b"".join(
        schema_record(n + 1, f"s{n}", "jsonschema", b"{}") + channel_record(n, f"t{n}", schema_id=n + 1)
        for n in range(count)
    )


def late_schemas(count: int) -> bytes:
    channels = b"".join(channel_record(n, f"t{n}", schema_id=n + 1) for n in range(count))
    return channels + b"".join(schema_record(n + 1, f"s{n}", "jsonschema", b"{}") for n in range(count))


def schema_again_and_again(count: int) -> bytes:
    """Every definition of the one schema changes all of the channels."""
    channels = b"".join(channel_record(n, f"t{n}", schema_id=1) for n in range(count))
    return channels + b"".join(schema_record(1, f"s{n}", "jsonschema", b"{}") for n in range(count))


def channel_again_and_again(count: int) -> bytes:
    return b"".join(channel_record(1, f"t{n}") + message_record(1, n, b"{}") for n in range(count))


def same_channels(count: int) -> bytes:
    return b"".join(channel_record(n, "t") for n in range(count))


def undefined_channels(count: int) -> bytes:
    return b"".join(message_record(n, n, b"{}") for n in range(count))


def parts(count: int) -> bytes:
    return b"".join(
        header() + channel_record(1, "t") + message_record(1, n, b"{}") + END for n in range(count // 4)
    )


@pytest.mark.slow("definitions, twice as many each time")
@pytest.mark.parametrize(
    "definitions",
    [
        schemas,
        late_schemas,
        schema_again_and_again,
        channel_again_and_again,
        same_channels,
        undefined_channels,
        parts,
    ],
)
def test_definitions_take_work_in_proportion(tmp_path: Path, definitions: Callable[[int], bytes]) -> None:
    def of_size(count: int) -> Callable[[], object]:
        log = header() + definitions(count) + END
        return lambda: rewritten(log, tmp_path)

    assert_linear(of_size, 200)
