"""Maths channels: from then on they are signals of every recording, and follow what the team says of them."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import zipfile
from pathlib import Path

import msgspec
import pytest
from mcap.reader import make_reader

from paddock.domain.catalogue import Entry
from paddock.domain.export import DEFAULT_EXPORT, ExportRequest
from paddock.domain.job import JobState
from paddock.domain.laps import Lap
from paddock.domain.maths_channels import MathsText, channel_id
from paddock.domain.maths_language.fault import Fault
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Artifact, Signal
from paddock.domain.rules import Comparison, RuleText
from paddock.errors import Conflict, NotFound, Rejected
from paddock.ports.documents import Equals, HasSignal
from paddock.simulator.log import simulate
from paddock.usecases.alerts.alerts import Wanted, find_alerts
from paddock.usecases.alerts.rules import add_rule
from paddock.usecases.catalogue.catalogue import load_catalogue, save_catalogue
from paddock.usecases.catalogue.signal_names import complete_name
from paddock.usecases.conversion.reprocess import reprocess_one
from paddock.usecases.find.search import Search, search_recordings
from paddock.usecases.laps.find import laps_of, mark_laps
from paddock.usecases.look.overview import known_signals
from paddock.usecases.look.plots import plot_data
from paddock.usecases.maths.catalogue_file import export_file, import_file
from paddock.usecases.maths.channels import (
    add_channel,
    change_channel,
    get_channel,
    remove_channel,
    replace_channels,
    uses_of,
    versions_of,
)
from paddock.usecases.maths.check import check_text
from paddock.usecases.maths.names import all_channels
from paddock.usecases.storage.fsck import fsck
from paddock.usecases.take_away.export import request_export
from tests.logs import small_log
from tests.matlab_files import loadmat
from tests.usecases.conftest import Team

pytestmark = [pytest.mark.anyio, pytest.mark.slow("converts logs and makes files of them")]

TEXT = "Pedals.throttle * 2 + Pedals.brake"
"""In ``small_log`` throttle is 0, 0.1 … 4.9, brake 0.5."""


@pytest.fixture
async def run(team: Team) -> str:
    recording = await team.upload(small_log())
    await team.work()
    return recording.id


async def add(team: Team, text: str = TEXT, name: str = "both", **more: object) -> str:
    said = MathsText(name=name, text=text, **more)  # type: ignore[arg-type]
    added = await add_channel(team.context, LOCAL_USER, said)
    await team.work()
    return added.id


async def signal(team: Team, run: str, name: str = "both.value") -> Signal | None:
    return await team.context.documents.signals.get(f"{run}:{name}")


async def found(team: Team, comparison: HasSignal) -> list[str]:
    page = await search_recordings(team.context, Search(comparisons=(comparison,)))
    return [each.id for each in page.items]


async def made(team: Team, run: str, **request: object) -> tuple[Artifact, bytes]:
    asked = await request_export(team.context, LOCAL_USER, run, ExportRequest(**request))  # type: ignore[arg-type]
    await team.work()
    artifact = await team.context.documents.artifacts.get(asked.id)
    assert artifact is not None
    file = await team.context.objects.open(artifact.key)
    with file:
        return artifact, file.read()


async def test_it_is_a_signal_of_the_recordings_that_are_there(team: Team, run: str) -> None:
    await add(team)
    stored = await signal(team, run)
    assert stored is not None
    assert (stored.count, stored.min, stored.max, stored.dtype) == (50, 0.5, pytest.approx(10.3), "double")
    contents = await team.contents(run)
    assert [channel.topic for channel in contents.channels] == ["Pedals", "both"]
    assert [channel.topic for channel in contents.own_channels] == ["Pedals"]
    (derived,) = contents.derived
    assert (derived.name, derived.version, derived.error) == ("both", 1, "")
    assert derived.used == ("Pedals.throttle", "Pedals.brake")


async def test_it_is_a_signal_of_logs_that_come_and_of_those_converted_anew(team: Team) -> None:
    await add(team)
    run = (await team.upload(small_log())).id
    assert await team.work() == ["ingest", "convert", "derive"]
    assert await signal(team, run) is not None
    await reprocess_one(team.context, LOCAL_USER, run)
    await team.work()
    assert await signal(team, run) is not None
    assert len((await team.contents(run)).channels) == 2
    faults = [fault async for fault in fsck(team.context)]
    assert not faults


async def test_plots_take_it_by_its_name(team: Team, run: str) -> None:
    await add(team, "both = Pedals.throttle * 2 + Pedals.brake", name="", unit="bar")
    for name in ("both", "both.value"):
        (series,) = (await plot_data(team.context, run, [name, "Pedals.brake"])).series[:1]
        assert (series.name, series.label, series.unit, series.drawing) == (name, "both", "bar", "line")
        assert series.values[:3] == pytest.approx([0.5, 0.7, 0.9])


@pytest.mark.parametrize("name", ["both", "both.value", "BOTH"])
async def test_the_query_builder_finds_recordings_by_its_statistics(team: Team, run: str, name: str) -> None:
    other = await team.upload(small_log(10, driver="Mei"))
    await add(team)
    assert await found(team, HasSignal(name, "max", ">", 5)) == [run]
    assert await found(team, HasSignal(name, "max", "<", 5)) == [other.id]
    assert not await found(team, HasSignal(name, "max", ">", 50))
    assert "both.value" in [each.id for each in await complete_name(team.context, "bot")]


async def test_every_format_has_it(team: Team, run: str) -> None:
    await add(team)
    _, table = await made(team, run, format="csv", signals=("both",))
    rows = list(csv.DictReader(io.StringIO(table.decode())))
    assert len(rows) == 50 and float(rows[2]["value"]) == pytest.approx(0.9)
    _, whole = await made(team, run, format="parquet")
    with zipfile.ZipFile(io.BytesIO(whole)) as files:
        assert sorted(files.namelist()) == ["Pedals.parquet", "both.parquet"]
    _, log = await made(team, run, format="mcap", signals=("both", "Pedals"))
    summary = make_reader(io.BytesIO(log)).get_summary()
    assert summary is not None
    assert {channel.topic for channel in summary.channels.values()} == {"both", "Pedals"}
    for format_, layout in (("mat", "hytech-v1"), ("mat", "hytech-v2"), ("h5", ""), ("arrow", "")):
        artifact, content = await made(team, run, format=format_, layout=layout, signals=("both",))
        assert content and not artifact.left_out


async def test_the_matlab_file_has_it_when_ticked(team: Team, run: str, tmp_path: Path) -> None:
    async def default() -> dict[str, object]:
        page = await team.context.documents.artifacts.find([Equals("purpose", "default")])
        newest = max(page.items, key=lambda artifact: artifact.created_at)
        with await team.context.objects.open(newest.key) as file:
            (tmp_path / "run.mat").write_bytes(file.read())
        return dict(loadmat(tmp_path / "run.mat", simplify_cells=True))

    channel = await add(team)
    assert "both" not in await default()
    said = (await get_channel(team.context, channel)).said
    await change_channel(team.context, LOCAL_USER, channel, msgspec.structs.replace(said, in_mat=True))
    await team.work()
    file = await default()
    assert file["both"]["value"][:2] == pytest.approx([0.5, 0.7])  # type: ignore[index]
    assert "Pedals" in file
    await change_channel(team.context, LOCAL_USER, channel, said)
    await team.work()
    assert "both" not in await default()
    _, same = await made(team, run, format="mat")
    assert same


async def test_another_text_is_another_version_computed_in_the_background(team: Team, run: str) -> None:
    channel = await add(team)
    before, _ = await made(team, run, format="csv", signals=("both",))
    other, _ = await made(team, run, format="csv", signals=("Pedals",))
    said = (await get_channel(team.context, channel)).said
    changed = await change_channel(
        team.context, LOCAL_USER, channel, msgspec.structs.replace(said, text="Pedals.throttle * 3")
    )
    assert (changed.version, changed.edition) == (2, 2)
    (derived,) = (await team.contents(run)).derived
    assert derived.version == 1, "as it was computed, until the job has run"
    await team.work()
    stored = await signal(team, run)
    assert stored is not None and stored.max == pytest.approx(14.7)
    (derived,) = (await team.contents(run)).derived
    assert derived.version == 2
    after, _ = await made(team, run, format="csv", signals=("both",))
    assert after.id != before.id, "a link to the old version goes on serving that"
    assert (await made(team, run, format="csv", signals=("Pedals",)))[0].id == other.id
    keys = await team.keys()
    assert len([key for key in keys if key.startswith("columns/channel=both-")]) == 1
    assert [each.text for each in await versions_of(team.context, changed)] == ["Pedals.throttle * 3", TEXT]


async def test_a_note_computes_nothing_anew(team: Team, run: str) -> None:
    channel = await add(team)
    slug = (await team.contents(run)).derived[0].slug
    said = (await get_channel(team.context, channel)).said
    changed = await change_channel(
        team.context, LOCAL_USER, channel, msgspec.structs.replace(said, note="why", unit="bar")
    )
    assert changed.version == 1
    await team.work()
    (derived,) = (await team.contents(run)).derived
    assert (derived.slug, derived.unit) == (slug, "bar")


async def test_channels_are_made_of_channels_and_follow_them(team: Team, run: str) -> None:
    inner = await add(team, "Pedals.throttle * gain", name="inner", constants={"gain": 2.0})
    await add(team, "inner + 1", name="outer")
    stored = await signal(team, run, "outer.value")
    assert stored is not None and stored.max == pytest.approx(10.8)
    said = (await get_channel(team.context, inner)).said
    await change_channel(team.context, LOCAL_USER, inner, msgspec.structs.replace(said, constants={"gain": 3.0}))
    await team.work()
    stored = await signal(team, run, "outer.value")
    assert stored is not None and stored.max == pytest.approx(15.7)
    uses = await uses_of(team.context, await get_channel(team.context, inner))
    assert [each.name for each in uses.channels] == ["outer"] and uses.recordings == 1


async def test_renamed_it_is_renamed_in_what_uses_it(team: Team, run: str) -> None:
    inner = await add(team, "Pedals.throttle * 2", name="inner")
    outer = await add(team, "inner / (inner.value + 1)", name="outer")
    said = (await get_channel(team.context, inner)).said
    renamed = await change_channel(team.context, LOCAL_USER, inner, msgspec.structs.replace(said, name="gas"))
    assert (await get_channel(team.context, outer)).text == "gas / (gas.value + 1)"
    with pytest.raises(NotFound):
        await get_channel(team.context, inner)
    assert len(await versions_of(team.context, renamed)) == 2
    await team.work()
    assert await signal(team, run, "inner.value") is None and await signal(team, run, "gas.value") is not None
    assert [each.id for each in await complete_name(team.context, "inner")] == []


async def test_removed_it_is_gone_everywhere(team: Team, run: str) -> None:
    channel = await add(team, in_mat=True)
    await remove_channel(team.context, LOCAL_USER, channel)
    await team.work()
    assert await signal(team, run) is None
    recording = await team.recording(run)
    assert (recording.derived, recording.derived_in_mat) == ({}, ())
    assert [each.topic for each in (await team.contents(run)).channels] == ["Pedals"]
    assert not [key for key in await team.keys() if key.startswith("columns/channel=both-")]
    with pytest.raises(Rejected, match="matches 'both'"):
        await request_export(team.context, LOCAL_USER, run, ExportRequest(format="csv", signals=("both",)))


async def test_one_that_cannot_be_computed_says_why_and_costs_nobody_else(team: Team, run: str) -> None:
    await add(team, "Pedals.throttle + Gearbox.oil", name="wrong")
    await add(team)
    by_name = {each.name: each for each in (await team.contents(run)).derived}
    assert (by_name["wrong"].slug, by_name["wrong"].position) == ("", 18)
    assert "no signal Gearbox.oil" in by_name["wrong"].error
    assert await signal(team, run) is not None
    jobs = await team.context.documents.jobs.find(limit=100)
    assert {job.state for job in jobs.items} == {JobState.DONE}


async def test_one_for_a_car_goes_before_the_one_for_all(team: Team) -> None:
    first = (await team.upload(small_log())).id
    team.metadata["car"] = "HT08"
    second = (await team.upload(small_log(driver="Mei"))).id
    await team.work()
    await add(team, "Pedals.throttle * 10")
    await add(team, "Pedals.throttle", car="ht08")
    values = [await signal(team, first), await signal(team, second)]
    assert [each and each.max for each in values] == [pytest.approx(49), pytest.approx(4.9)]


async def test_it_survives_a_rename_of_the_signal_that_the_catalogue_knows(team: Team, run: str) -> None:
    catalogue = await load_catalogue(team.context)
    entry = Entry("Pedals.throttle", aliases=("Pedals2.gas",), unit="%")
    await save_catalogue(team.context, LOCAL_USER, [entry], version=catalogue.version)
    await add(team, "Pedals2.gas / 100", name="share")
    assert await signal(team, run, "share.value") is not None
    await add(team, "role.throttle - throttle", name="nothing")
    stored = await signal(team, run, "nothing.value")
    assert stored is not None and (stored.min, stored.max) == (0, 0)


async def test_units_are_derived_and_refused(team: Team, run: str) -> None:
    entries = [Entry("Pedals.throttle", unit="m/s"), Entry("Pedals.brake", unit="rpm")]
    await save_catalogue(team.context, LOCAL_USER, entries, version=0)
    channel = await get_channel(team.context, await add(team, "derivative(Pedals.throttle)", name="slope"))
    assert channel.unit == "m/s²"
    with pytest.raises(Fault, match=r"m/s and Pedals\.brake in rpm, which cannot be added") as caught:
        await add(team, "Pedals.throttle + Pedals.brake")
    assert caught.value.span.start == 18
    known = {
        each.described.name: each.described for each in await known_signals(team.context, await team.recording(run))
    }
    assert (known["slope.value"].unit, known["slope.value"].label) == ("m/s²", "slope")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (MathsText(name="a b", text="1"), "bad_maths"),
        (MathsText(name="pi", text="Pedals.throttle"), "bad_maths"),
        (MathsText(name="", text="Pedals.throttle"), "bad_maths"),
        (MathsText(name="x", text="y = Pedals.throttle"), "bad_maths"),
        (MathsText(name="x", text="Pedals.throttle", unit="m//s"), "bad_maths"),
        (MathsText(name="x", text="Pedals.throttle", constants={"a b": 1}), "bad_maths"),
        (MathsText(name="x", text="Pedals.throttle +"), "bad_maths"),
        (MathsText(name="Pedals", text="Pedals.throttle"), "name_taken"),
    ],
)
async def test_what_means_nothing_is_refused(team: Team, run: str, said: MathsText, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        await add_channel(team.context, LOCAL_USER, said)
    assert caught.value.code == code


async def test_two_of_one_name_and_concurrent_edits_are_conflicts(team: Team, run: str) -> None:
    channel = await add(team)
    with pytest.raises(Conflict):
        await add(team)
    said = MathsText(name="both", text="Pedals.brake")
    await change_channel(team.context, LOCAL_USER, channel, said, edition=1)
    with pytest.raises(Conflict, match="changed this channel meanwhile"):
        await change_channel(team.context, LOCAL_USER, channel, said, edition=1)


async def test_an_imported_file_replaces_them_all(team: Team, run: str) -> None:
    kept, gone = await add(team), await add(team, "Pedals.brake", name="gone")
    await replace_channels(
        team.context,
        LOCAL_USER,
        [MathsText(name="both", text="Pedals.brake * 4"), MathsText(name="new", text="Pedals.brake * 5")],
    )
    await team.work()
    assert (await get_channel(team.context, kept)).version == 2
    with pytest.raises(NotFound):
        await get_channel(team.context, gone)
    assert sorted((await team.recording(run)).derived) == ["both", "new"]


async def test_a_check_says_unit_and_preview_and_keeps_nothing(team: Team, run: str) -> None:
    checked = await check_text(team.context, MathsText(text=f"both = {TEXT}"), run)
    assert (checked.name, checked.signals) == ("both", ("Pedals.throttle", "Pedals.brake"))
    preview = checked.preview
    assert preview is not None
    assert (preview.samples, preview.low, preview.is_whole) == (50, 0.5, True)
    assert preview.seconds[:2].tolist() == [0, 0.1] and preview.values[1] == pytest.approx(0.7)
    with pytest.raises(Fault) as caught:
        await check_text(team.context, MathsText(text="Pedals.throttle + nothing"), run)
    assert caught.value.span == (18, 25)
    assert await team.work() == []


async def test_the_default_request_is_the_same_file_while_nothing_is_ticked(team: Team, run: str) -> None:
    before, _ = await made(team, run, **msgspec.structs.asdict(DEFAULT_EXPORT))
    await add(team)
    after, _ = await made(team, run, **msgspec.structs.asdict(DEFAULT_EXPORT))
    assert before.id == after.id
    assert json.loads(after.request)["format"] == "mat"


async def test_the_catalogues_file_has_them(team: Team, run: str) -> None:
    await add(team, "Pedals.throttle / gear", constants={"gear": 11.86}, note='says "why"', in_mat=True)
    await add(team, '"Pedals.brake" * 2', name="doubled", car="HT09", unit="bar")
    text = await export_file(team.context)
    before = [(await get_channel(team.context, each)).said for each in ("both", channel_id("doubled", "HT09"))]
    await import_file(team.context, LOCAL_USER, "[[signals]]\nname = 'Pedals.brake'\n", version=0)
    assert len(await all_channels(team.context)) == 2, "a file without any leaves them"
    await remove_channel(team.context, LOCAL_USER, "both")
    await import_file(team.context, LOCAL_USER, text, version=1)
    assert [each.said for each in await all_channels(team.context)] == before
    with pytest.raises(Rejected, match="Maths channel 1, x,: Something is missing"):
        await import_file(team.context, LOCAL_USER, '[[maths]]\nname = "x"\ntext = "a +"\n', version=2)


async def test_laps_number_and_distance_follow_the_laps_of_the_recording(team: Team, tmp_path: Path) -> None:
    simulate(tmp_path / "run.mcap", event="autocross", laps=1, rate=0.1)
    run = (await team.upload((tmp_path / "run.mcap").read_bytes())).id
    await team.work()

    async def mark(*seconds: float) -> list[Lap]:
        await mark_laps(team.context, LOCAL_USER, await team.recording(run), seconds)
        await team.work()
        return [stored.lap for stored in (await laps_of(team.context, await team.recording(run))).laps]

    laps = await mark(10, 20, 30)
    await add(team, "lap()", name="on_lap")
    await add(team, "distance()", name="along")
    on_lap, along = await signal(team, run, "on_lap.value"), await signal(team, run, "along.value")
    assert on_lap is not None and on_lap.max == max(lap.number for lap in laps)
    lengths = [lap.distance_m for lap in laps if lap.distance_m]
    assert along is not None and along.max is not None and along.min == pytest.approx(0, abs=1)
    assert along.max == pytest.approx(max(lengths), rel=0.05)
    slug = (await team.recording(run)).derived["on_lap"]
    assert len(await mark(10, 20, 25, 30)) > len(laps)
    assert (await team.recording(run)).derived["on_lap"] != slug, "other laps, other values"
    checked = await check_text(team.context, MathsText(text="VNData.vn_vel_m_s.x * lap()"), run)
    assert checked.preview is not None and checked.preview.known > 0


async def test_rules_look_at_it_by_its_name_in_logs_that_come(team: Team) -> None:
    said = RuleText(name="Too much", signal="both", comparison=Comparison.ABOVE, limit=5.0)
    await add_rule(team.context, LOCAL_USER, said, on=True)
    await add(team)
    run = (await team.upload(small_log())).id
    await team.work()
    (alert,) = (await find_alerts(team.context, Wanted(recording=run))).items
    assert (alert.signal, alert.value) == ("both.value", pytest.approx(5.1))


async def test_another_catalogue_has_it_computed_where_names_mean_something_else(team: Team, run: str) -> None:
    await add(team, "gas * 2", name="twice")
    assert (await team.contents(run)).derived[0].error
    clock = team.context.now()
    entry = Entry("Pedals.throttle", aliases=("gas",))
    await save_catalogue(team.context, LOCAL_USER, [entry], version=0)
    assert await team.work() == [], "somebody may be changing more"
    team.context = dataclasses.replace(team.context, now=lambda: clock + 120 * 10**9)
    await team.work()
    assert (await team.contents(run)).derived[0].error == "" and await signal(team, run, "twice.value") is not None
