from __future__ import annotations

from pathlib import Path

import pytest

from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Attachment, Recording
from paddock.errors import NotFound
from paddock.usecases.context import Context
from paddock.usecases.conversion.reprocess import reprocess
from paddock.usecases.look.attachments import MAX_LISTED, listed, open_attachment
from tests.readers.mcap.builders import STARTED_NS, LogBuilder, car_log
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio


def log_with(*files: tuple[str, bytes], chunk_size: int = 1024) -> bytes:
    """A log with these attachments, and one message."""
    log = LogBuilder(chunk_size=chunk_size)
    for name, data in files:
        log.writer.add_attachment(STARTED_NS, STARTED_NS + 1, name, "text/plain", data)
    log.add(log.channel("lap"), 0, {"lap": 1})
    return log.finish()


async def bytes_of(
    context: Context, recording: Recording, number: int, start: int = 0, end: int = 1 << 40
) -> bytes:
    found = await open_attachment(context, recording, number)
    return b"".join([piece async for piece in found.read(start, end)])


async def test_what_the_log_carries_is_listed_and_read_from_the_original(context: Context, team: Team) -> None:
    uploaded = await team.upload(log_with(("a.txt", b"box this lap"), ("b.bin", bytes(range(256)) * 9000)))
    assert (await team.contents(uploaded.id)).attachments == (), "not before the log was read"
    await team.work()
    recording = await team.recording(uploaded.id)
    attachments = (await team.contents(uploaded.id)).attachments
    assert [(each.name, each.media_type, each.size_bytes) for each in attachments] == [
        ("a.txt", "text/plain", 12),
        ("b.bin", "text/plain", 256 * 9000),
    ]
    assert (attachments[0].log_time, attachments[0].create_time) == (STARTED_NS + 1, STARTED_NS)
    assert await bytes_of(context, recording, 0) == b"box this lap"
    assert await bytes_of(context, recording, 0, 4, 8) == b"this"
    assert await bytes_of(context, recording, 1) == bytes(range(256)) * 9000
    assert not [key for key in await team.keys() if key.startswith("files/")], "nothing is stored twice"


async def test_there_are_only_those_that_are_listed(context: Context, team: Team) -> None:
    uploaded = await team.upload(car_log(8))
    await team.work()
    recording = await team.recording(uploaded.id)
    for number in (-1, 1, 1 << 40):
        with pytest.raises(NotFound) as refused:
            await open_attachment(context, recording, number)
        assert refused.value.code == "no_such_attachment"


async def test_converting_again_fills_the_list_of_an_old_document(context: Context, team: Team) -> None:
    uploaded = await team.upload(car_log(8))
    await team.work()
    await context.documents.recordings.change(uploaded.id, {"converter": "0.0.1"})
    await context.documents.contents.change((await team.contents(uploaded.id)).id, {"attachments": ()})
    assert (await team.contents(uploaded.id)).attachments == ()
    assert (await reprocess(context, LOCAL_USER)).asked == 1
    await team.work()
    assert [each.name for each in (await team.contents(uploaded.id)).attachments] == ["notes.txt"]


@pytest.mark.parametrize(
    ("name", "saved_as"),
    [
        ("/data/setup/../notes.txt", "notes.txt"),
        ("C:\\car\\x.html", "x.html"),
        ("..", "attachment"),
        ("", "attachment"),
    ],
)
async def test_a_name_is_never_a_path(context: Context, team: Team, name: str, saved_as: str) -> None:
    uploaded = await team.upload(log_with((name, b"x")))
    await team.work()
    recording = await team.recording(uploaded.id)
    assert (await team.contents(uploaded.id)).attachments[0].name == name
    assert (await open_attachment(context, recording, 0)).file_name == saved_as


def test_a_document_lists_a_bounded_number_and_says_that_there_are_more() -> None:
    one = Attachment("n" * 5_000_000, "m" * 5_000_000, 0, 0, 9, 1)
    kept, said = listed((one,) * (MAX_LISTED + 2))
    assert len(kept) == MAX_LISTED
    assert (len(kept[0].name), len(kept[0].media_type)) == (200, 200)
    assert said == ("2 more attachments are in the log than are listed.",)
    assert listed((one,))[1] == ()


async def test_the_original_may_be_gone(context: Context, team: Team, tmp_path: Path) -> None:
    uploaded = await team.upload(car_log(8))
    await team.work()
    await context.objects.delete(f"raw/{uploaded.id}.mcap")
    with pytest.raises(NotFound) as refused:
        await open_attachment(context, await team.recording(uploaded.id), 0)
    assert refused.value.code == "original_missing"
