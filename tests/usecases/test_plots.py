from __future__ import annotations

import shutil
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from paddock.columns import stored_channel
from paddock.columns.parquet_footer import footer_crc32
from paddock.domain.catalogue import Entry
from paddock.domain.contents import Contents, contents_id
from paddock.domain.keys import columns_key
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Recording, Status
from paddock.errors import Conflict, NotFound, Rejected
from paddock.formats import parquet
from paddock.simulator.log import simulate
from paddock.usecases.catalogue.catalogue import save_catalogue
from paddock.usecases.context import Context
from paddock.usecases.look import plots
from paddock.usecases.look.plots import LONGEST_TEXT, Drawing, Series, plot_data
from tests.formats.builders import START_NS, MemoryColumns, Topic, every_kind, struct_type
from tests.usecases.conftest import Team

pytestmark = [pytest.mark.anyio, pytest.mark.slow("converts simulated laps")]

ID = "ab" * 32


async def store(context: Context, *topics: Topic, batch_rows: int = 1_000) -> str:
    """A recording with these channels, as a conversion leaves it."""
    columns = MemoryColumns(topics, batch_rows=batch_rows)
    channels = []
    for channel, summary in zip(columns.channels, columns.summary.channels, strict=True):
        made = context.scratch / "channel.parquet"
        parquet.write_channel(columns, channel, made)
        await context.objects.put_file(columns_key(channel.slug, ID, "b1"), made)
        channels.append(msgspec.structs.replace(summary, footer_crc32=footer_crc32(made)))
    recording = Recording(ID, ("a.mcap",), 1, Status.READY, 1, build="b1")
    await context.documents.recordings.insert(recording)
    await context.documents.contents.insert(Contents(contents_id(ID, "b1"), ID, "b1", tuple(channels)))
    return ID


async def one(context: Context, name: str, *span: int | None, points: int = 4_000) -> Series:
    (series,) = (await plot_data(context, ID, [name], *span, points=points)).series
    return series


def ramp(rows: int, name: str = "T", kind: pa.DataType | None = None) -> Topic:
    return Topic(name, struct_type(x=kind or pa.float64()), [{"x": row} for row in range(rows)])


def ms(milliseconds: int) -> int:
    return START_NS + milliseconds * 1_000_000


async def test_few_points_are_all_there_exactly(context: Context) -> None:
    await store(context, every_kind("/every.kind"))
    data = await plot_data(context, ID[:8], ["/every.kind.f64", "/every.kind.i64", "/every.kind.inner.speed"])
    assert (data.origin_ns, data.start_ns, data.end_ns) == (START_NS, START_NS, START_NS + 40_000_000)
    floats, integers, nested = data.series
    assert (floats.drawing, floats.dtype, floats.samples) == (Drawing.LINE, "double", 5)
    np.testing.assert_array_equal(floats.seconds, [0, 0.01, 0.02, 0.03, 0.04])
    np.testing.assert_array_equal(floats.values, [0, 1 / 3, 2 / 3, 1, 4 / 3])
    assert integers.drawing is Drawing.STEPS
    assert list(integers.values) == [2**63 - 1, -(2**63), 0, 1, -1]
    np.testing.assert_array_equal(nested.values, [0, 1, np.nan, 3, 4])


async def test_every_kind_of_value(context: Context) -> None:
    await store(context, every_kind("T"))
    mode = await one(context, "T.mode")
    assert (mode.drawing, mode.enums[-1], list(mode.values)) == (Drawing.STEPS, "FAULT", [0, 1, -1, 7, 0])
    text = await one(context, "T.inner.end")
    assert (text.drawing, text.values) == (Drawing.SEGMENTS, ["", "x", None, "xxx", "xxxx"])
    assert list((await one(context, "T.on")).values) == [True, False, True, False, True]
    np.testing.assert_array_equal((await one(context, "T.maybe")).values, [1, 0, np.nan, 0, 1])
    np.testing.assert_array_equal((await one(context, "T.took")).values, [0, 1.5, 3, 4.5, 6])
    np.testing.assert_array_equal((await one(context, "T.cells[0]")).values, [0, 1, 2, 3, 4])
    np.testing.assert_array_equal((await one(context, "T.ragged[2]")).values, [np.nan, np.nan, np.nan, 2, 2])
    for name in ("T.raw", "T.table", "T.points", "T.cells"):
        with pytest.raises(Rejected, match="cannot be drawn"):
            await one(context, name)


async def test_a_span_brings_the_samples_around_it(context: Context) -> None:
    await store(context, ramp(100))
    series = await one(context, "T.x", ms(200), ms(230))
    assert (series.samples, list(series.values)) == (4, [19, 20, 21, 22, 23, 24])
    between = await one(context, "T.x", ms(201), ms(202))
    assert (between.samples, list(between.values)) == (0, [20, 21])
    assert list((await one(context, "T.x", ms(-500), ms(-400))).values) == [0]
    assert list((await one(context, "T.x", ms(5_000), ms(6_000))).values) == [99]


async def test_spans_over_the_edges_of_row_groups(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 10)
    await store(context, ramp(100))
    for start, end in [(0, 990), (95, 105), (100, 190), (91, 99), (199, 201), (200, 200), (89, 300)]:
        series = await one(context, "T.x", ms(start), ms(end))
        inside = [row for row in range(100) if start <= row * 10 <= end]
        around = (
            [row for row in range(100) if row * 10 < start][-1:],
            [row for row in range(100) if row * 10 > end][:1],
        )
        assert list(series.values) == [*around[0], *inside, *around[1]], (start, end)
        assert series.samples == len(inside)


async def test_many_points_become_few_and_spikes_stay(context: Context) -> None:
    values = np.sin(np.arange(30_000) / 1000)
    values[12_345] = 50
    values[20_000:20_500] = np.nan
    rows = [{"x": value, "state": int(row > 7_777), "text": "ab"[row > 7_777]} for row, value in enumerate(values)]
    await store(context, Topic("T", struct_type(x=pa.float32(), state=pa.int32(), text=pa.string()), rows))
    series = await one(context, "T.x", points=400)
    assert series.samples == 30_000
    assert len(series.values) <= 600
    assert np.nanmax(series.values) == 50
    assert np.isnan(series.values).sum() >= 2
    state = await one(context, "T.state", points=400)
    assert list(zip(state.seconds, state.values, strict=True)) == [(0, 0), (77.78, 1), (299.99, 1)]
    assert (await one(context, "T.text", points=400)).values == ["a", "b", "b"]


async def test_texts_that_change_all_the_time_keep_their_ends(context: Context) -> None:
    rows = [{"text": None if row % 3 == 0 else str(row)} for row in range(5_000)]
    await store(context, Topic("T", struct_type(text=pa.string()), rows))
    series = await one(context, "T.text", points=100)
    assert len(series.values) <= 100
    assert (series.values[0], series.values[-1]) == (None, "4999")


async def test_zooming_in_brings_every_sample_back(context: Context) -> None:
    await store(context, ramp(30_000))
    series = await one(context, "T.x", ms(100_000), ms(100_900), points=100)
    np.testing.assert_array_equal(series.values, np.arange(9_999, 10_092))


async def test_units_and_limits_are_the_catalogues(context: Context) -> None:
    await store(context, Topic("T", struct_type(speed_kmh=pa.float32(), x=pa.float32()), [{}]))
    await save_catalogue(context, LOCAL_USER, [Entry("T.x", unit="bar", label="Oil", low=1.0)], version=0)
    data = await plot_data(context, ID, ["T.x", "T.speed_kmh"])
    assert [(one.unit, one.label, one.low) for one in data.series] == [("bar", "Oil", 1.0), ("km/h", "Speed", None)]


async def test_topics_with_dots_and_silent_ones(context: Context) -> None:
    inner = Topic("A", struct_type(B=struct_type(x=pa.int32())), [{"B": {"x": 1}}])
    silent = Topic("S", struct_type(x=pa.float64(), text=pa.string()), [])
    await store(context, inner, ramp(3, "A.B"), silent)
    assert list((await one(context, "A.B.x")).values) == [0, 1, 2]
    assert len((await one(context, "S.x")).values) == 0
    assert (await one(context, "S.text")).values == []


@pytest.mark.parametrize("name", ["T.nothing", "T", "", "T.x[0]", "T.x.y", "U.x", "T.\x00"])
async def test_a_signal_that_is_not_there(context: Context, name: str) -> None:
    await store(context, ramp(3))
    with pytest.raises(NotFound) as missing:
        await one(context, name)
    assert missing.value.code == "no_such_signal"


async def test_what_makes_no_plot(context: Context) -> None:
    await store(context, ramp(3))
    with pytest.raises(Rejected, match="empty"):
        await one(context, "T.x", 10, 9)
    with pytest.raises(Rejected, match="at most"):
        await plot_data(context, ID, [f"T.x{number}" for number in range(101)])
    assert (await plot_data(context, ID, [])).series == ()
    await context.documents.recordings.change(ID, {"build": ""})
    with pytest.raises(Conflict, match="not converted"):
        await one(context, "T.x")
    with pytest.raises(NotFound):
        await plot_data(context, "00" * 32, [])


async def test_files_are_closed_again(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    await store(context, ramp(3), ramp(3, "U"))
    open_object, opened = context.objects.open, []

    async def remembered(key: str) -> BinaryIO:
        opened.append(await open_object(key))
        return opened[-1]

    monkeypatch.setattr(context.objects, "open", remembered)
    await plot_data(context, ID, ["T.x", "U.x"])
    with pytest.raises(NotFound):
        await plot_data(context, ID, ["T.x", "U.nothing"])
    assert [file.closed for file in opened] == [True] * 4


async def test_columns_that_are_gone(context: Context, tmp_path: Path) -> None:
    await store(context, ramp(3))
    shutil.rmtree(tmp_path / "objects")
    with pytest.raises(Conflict, match="convert it again"):
        await one(context, "T.x")


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
async def test_columns_that_were_cut_off(context: Context, tmp_path: Path, kept: int) -> None:
    await store(context, ramp(300))
    (stored,) = (path for path in (tmp_path / "objects").rglob("*.parquet"))
    cut = stored.read_bytes()[:kept]
    stored.chmod(0o600)
    stored.write_bytes(cut)
    with pytest.raises(Conflict, match="convert it again") as caught:
        await one(context, "T.x")
    assert caught.value.code == "columns_damaged"


async def test_damage_anywhere_in_the_columns_is_said(context: Context, tmp_path: Path) -> None:
    await store(context, every_kind("T"))
    (stored,) = (path for path in (tmp_path / "objects").rglob("*.parquet"))
    whole = stored.read_bytes()
    stored.chmod(0o600)
    said = 0
    for place in range(0, len(whole), 211):
        stored.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        for name in ("T.f64", "T.inner.end", "T.cells[0]"):
            try:
                await one(context, name)
            except (Conflict, NotFound):  # a damaged name may be another signal's
                said += 1
    assert said


async def test_a_footer_that_has_changed_is_said_before_arrow_looks_into_it(
    context: Context, tmp_path: Path
) -> None:
    """Arrow ends the whole process at some of these, as a fuzzer showed."""
    await store(context, every_kind("T"))
    (stored,) = (path for path in (tmp_path / "objects").rglob("*.parquet"))
    whole = stored.read_bytes()
    stored.chmod(0o600)
    length = int.from_bytes(whole[-8:-4], "little") + 8
    for place in range(len(whole) - length, len(whole), 31):
        stored.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with pytest.raises(Conflict, match="convert it again"):
            await one(context, "T.f64")
    stored.write_bytes(whole)
    assert (await one(context, "T.f64")).samples


@pytest.mark.slow("a hundred MiB of texts")
async def test_long_texts_are_cut_and_never_in_memory_together(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    megabyte = 1 << 20
    rows = [{"same": "x" * megabyte, "all": f"{row:04}" + "ä" * (megabyte // 2)} for row in range(80)]
    await store(context, Topic("T", struct_type(same=pa.string(), all=pa.string()), rows), batch_rows=8)
    del rows
    cut, held = stored_channel._cut, []

    def watched(texts: pa.DictionaryArray, longest: int) -> pa.DictionaryArray:
        held.append(pa.total_allocated_bytes())
        return cut(texts, longest)

    monkeypatch.setattr(stored_channel, "_cut", watched)
    before = pa.total_allocated_bytes()
    same, every = (await plot_data(context, ID, ["T.same", "T.all"])).series
    assert set(same.values) == {"x" * LONGEST_TEXT} and len(same.values) == 80
    assert [str(text)[:5] for text in every.values] == [f"{row:04}ä" for row in range(80)]
    assert {len(str(text)) for text in every.values} == {LONGEST_TEXT}
    assert every.dtype == "string"
    assert len(held) > 4 and max(held) - before < 60 * megabyte, "a row group and what is unpacked for it"


async def test_an_answer_has_a_size(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "MAX_ALL_POINTS", 1_000)
    monkeypatch.setattr(plots, "MAX_CHARACTERS", 5_000)
    fields = {f"n{index}": pa.float64() for index in range(8)} | {f"t{index}": pa.string() for index in range(2)}
    rows = [dict.fromkeys(fields, float(row)) | {"t0": f"{row} " * 99, "t1": f"{row}"} for row in range(3_000)]
    await store(context, Topic("T", struct_type(**fields), rows))
    series = (await plot_data(context, ID, [f"T.{name}" for name in fields], points=50_000)).series
    assert sum(len(each.values) for each in series) <= 1_000 + 10 * plots.POINTS_PER_BUCKET
    texts = [text for each in series for text in each.values if isinstance(text, str)]
    assert texts and sum(map(len, texts)) <= 5_000


@pytest.mark.parametrize("name", ["T.x", "T.list[2]", "T.text"])
async def test_what_would_take_too_much_memory_is_refused_before_it_is_read(
    context: Context, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Values that are all the same are nearly nothing in the file."""
    rows = [{"x": 1.0, "list": [1.0] * 500, "text": "x" * 50 + str(row)} for row in range(2_000)]
    fields = struct_type(x=pa.float64(), list=pa.list_(pa.float64()), text=pa.string())
    await store(context, Topic("T", fields, rows))
    assert (await one(context, name)).samples == 2_000
    monkeypatch.setattr(stored_channel, "MAX_BYTES", 8 * 2_000 * 500 - 1 if "list" in name else 8 * 2_000 - 1)
    monkeypatch.setattr(stored_channel, "MAX_TEXT_BYTES", 90_000)
    with pytest.raises(Rejected, match="shorter span") as caught:
        await one(context, name)
    assert caught.value.code == "too_much_to_plot"


async def test_a_converted_log_is_drawn(team: Team, tmp_path: Path) -> None:
    simulate(tmp_path / "run.mcap", event="acceleration", rate=0.2, duration_s=15)
    recording = await team.upload((tmp_path / "run.mcap").read_bytes())
    await team.work()
    names = ["VNData.vn_vel_m_s.x", "ShutdownChain.vehicle_state", "Notice.text", "ACUAllData.cell_voltages[7]"]
    speed, state, notice, cell = (await plot_data(team.context, recording.id, names)).series
    assert (speed.unit, state.unit) == ("m/s", "")
    assert 15 < max(speed.values) < 40
    assert state.enums[state.values[0]] == "STARTUP"
    assert str(notice.values[0]).startswith("vehicle state")
    assert 3 < min(cell.values) < 4.3
    assert 0 <= speed.seconds[0] < speed.seconds[-1] <= 15


async def test_states_know_their_faults_and_a_log_of_texts_is_none(context: Context) -> None:
    fields = struct_type(inverter_fault=pa.bool_(), imd=pa.int32(), text=pa.string())
    rows = [{"inverter_fault": n > 3, "imd": n % 2, "text": f"error {n}"} for n in range(300)]
    await store(context, Topic("T", fields, rows, enums={"imd": {0: "OPEN", 1: "CLOSED"}}))
    found = [(await one(context, f"T.{name}")).faults for name in ("inverter_fault", "imd", "text")]
    assert found == [[True], [0], []], "nobody looks at each of 300 texts"
