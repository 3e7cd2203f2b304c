"""The sides that the contract suites run against. Another side is another entry and what opens it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from paddock.adapters.directory import DirectoryObjects
from paddock.adapters.sqlite import SqliteDocuments
from paddock.errors import NotFound, Rejected
from paddock.ports.documents import Documents
from paddock.ports.objects import Objects

SECRET = b"a secret of a test"
BASE_URL = "http://paddock.test"


@pytest.fixture(params=["sqlite"])
async def documents(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Documents]:
    """Empty, migrated documents on one side."""
    opened = SqliteDocuments(tmp_path / "paddock.sqlite")
    await opened.migrate()
    yield opened
    await opened.close()


class Side:
    """An empty object store and how its links are followed."""

    def __init__(self, objects: Objects, get: Callable, put: Callable, pass_time: Callable[[float], None]) -> None:
        self.objects = objects
        self.get = get
        """``await get(url)``: status and body."""
        self.put = put
        """``await put(url, body)``: status."""
        self.pass_time = pass_time
        """Let seconds pass, as far as links can tell."""


@pytest.fixture(params=["directory"])
async def side(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Side]:
    """Empty objects on one side."""
    clock = [1_776_522_720.0]
    objects = DirectoryObjects(tmp_path / "objects", SECRET, BASE_URL, reserve_bytes=0, now=lambda: clock[0])

    def query(url: str) -> str:
        return httpx.URL(url).query.decode()

    async def get(url: str) -> tuple[int, bytes]:
        try:
            grant = objects.links.verify_get(query(url))
        except Rejected:
            return 403, b""
        return 200, b"".join([piece async for piece in objects.read(grant.key)])

    async def put(url: str, body: bytes) -> int:
        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 70_000):
                yield body[start : start + 70_000]

        try:
            grant = objects.links.verify_put(query(url))
            await objects.write_part(grant.store_upload, grant.number, chunks(), grant.size_bytes)
        except Rejected:
            return 403
        except NotFound:
            return 404
        return 200

    def pass_time(seconds: float) -> None:
        clock[0] += seconds

    yield Side(objects, get, put, pass_time)
    await objects.close()


@pytest.fixture
def another_process() -> Callable[..., subprocess.Popen[str]]:
    """Start ``other_process.py`` with a verb and arguments; what it prints comes line by line."""
    script = Path(__file__).with_name("other_process.py")

    def start(verb: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-u", str(script), verb, *map(str, arguments)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    return start
