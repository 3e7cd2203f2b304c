from __future__ import annotations

import pytest

from paddock.domain.recording import Artifact, MetadataSource, MetadataValue, Recording, Status
from paddock.usecases.context import Context
from paddock.usecases.storage.storage import Usage, storage_used

pytestmark = pytest.mark.anyio


def recording(number: int, size_bytes: int, **metadata: str) -> Recording:
    known = {name: MetadataValue(value, MetadataSource.PERSON) for name, value in metadata.items()}
    deleted_at = 1 if number == 3 else None
    return Recording(f"{number:064x}", ("a",), size_bytes, Status.READY, 0, metadata=known, deleted_at=deleted_at)


async def test_bytes_by_car_and_event(context: Context) -> None:
    recordings = [
        recording(1, 100, car="HT09", event="Endurance"),
        recording(2, 50, car="HT09", event="Endurance"),
        recording(3, 1000, car="HT08"),
        recording(4, 7),
    ]
    await context.documents.recordings.put_many(recordings)
    await context.documents.artifacts.put_many(
        [
            Artifact(str(index), recordings[index].id, kind, "", 10, 0, "")
            for index, kind in enumerate(("mat", "mat", "csv"))
        ]
    )
    used = await storage_used(context)
    assert used.groups == (
        Usage("HT08", "", 1, 1000, 10),
        Usage("HT09", "Endurance", 2, 150, 20),
        Usage("", "", 1, 7, 0),
    )
    assert used.total.total_bytes == 1187
    assert used.by_format == (("mat", 2, 20), ("csv", 1, 10))
    assert used.deleted_bytes == 1000


async def test_spellings_of_one_event_are_one_group(context: Context) -> None:
    events = ("Endurance", "endurance ", "Endurance")
    await context.documents.recordings.put_many(
        [recording(number, 10, car="ht09", event=event) for number, event in enumerate(events)]
    )
    assert (await storage_used(context)).groups == (Usage("ht09", "Endurance", 3, 30, 0),)


async def test_nothing_is_stored(context: Context) -> None:
    assert (await storage_used(context)).total == Usage()
