from __future__ import annotations

import pytest

from paddock.usecases.look.file_metadata import MAX_LISTED_BYTES, listed
from tests.readers.mcap.builders import LogBuilder
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio


def test_a_document_lists_what_fits_in_file_order() -> None:
    small = ("setup", {"driver": "Zoë"})
    large = ("dump", {"core": "é" * (MAX_LISTED_BYTES // 2)})
    assert listed([small, small]) == ((small, small), ())
    assert listed([small, large, small]) == (
        (small, small),
        ("1 more metadata records are in the log than are listed.",),
    )
    many = [("", {})] * 200_000
    assert 10_000 < len(listed(many)[0]) < 100_000, "a log of empty records has a bound too"


async def test_one_that_is_too_large_is_said_and_the_others_are_there(team: Team) -> None:
    log = LogBuilder()
    log.writer.add_metadata("dump", {"core": "x" * 2_000_000})
    log.writer.add_metadata("setup", {"driver": "Ada"})
    log.add(log.channel("lap"), 0, {"lap": 1})
    uploaded = await team.upload(log.finish())
    await team.work()
    recording = await team.recording(uploaded.id)
    assert (await team.contents(uploaded.id)).file_metadata == (("setup", {"driver": "Ada"}),)
    assert recording.metadata["driver"].value == "Ada"
    assert recording.notices == ("1 more metadata records are in the log than are listed.",)
    assert recording.health == "intact"
