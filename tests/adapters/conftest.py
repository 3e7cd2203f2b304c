"""The sides that the contract suites run against. Another side is another entry and what opens it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from paddock.adapters.directory import DirectoryObjects
from paddock.adapters.sqlite import SqliteDocuments
from paddock.errors import NotFound, Rejected
from paddock.ports.documents import Documents
from paddock.ports.objects import Objects
from tests.adapters import s3_sides
from tests.adapters.mongodb_sides import SIDES as MONGODB_SIDES
from tests.adapters.mongodb_sides import ferretdb, mongodb_url, own_database
from tests.adapters.s3_sides import moto_server
from tests.empty_database import put_empty_database
from tests.servers.versitygw import versitygw_server

__all__ = ["ferretdb", "mongodb_url", "moto_server", "versitygw_server"]

SECRET = b"a secret of a test"
BASE_URL = "http://paddock.test"


@pytest.fixture(params=["sqlite", *MONGODB_SIDES])
async def documents(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Documents]:
    """Empty, migrated documents on one side."""
    if request.param == "sqlite":
        await put_empty_database(tmp_path)
        async with migrated(SqliteDocuments(tmp_path / "paddock.sqlite")) as opened:
            yield opened
    else:
        from paddock.adapters.mongodb import MongoDocuments

        async with own_database(request, request.param) as url, migrated(MongoDocuments(url)) as opened:
            yield opened


@contextlib.asynccontextmanager
async def migrated(documents: Documents) -> AsyncIterator[Documents]:
    await documents.migrate()
    yield documents
    await documents.close()


class Side:
    """An empty object store and how its links are followed."""

    def __init__(
        self,
        objects: Objects,
        get: Callable[..., Awaitable[tuple[int, bytes]]],
        put: Callable[..., Awaitable[int]],
        signing_earlier: Callable[[float], AbstractContextManager[None]],
        leave: Callable[[str, bytes, str], Awaitable[None]],
        least_part_bytes: int = 1,
        longest_segment_bytes: int = 1000,
    ) -> None:
        self.objects = objects
        self.get = get
        """``await get(url)``: status and body."""
        self.put = put
        """``await put(url, body)``: status."""
        self.signing_earlier = signing_earlier
        """``with signing_earlier(s):`` links are made as if it was ``s`` seconds ago."""
        self.leave = leave
        """``await leave(key, data, sidecar)``: what another program puts there, with what it says of it."""
        self.least_part_bytes = least_part_bytes
        """The shortest part that the store takes, but for the last of an upload."""
        self.longest_segment_bytes = longest_segment_bytes


@pytest.fixture(params=["directory", "moto", "versitygw"])
async def side(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Side]:
    """Empty objects on one side. A test marked ``not_on(side, …, why=…)`` is not collected for these sides."""
    if request.param == "directory":
        async with contextlib.aclosing(_directory(tmp_path)) as sides:
            async for opened in sides:
                yield opened
        return
    server = request.getfixturevalue(f"{request.param}_server")
    bucket = s3_sides.make_bucket(server, monkeypatch)
    objects = s3_sides.objects_on(server, bucket)
    yield Side(
        objects,
        s3_sides.get,
        s3_sides.put,
        s3_sides.signing_earlier,
        s3_sides.leaving(server, bucket),
        least_part_bytes=s3_sides.LEAST_PART_BYTES,
        # versitygw keeps a segment as a file name.
        longest_segment_bytes=255 if request.param == "versitygw" else 1000,
    )
    await objects.close()


@pytest.fixture
def objects(side: Side) -> Objects:
    return side.objects


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "source.bin"
    path.write_bytes(b"0123456789")
    return path


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "not_on(*sides, why): what these sides cannot promise")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Known lacks of a side are not skips: such a test does not exist there."""

    def lacking(item: pytest.Item) -> bool:
        case = getattr(item, "callspec", None)
        side = case and case.params.get("side")
        return side is not None and any(side in marker.args for marker in item.iter_markers("not_on"))

    config.hook.pytest_deselected(items=[item for item in items if lacking(item)])
    items[:] = [item for item in items if not lacking(item)]


async def _directory(tmp_path: Path) -> AsyncGenerator[Side]:
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
            await objects.write_part(grant.store_upload, grant.number, chunks(), grant.size_bytes, grant.skip_bytes)
        except Rejected:
            return 403
        except NotFound:
            return 404
        return 200

    @contextlib.contextmanager
    def signing_earlier(seconds: float) -> Iterator[None]:
        clock[0] -= seconds
        yield
        clock[0] += seconds

    async def leave(key: str, data: bytes, sidecar: str) -> None:
        path = tmp_path / "objects" / key
        path.parent.mkdir(parents=True)
        path.with_name(f"{path.name}.json").write_text(sidecar)
        path.write_bytes(data)

    yield Side(objects, get, put, signing_earlier, leave)
    await objects.close()


@pytest.fixture
def another_process() -> Callable[..., subprocess.Popen[str]]:
    """Start ``other_process.py`` with a verb and arguments; what it prints comes line by line."""
    script = Path(__file__).with_name("other_process.py")

    def start(verb: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-u", str(script), verb, *map(str, arguments)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    return start
