"""Setup sheets of runs: copied from the run before, changed by several at once, compared, searched and synced."""

from __future__ import annotations

import asyncio

import pytest

from paddock.domain.contents import Contents, contents_id
from paddock.domain.principal import LOCAL_USER, Principal, PrincipalKind
from paddock.domain.recording import Recording, Signal
from paddock.domain.roles import TeamRole
from paddock.domain.setup_fields import SetupFieldValues, SetupKind
from paddock.domain.sync import BroughtIn, state_of
from paddock.domain.sync_merge import merge
from paddock.errors import Conflict, NotFound, Rejected
from paddock.usecases.context import Context
from paddock.usecases.edit.conflict import EditConflict
from paddock.usecases.edit.edit import edit_recording, history_of, undo
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.setups.book import setup_book
from paddock.usecases.setups.compare import compare_setups
from paddock.usecases.setups.fields import (
    add_setup_field,
    change_setup_field,
    load_setup_fields,
    remove_setup_field,
)
from paddock.usecases.setups.sheets import BLANK, previous_run, save_setup, setup_of
from paddock.usecases.sync.bring_in import bring_in
from tests.web.builders import STARTED_NS, build_channel, build_recording, metadata

pytestmark = pytest.mark.anyio
ADA = Principal(PrincipalKind.MEMBER, "Ada", TeamRole.ENGINEER)
BO = Principal(PrincipalKind.MEMBER, "Bo", TeamRole.ENGINEER)
HOUR_NS = 3_600_000_000_000


async def run(context: Context, number: int, car: str = "HT09", **more: object) -> Recording:
    started_ns = STARTED_NS + number * HOUR_NS
    built = build_recording(number, started_ns=started_ns, metadata=metadata(car=car), **more)  # type: ignore[arg-type]
    await context.documents.recordings.insert(built)
    return built


async def test_the_next_run_begins_as_a_copy_and_says_what_was_changed(context: Context) -> None:
    first, second = [await run(context, number) for number in (1, 2)]
    saved = await save_setup(context, ADA, first.id, {"spring_front": "35", "tire_set": "R25B", "ballast": 5})
    assert saved.setup_values == {"spring_front": 35.0, "tire_set": "R25B", "ballast": 5.0}
    assert saved.setup is not None and saved.setup.copied_from == "" and "r25b" in saved.search
    saved = await save_setup(context, BO, second.id, {"spring_front": 37.5, "ballast": None})
    assert saved.setup_values == {"spring_front": 37.5, "tire_set": "R25B"}
    assert saved.setup is not None and saved.setup.copied_from == first.id
    shown = await setup_of(context, saved)
    assert shown.changes == {"spring_front": 37.5, "ballast": None}
    assert shown.previous is not None and shown.previous.id == first.id
    assert shown.last_change is not None and shown.last_change.principal == "Bo"
    again = await save_setup(context, ADA, second.id, {"ballast": 2})
    assert again.setup_values == {"spring_front": 37.5, "tire_set": "R25B", "ballast": 2.0}, "it is copied once"


async def test_the_run_before_is_of_the_same_car_and_has_a_sheet(context: Context) -> None:
    own, other, without = [
        await run(context, number, car) for number, car in ((1, "ht09 "), (2, "HT10"), (3, "HT09"))
    ]
    now, later = await run(context, 4), await run(context, 5)
    for each in (own, other, later):
        await save_setup(context, ADA, each.id, {"ballast": 1}, copy_from=BLANK)
    found = await previous_run(context, now)
    assert found is not None and found.id == own.id and without.setup is None
    nameless = build_recording("new", metadata={}, started_ns=None)
    await context.documents.recordings.insert(nameless)
    assert await previous_run(context, nameless) is None, "it names no car, and no run without a car has a sheet"


async def test_a_sheet_is_copied_from_any_run_or_begun_blank(context: Context) -> None:
    first, second, third = [await run(context, number) for number in (1, 2, 3)]
    await save_setup(context, ADA, first.id, {"spring_front": 35, "ballast": 5})
    blank = await save_setup(context, ADA, second.id, {"ballast": 1}, copy_from=BLANK)
    assert blank.setup_values == {"ballast": 1.0}
    copied = await save_setup(context, ADA, second.id, {"ballast": 2}, copy_from=first.id)
    assert copied.setup_values == {"spring_front": 35.0, "ballast": 2.0}, "also over a sheet that is there"
    same = await save_setup(context, ADA, third.id, {}, copy_from=first.short_id)
    assert same.setup_values == {"spring_front": 35.0, "ballast": 5.0}
    emptied = await save_setup(context, ADA, third.id, {"spring_front": "", "ballast": None})
    assert emptied.setup is None and await previous_run(context, emptied) is not None
    with pytest.raises(NotFound):
        await save_setup(context, ADA, third.id, {}, copy_from="a" * 20)
    with pytest.raises(Rejected, match="springs"):
        await save_setup(context, ADA, third.id, {"springs": 1})


async def test_two_who_change_one_field_at_once_both_learn_of_it(context: Context) -> None:
    recording = await run(context, 1)
    seen = await save_setup(context, ADA, recording.id, {"spring_front": 35, "ballast": 5})
    await save_setup(context, ADA, recording.id, {"spring_front": 37}, version=seen.version)
    both = await save_setup(context, BO, recording.id, {"ballast": 4}, version=seen.version)
    assert both.setup_values == {"spring_front": 37.0, "ballast": 4.0}, "other fields are no conflict"
    with pytest.raises(EditConflict) as met:
        await save_setup(context, BO, recording.id, {"spring_front": 33, "ballast": 4}, version=seen.version)
    (difference,) = met.value.differences
    assert (difference.field, difference.yours, difference.theirs, difference.by) == (
        "setup.spring_front",
        "33",
        "37",
        "Ada",
    )
    chosen = await save_setup(context, BO, recording.id, {"spring_front": 33}, version=met.value.version)
    assert chosen.setup_values["spring_front"] == 33.0


async def test_of_many_at_once_nobodys_field_is_lost(context: Context) -> None:
    first, recording = await run(context, 1), await run(context, 2)
    await save_setup(context, ADA, first.id, {"tire_set": "R25B"})
    fields = ["spring_front", "spring_rear", "camber_front", "ballast", "wing_front", "brake_bias"]
    await asyncio.gather(
        *(save_setup(context, ADA, recording.id, {name: place}) for place, name in enumerate(fields)),
        edit_recording(context, BO, recording.id, metadata={"driver": "Eve"}),
    )
    stored = await get_recording(context, recording.id)
    assert stored.setup_values == {"tire_set": "R25B", **{name: float(place) for place, name in enumerate(fields)}}
    assert stored.metadata["driver"].value == "Eve"
    named = {change.field for change in (await history_of(context, stored)).items}
    assert named == {"driver", "setup.tire_set", *(f"setup.{name}" for name in fields)}


async def test_a_change_is_undone_as_what_it_was(context: Context) -> None:
    recording = await run(context, 1)
    await save_setup(context, ADA, recording.id, {"spring_front": 35.25, "tire_set": "12"})
    stored = await save_setup(context, ADA, recording.id, {"spring_front": 40, "tire_set": "012"})
    for change in (await history_of(context, stored)).items[:2]:
        stored = await undo(context, BO, recording.id, change.id)
    assert stored.setup_values == {"spring_front": 35.25, "tire_set": 12.0}


async def test_a_comparison_has_the_sheets_and_what_the_logs_say_themselves(context: Context) -> None:
    runs = [await run(context, number, build=f"build{number}") for number in (1, 2)]
    for recording, limit in zip(runs, ("40", "45"), strict=True):
        channel = build_channel("drivebrain_config")
        contents = Contents(
            contents_id(recording.id, recording.build),
            recording.id,
            recording.build,
            channels=(channel, build_channel("VNData")),
            file_metadata=(("setup", {"regen": limit, "car": "HT09"}),),
        )
        await context.documents.contents.insert(contents)
        await context.documents.signals.put_many(
            [
                Signal(f"{recording.id}a", recording.id, "drivebrain_config.limit", "float", last=float(limit)),
                Signal(f"{recording.id}b", recording.id, "VNData.speed", "float", last=1.0),
            ]
        )
    await save_setup(context, ADA, runs[0].id, {"spring_front": 35, "ballast": 5})
    await save_setup(context, ADA, runs[1].id, {"spring_front": 37.5})
    compared = await compare_setups(context, [each.short_id for each in runs])
    assert [(row.name, row.values) for row in compared.rows if row.differs] == [("spring_front", (35.0, 37.5))]
    assert [(row.record, row.key, row.values) for row in compared.log if row.differs] == [
        ("setup", "regen", ("40", "45")),
        ("drivebrain_config", "limit", ("40", "45")),
    ]
    assert [row.key for row in compared.log if not row.differs] == ["car"], "no other topic is a configuration"
    with pytest.raises(Rejected, match="2 to 10"):
        await compare_setups(context, [runs[0].id])


async def test_the_book_says_of_each_run_what_was_changed_for_it(context: Context) -> None:
    for number, car, values in (
        (1, "HT09", {"spring_front": 35, "ballast": 5}),
        (2, "HT10", {"spring_front": 50}),
        (3, "ht09", {"spring_front": 37}),
        (4, "HT09", {}),
        (5, "HT09", {"ballast": 0}),
    ):
        recording = await run(context, number, car)
        if values:
            await save_setup(context, ADA, recording.id, values)
    book = await setup_book(context)
    assert [(entry.recording.name, entry.changes, entry.is_first) for entry in book.entries] == [
        ("run_5.mcap", {"ballast": 0.0}, False),
        ("run_3.mcap", {"spring_front": 37.0}, False),
        ("run_2.mcap", {}, True),
        ("run_1.mcap", {}, True),
    ]
    first = await setup_book(context, metadata={"car": ("HT09",)}, limit=1)
    assert first.entries[0].changes == {"ballast": 0.0}, "the run before is on the next page"
    rest = await setup_book(context, metadata={"car": ("HT09",)}, after=first.next)
    assert [entry.recording.name for entry in rest.entries] == ["run_3.mcap", "run_1.mcap"]


async def test_fields_are_added_changed_removed_and_come_back(context: Context) -> None:
    recording = await run(context, 1)
    said = SetupFieldValues(label="Damper clicks", group="Springs and bars")
    added = await add_setup_field(context, ADA, said)
    assert added.id == "damper_clicks"
    with pytest.raises(Conflict, match="already"):
        await add_setup_field(context, ADA, SetupFieldValues(label="Clicks"), name="damper_clicks")
    await save_setup(context, ADA, recording.id, {"damper_clicks": 7})
    await remove_setup_field(context, ADA, "damper_clicks")
    with pytest.raises(Rejected, match="damper_clicks"):
        await save_setup(context, ADA, recording.id, {"damper_clicks": 8})
    with pytest.raises(NotFound):
        await remove_setup_field(context, ADA, "damper_clicks")
    back = SetupFieldValues(label="Clicks", kind=SetupKind.TEXT)
    assert (await add_setup_field(context, ADA, back, name="damper_clicks")).label == "Clicks"
    assert (await save_setup(context, ADA, recording.id, {"ballast": 1})).setup_values["damper_clicks"] == 7.0
    await change_setup_field(context, ADA, "ballast", SetupFieldValues(label="Lead", unit="lb"))
    await remove_setup_field(context, ADA, "spring_rear")
    fields = await load_setup_fields(context)
    assert (fields.label("ballast"), fields.unit("ballast")) == (
        "Lead",
        "lb",
    ) and "spring_rear" not in fields.by_name
    with pytest.raises(NotFound):
        await change_setup_field(context, ADA, "springs", back)


async def test_a_sync_carries_each_value_as_what_it_is(context: Context) -> None:
    recording = await run(context, 1)
    other = build_recording(2)
    await context.documents.recordings.insert(other)
    there = await save_setup(context, ADA, other.id, {"spring_front": 35.5, "tire_set": "12", "arb_front": "soft"})
    here = await save_setup(context, BO, recording.id, {"ballast": 3})

    theirs = state_of(there, (await history_of(context, there)).items)
    brought = BroughtIn(version=here.version, values={k: v for k, v in theirs.values.items() if "." in k})
    stored = await bring_in(context, LOCAL_USER, here.id, brought)
    assert stored.setup_values == {**there.setup_values, "ballast": 3.0}


async def test_a_value_that_was_taken_away_is_taken_away_on_the_other_paddock(context: Context) -> None:
    recording = await run(context, 1)
    saved = await save_setup(context, ADA, recording.id, {"ballast": 3, "spring_front": 35})
    before = state_of(saved, (await history_of(context, saved)).items)
    removed = await save_setup(context, ADA, recording.id, {"ballast": None})
    after = state_of(removed, (await history_of(context, removed)).items)
    merged = merge(before, after, now=1)
    assert {field: said.value for field, said in merged.here.values.items()} == {"setup.ballast": None}
    assert not merged.disagreements and merged.there.values == {}
