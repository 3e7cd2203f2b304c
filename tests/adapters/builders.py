"""Documents and bytes for the contract suites, and short ways to read them back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from paddock.domain.job import Job
from paddock.domain.recording import MetadataSource, MetadataValue, Recording, Signal, Status
from paddock.ports.documents import Collection, Condition, Documents, Sort, T
from paddock.ports.objects import Objects
from tests.adapters.conftest import Side

MIB = 1024 * 1024
INT64_MAX = 2**63 - 1
HOSTILE = [
    "",
    " ",
    "%",
    "_",
    "*",
    "?",
    "[a-z]",
    ".*",
    "$.id",
    "'",
    '"',
    "\\",
    "'; DROP TABLE recordings; --",
    '") OR 1=1 --',
    "a\nb",
    "Österreich",
    "Привет",
    "東京",
    "🏎️",
    "e\u0301",
    "é",
    "\U0010ffff",
    "null",
    "1",
]


def recording(number: int, **fields: Any) -> Recording:
    defaults: dict[str, Any] = {
        "names": (f"run_{number}.mcap",),
        "size_bytes": 1,
        "status": Status.READY,
        "uploaded_at": number,
    }
    return Recording(**{"id": f"{number:064x}", **defaults, **fields})


def job(name: str, **fields: Any) -> Job:
    return Job(**{"id": name, "kind": "ingest", "subject": "s", "created_at": 0, "due_at": 0, **fields})


def signal(number: int, name: str, **fields: Any) -> Signal:
    recording_id = f"{number:064x}"
    return Signal(
        **{"id": f"{recording_id}:{name}", "recording": recording_id, "name": name, "dtype": "float", **fields}
    )


def car(value: str) -> dict[str, MetadataValue]:
    return {"car": MetadataValue(value, MetadataSource.PERSON)}


async def every(collection: Collection[T], where: Sequence[Condition] = (), **asked: Any) -> list[T]:
    """All pages, one after the other."""
    found: list[T] = []
    after = None
    while True:
        page = await collection.find(where, after=after, **asked)
        found += page.items
        if page.next is None:
            return found
        after = page.next


async def numbers(documents: Documents, *where: Condition, sort: Sort = Sort()) -> list[int]:  # noqa: B008
    return [int(found.id, 16) for found in await every(documents.recordings, where, sort=sort)]


async def content(objects: Objects, key: str, *span: int) -> bytes:
    return b"".join([piece async for piece in objects.read(key, *span)])


async def keys(objects: Objects, prefix: str = "") -> list[str]:
    return [info.key async for info in objects.list(prefix)]


def long_enough(side: Side, data: bytes, part_size: int) -> tuple[bytes, int]:
    """The same data with each byte repeated until a part of so many bytes is one that the store takes."""
    repeat = -(-side.least_part_bytes // part_size)
    return b"".join(bytes([byte]) * repeat for byte in data), part_size * repeat


async def begin(side: Side, key: str, data: bytes, part_size: int, numbers: list[int]) -> str:
    """Begin an upload and send some of its parts through their links."""
    upload = await side.objects.begin_upload(key, len(data), part_size)
    for number in numbers:
        assert await send(side, key, upload, data, part_size, number) == 200
    return upload


async def send(side: Side, key: str, upload: str, data: bytes, part_size: int, number: int) -> int:
    body = data[(number - 1) * part_size : number * part_size]
    return await side.put(await side.objects.part_link(key, upload, number, len(body), 60), body)
