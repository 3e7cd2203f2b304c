"""What is inside a recording's log, which its document does not hold."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from paddock.domain.contents import Contents, contents_id
from paddock.domain.recording import Recording
from paddock.ports.documents import Documents, Equals, OneOf

_AT_ONCE = 20


async def contents_of(documents: Documents, recording: Recording) -> Contents:
    """What the conversion that the recording shows found; empty where its log was not read."""
    found = await find_contents(documents, recording)
    return found or Contents(contents_id(recording.id, recording.build), recording.id, recording.build)


async def with_contents(
    documents: Documents, recordings: Sequence[Recording]
) -> AsyncIterator[tuple[Recording, Contents]]:
    """Each recording with its ``contents_of``, in their order. Few are read at a time: some are large."""
    for start in range(0, len(recordings), _AT_ONCE):
        some = recordings[start : start + _AT_ONCE]
        wanted = OneOf("id", tuple(contents_id(each.id, each.build) for each in some))
        found = {each.recording: each for each in (await documents.contents.find([wanted], limit=_AT_ONCE)).items}
        for recording in some:
            yield recording, found.get(recording.id) or await contents_of(documents, recording)


async def find_contents(documents: Documents, recording: Recording) -> Contents | None:
    """The contents that the recording shows; None where nobody read its log, or where they were lost."""
    wanted = contents_id(recording.id, recording.build)
    found = await documents.contents.get(wanted)
    if found is None and recording.build:
        # A worker of an earlier version, which runs beside this one, may have left them inside of the recording.
        await documents.migrate_recording(recording.id)
        found = await documents.contents.get(wanted)
    return found


async def every_contents_of(documents: Documents, recording_id: str) -> AsyncIterator[Contents]:
    """What each conversion of a recording found, as far as it is kept; also one that is not shown yet."""
    after = None
    while True:
        page = await documents.contents.find([Equals("recording", recording_id)], limit=10, after=after)
        for found in page.items:
            yield found
        if page.next is None:
            return
        after = page.next
