"""What came by radio, beside the car's own log of the same time."""

from __future__ import annotations

import pytest

from paddock.domain.recording import Recording, StartedSource
from paddock.domain.streams import Gap, Stream, StreamState
from paddock.usecases.context import Context
from paddock.usecases.devices.radio import radio_of
from tests.web.builders import build_recording, metadata

pytestmark = pytest.mark.anyio

S = 10**9
T = 1_776_522_720 * S


async def recorded(context: Context, name: str, starts_s: int, lasts_s: int, car: str = "HT09") -> Recording:
    made = build_recording(
        name, started_ns=T + starts_s * S, duration_ns=lasts_s * S, metadata=metadata(car=car) if car else {}
    )
    await context.documents.recordings.insert(made)
    return made


async def sent(context: Context, name: str, starts_s: int, lasts_s: int) -> Recording:
    made = await recorded(context, name, starts_s, lasts_s)
    stream = Stream(
        id=name,
        device="ht09",
        name="HT09",
        state=StreamState.RECORDED,
        recording=made.id,
        gaps=(Gap(T, T + S, 4),),
        gap_count=1,
        missing=4,
    )
    await context.documents.streams.insert(stream)
    return made


async def test_the_cars_own_log_is_the_better_one_and_the_radios_copy_stays_linked(context: Context) -> None:
    first, second = await sent(context, "radio 1", 5, 300), await sent(context, "radio 2", 306, 290)
    lonely = await sent(context, "radio 3", 5_000, 100)
    own = await recorded(context, "own", 0, 600)
    await recorded(context, "other car", 0, 600, car="HT08")
    await recorded(context, "unknown car", 0, 600, car="")
    await recorded(context, "own, before", -900, 950)
    for copy in (first, second):
        radio = await radio_of(context, copy)
        assert radio.stream is not None and radio.stream.missing == 4
        assert radio.better == own and radio.copies == ()
    radio = await radio_of(context, own)
    assert radio.stream is None and radio.better is None
    assert [each.recording.id for each in radio.copies] == [first.id, second.id]
    radio = await radio_of(context, lonely)
    assert radio.better is None and radio.stream is not None
    await context.documents.recordings.change(own.id, {"deleted_at": T})
    assert (await radio_of(context, first)).better is None


async def test_what_the_radio_sent_late_is_of_the_time_that_it_says(context: Context) -> None:
    late = await sent(context, "late", 400, 300)
    corrected = {"clock_offset_ns": 390 * S, "started_source": StartedSource.CLOCK_OFFSET}
    await context.documents.recordings.change(late.id, corrected)
    late = await context.documents.recordings.get(late.id) or late
    own = await recorded(context, "own", 0, 350)
    assert (await radio_of(context, late)).better == own
    assert [each.recording for each in (await radio_of(context, own)).copies] == [late]


async def test_a_recording_without_car_or_time_has_nothing_beside_it(context: Context) -> None:
    nothing = await recorded(context, "nothing", 0, 0)
    radio = await radio_of(context, nothing)
    assert (radio.stream, radio.better, radio.copies) == (None, None, ())
