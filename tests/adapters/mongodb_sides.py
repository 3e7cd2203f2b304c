"""The MongoDB-wire servers that the documents suites run against, and a database of each test's own on them."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import pytest

from tests.servers.ferretdb import FerretServer, running

MONGODB_URL = os.environ.get("PADDOCK_TEST_MONGODB_URL", "")
"""A real MongoDB whose user may make and drop databases. It is a side only when it is given."""
SIDES = ("ferretdb", *(["mongodb"] if MONGODB_URL else []))


@pytest.fixture(scope="session")
def ferretdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FerretServer]:
    """One server for all tests that do not kill it."""
    with running(tmp_path_factory.mktemp("ferretdb") / "data") as server:
        yield server


@pytest.fixture(params=SIDES)
async def mongodb_url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """An empty database on every MongoDB-wire server."""
    async with own_database(request, request.param) as url:
        yield url


@contextlib.asynccontextmanager
async def own_database(request: pytest.FixtureRequest, side: str) -> AsyncIterator[str]:
    """The URL of an empty database on one server, dropped afterwards."""
    name = f"paddock_test_{secrets.token_hex(8)}"
    if side == "ferretdb":
        server: FerretServer = request.getfixturevalue("ferretdb")
        url = server.url(name)
    else:
        url = with_database(MONGODB_URL, name)
    yield url
    from pymongo import AsyncMongoClient

    client: AsyncMongoClient[dict[str, object]]
    async with AsyncMongoClient(url) as client:
        await client.drop_database(name)


def with_database(url: str, name: str) -> str:
    """The same server and user, another database."""
    parts = urlsplit(url)
    options = [parts.query] if parts.query else []
    if "@" in parts.netloc and "authsource=" not in parts.query.lower():
        options.append(f"authSource={parts.path.strip('/') or 'admin'}")
    return parts._replace(path=f"/{name}", query="&".join(options)).geturl()
