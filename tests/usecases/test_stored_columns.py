"""An export made from the stored columns is the one that is made from the log itself."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from paddock.columns.columns import LogSummary
from paddock.columns.stored import StoredColumns
from paddock.domain.export import ExportRequest
from paddock.domain.fields import Fields
from paddock.domain.keys import columns_key
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import ChannelSummary, Recording, StartedSource, Status
from paddock.domain.setup_sheets import SetupFields
from paddock.errors import Rejected
from paddock.formats.registry import RunInfo, canonical, formats
from paddock.ports.documents import Equals
from paddock.usecases.catalogue.catalogue import catalogue_of, signals_of
from paddock.usecases.find.contents import contents_of
from paddock.usecases.take_away import export as exporting
from paddock.usecases.take_away.artifacts import run_of
from paddock.usecases.take_away.export import request_export
from tests.columns.plain_rows import plain_rows
from tests.readers.decoders.random_protobuf_payload import PayloadMaker
from tests.readers.decoders.random_protobuf_schema import random_schema
from tests.readers.mcap.builders import LogBuilder, car_log
from tests.usecases.conftest import Team

pytestmark = [pytest.mark.anyio, pytest.mark.slow("random messages in every format")]

FORMATS = [(form.name, layout) for form in formats().values() if form.write_log is None for layout in form.layouts]


def odd_log(seed: int) -> bytes:
    """Topics of random protobuf types, one of JSON whose shape is learnt, one of bytes, and one that is silent."""
    chance = random.Random(seed)
    log = LogBuilder()
    channels: list[tuple[int, Callable[[], bytes | dict[str, Any]]]] = []
    for number in range(3):
        schema = random_schema(chance)
        channel = log.protobuf_channel(f"/p{number}" if number else "p.0", schema.files, schema.name)
        maker, kind = PayloadMaker(chance, 0.05), schema.message_class.DESCRIPTOR
        channels.append((channel, lambda maker=maker, kind=kind: maker.message(kind)))
    texts = ["", "a", "ä😀", "NaN"]
    channels.append(
        (
            log.channel("json"),
            lambda: {
                "cells": [chance.random() for _ in range(chance.randrange(5))],
                "in": {"x": chance.choice([1, 2.5, None]), "deep": {"text": chance.choice(texts)}, "none": {}},
                "on": chance.random() < 0.5,
                "x.y": 1,
                "x": {"y": 2, "z": [{"a": 1}]},
            },
        )
    )
    channels.append((log.channel("bytes", "cdr", None), lambda: chance.randbytes(chance.randrange(9))))
    log.channel("silent")
    time_ns = 0
    for number in range(300):
        time_ns += chance.choice((0, 1_000_000, 7_000_000))
        channel, payload = chance.choice(channels)
        log.add(channel, time_ns, payload(), number)
    log.writer.add_metadata("setup", {"driver": "Ada", "": "x"})
    return log.finish()


def _contents(file: Path, form: str) -> Any:
    """Its bytes; of a table what it says, because Arrow leaves it to chance what lies under a missing value."""
    if form not in ("arrow", "parquet"):
        return file.read_bytes()
    if file.read_bytes()[:2] == b"PK":
        with zipfile.ZipFile(file) as archive:
            return [(name, _table(io.BytesIO(archive.read(name)), form)) for name in archive.namelist()]
    return _table(io.BytesIO(file.read_bytes()), form)


def _table(file: io.BytesIO, form: str) -> tuple[Any, ...]:
    table = pq.read_table(file) if form == "parquet" else pa.ipc.open_file(file).read_all()
    values = [repr(plain_rows(pa.concat_arrays(column.chunks))) for column in table.columns if column.num_chunks]
    return table.schema, table.schema.metadata, *values


@dataclass
class Both:
    """Makes the same export both ways."""

    team: Team
    recording: Recording
    channels: tuple[ChannelSummary, ...]
    folder: Path

    async def same(self, request: ExportRequest) -> str:
        """What the two files say; '' where the request is refused, which then both do."""
        request = canonical(request)
        catalogue = await catalogue_of(self.team.context, self.recording)

        def run(summary: LogSummary) -> RunInfo:
            units = catalogue.units((each.name, each.dtype) for each in summary.signals)
            return run_of(self.recording, units, Fields(), SetupFields())

        said = []
        for name, make in (("columns", exporting._from_columns), ("log", exporting._from_log)):
            target = self.folder / name
            target.unlink(missing_ok=True)
            try:
                left_out = await make(self.team.context, self.recording, request, run, target, lambda _: None)
                said.append((_contents(target, request.format), left_out) if left_out is not None else None)
            except Rejected as error:
                said.append((error.message, error.code))
        assert said[1] is not None
        if said[1][1] == "no_such_signal":
            # Whether there is none of a name is left to the log, also where columns could tell.
            said[0] = said[0] or said[1]
        assert said[0] == said[1], request
        return said[0][0] if isinstance(said[0][0], str) else ""


async def converted(team: Team, log: bytes, folder: Path) -> Both:
    sent = await team.upload(log)
    await team.work()
    recording = await team.recording(sent.id)
    assert recording.status is Status.READY, recording.error
    contents = await contents_of(team.context.documents, recording)
    return Both(team, recording, contents.channels, folder)


def some_request(chance: random.Random, names: list[str], duration_s: float) -> ExportRequest:
    form, layout = chance.choice(FORMATS)
    patterns = []
    for name in chance.sample(names, min(len(names), chance.choice((0, 1, 3)))):
        parts = name.split(".")
        patterns.append(
            chance.choice((name, ".".join(parts[: chance.randrange(1, len(parts) + 1)]), parts[0] + ".*"))
        )
    begin = chance.choice((None, duration_s * chance.random()))
    return ExportRequest(
        format=form,
        layout=layout,
        signals=tuple(patterns),
        start_s=begin,
        end_s=chance.choice((None, (begin or 0) + duration_s / 2)),
        rate_hz=chance.choice((None, None, 50.0)),
        interpolation=chance.choice(("hold", "linear")),
        native=chance.random() < 0.3,
        compress=chance.random() < 0.3,
        mat_version=chance.choice(("", "", "5", "7.3")) if form == "mat" else "",
    )


@pytest.mark.parametrize(("seed", "cut"), [(4, False), (12, False), (5, True)])
async def test_every_export_is_the_same_both_ways(team: Team, tmp_path: Path, seed: int, cut: bool) -> None:
    log = odd_log(seed)
    both = await converted(team, log[: len(log) * 2 // 3] if cut else log, tmp_path)
    signals = await signals_of(team.context, both.recording)
    names = [signal.name for signal in signals] + [channel.topic for channel in both.channels]
    chance = random.Random(seed)
    for form, layout in FORMATS:
        await both.same(ExportRequest(format=form, layout=layout))
    await both.same(ExportRequest(format="csv", rate_hz=50.0, interpolation="linear"))
    for number in range(15):
        if number == 10:
            # What a person says about when it was recorded changes no time in a file.
            both.recording = replace(both.recording, started_ns=5, started_source=StartedSource.PERSON)
        await both.same(some_request(chance, names, (both.recording.duration_ns or 0) / 1e9))


async def test_what_is_no_signal_is_taken_too(team: Team, tmp_path: Path) -> None:
    both = await converted(team, odd_log(0), tmp_path)
    for pattern in (
        "json.x",
        "json.x.z",
        "json.x.y",
        "json.in",
        "json.in.*",
        "bytes",
        "bytes.data",
        "silent",
        "*.*",
    ):
        for form in ("parquet", "mat"):
            assert await both.same(ExportRequest(format=form, signals=(pattern,))) == ""
    assert "cells" in await both.same(ExportRequest(signals=("json.cells[9]",)))


async def test_of_the_store_only_the_topics_that_are_asked_for_are_read(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = await converted(team, car_log(), tmp_path)
    objects = team.context.objects
    opened: list[str] = []
    whole = type(objects).open

    async def noted(self: Any, key: str) -> Any:
        opened.append(key)
        return await whole(self, key)

    monkeypatch.setattr(type(objects), "open", noted)
    fields: list[tuple[str, ...]] = []
    read = StoredColumns.read

    def watched(self: StoredColumns, channel: Any, names: Any = None) -> Any:
        fields.append(tuple(field.name for field in channel.fields))
        return read(self, channel, names)

    monkeypatch.setattr(StoredColumns, "read", watched)
    await request_export(team.context, LOCAL_USER, both.recording.id, ExportRequest(signals=("ins.velocity.x",)))
    await team.work()
    (ins,) = (channel for channel in both.channels if channel.topic == "ins")
    assert set(opened) == {columns_key(ins.slug, both.recording.id, both.recording.build)}
    assert set(fields) == {("velocity",)}


async def test_the_original_is_read_where_the_columns_will_not_do(team: Team, tmp_path: Path) -> None:
    both = await converted(team, car_log(), tmp_path)
    request, other = ExportRequest(format="csv"), ExportRequest(format="arrow")
    (ins,) = (channel for channel in both.channels if channel.topic == "ins")
    key = columns_key(ins.slug, both.recording.id, both.recording.build)
    stored = tmp_path / "objects" / key
    whole = stored.read_bytes()
    await both.same(request)
    wanted = (tmp_path / "log").read_bytes()
    for damage in (whole[:-9], whole[:20] + b"\0" * 40 + whole[60:], None):
        stored.unlink()
        if damage is not None:
            stored.write_bytes(damage)
        (made,) = await _made(team, both.recording, request)
        assert made == wanted
        await team.context.documents.artifacts.delete([Equals("recording", both.recording.id)])
    # And what is left of a recording whose original is gone still makes files.
    stored.unlink(missing_ok=True)
    stored.write_bytes(whole)
    await team.context.objects.delete(both.recording.original_key)
    (made,) = await _made(team, both.recording, other)
    assert made[:6] == b"ARROW1" or made[:2] == b"PK"
    # Without both, converting again is no advice: neither before it is known that the original is gone, nor later.
    stored.unlink()
    for wanted_format in ("h5", "parquet"):
        asked = await request_export(
            team.context, LOCAL_USER, both.recording.id, ExportRequest(format=wanted_format)
        )
        await team.work()
        job = await team.context.documents.jobs.get(f"export-{asked.id}")
        assert job is not None and job.error is not None and "Send the log again" in job.error.message


async def _made(team: Team, recording: Recording, request: ExportRequest) -> list[bytes]:
    asked = await request_export(team.context, LOCAL_USER, recording.id, request)
    await team.work()
    artifact = await team.context.documents.artifacts.get(asked.id)
    assert artifact is not None, await team.context.documents.jobs.get(f"export-{asked.id}")
    return [b"".join([piece async for piece in team.context.objects.read(artifact.key)])]


async def test_columns_of_an_older_number_are_not_used(team: Team, tmp_path: Path) -> None:
    both = await converted(team, car_log(), tmp_path)
    old = replace(both.recording, converter="1")
    run: Callable[[LogSummary], RunInfo] = lambda _: RunInfo()  # noqa: E731
    args = (ExportRequest(), run, tmp_path / "x", lambda _: None)
    assert await exporting._from_columns(team.context, old, *args) is None
    assert await exporting._from_columns(team.context, both.recording, *args) == ()
