"""What a replica set is asked in a snapshot session; there is none here, so a stand-in notes the commands."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable
from typing import Any

import bson
import pytest
from bson.timestamp import Timestamp

from paddock.adapters.mongodb import MongoDocuments
from paddock.adapters.mongodb_values import Codec
from paddock.domain.job import Job
from tests.adapters.builders import job

pytestmark = [pytest.mark.anyio, pytest.mark.slow("a server that is imitated")]
MOMENT = Timestamp(1_776_522_720, 7)
HELLO = {
    "isWritablePrimary": True,
    "setName": "rs0",
    "hosts": ["127.0.0.1:1"],
    "maxBsonObjectSize": 16 * 1024 * 1024,
    "maxMessageSizeBytes": 48_000_000,
    "maxWriteBatchSize": 100_000,
    "minWireVersion": 0,
    "maxWireVersion": 21,
    "logicalSessionTimeoutMinutes": 30,
    "ok": 1.0,
}
Answer = Callable[[dict[str, Any]], dict[str, Any]]


@contextlib.asynccontextmanager
async def replica_set(answer: Answer) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """The URL of a server that speaks OP_MSG, and the commands it was sent besides the wire's own."""
    commands: list[dict[str, Any]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length, request, _, code = struct.unpack("<iiii", await reader.readexactly(16))
                body = await reader.readexactly(length - 16)
                if code == 2004:  # OP_QUERY, of which only the first hello is one
                    name_end = body.index(b"\0", 4)
                    command = bson.decode(body[name_end + 9 :])
                else:
                    command = bson.decode(body[5:])
                name = next(iter(command)).lower()
                reply = HELLO if name in ("hello", "ismaster") else {"ok": 1.0}
                if name in ("find", "aggregate", "getmore", "count"):
                    commands.append(command)
                    reply = {"ok": 1.0, "operationTime": MOMENT, **answer(command)}
                data = bson.encode(reply)
                if code == 2004:
                    head = struct.pack("<iqii", 8, 0, 0, 1)
                    writer.write(struct.pack("<iiii", 16 + len(head) + len(data), 1, request, 1) + head + data)
                else:
                    writer.write(struct.pack("<iiii", 21 + len(data), 1, request, 2013) + b"\0" * 5 + data)
                await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"mongodb://127.0.0.1:{port}/paddock?directConnection=true&serverSelectionTimeoutMS=3000", commands
        server.close()


async def test_every_question_is_of_the_moment_of_the_first_one() -> None:
    jobs = [job(f"j{i:03}") for i in range(450)]
    stored = [Codec(Job).encode(each) for each in jobs]

    def answer(command: dict[str, Any]) -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        if command.get("find") == "jobs":
            after = command.get("filter", {}).get("_id", {}).get("$gt", "")
            found = [one for one in stored if one["_id"] > after][
                : min(command["limit"], 130)
            ]  # as if more did not fit
        collection = command.get("find") or command.get("aggregate")
        return {"cursor": {"id": 0, "ns": f"paddock.{collection}", "firstBatch": found, "atClusterTime": MOMENT}}

    async with replica_set(answer) as (url, commands):
        documents = MongoDocuments(url)
        async with documents.snapshot() as snapshot:
            assert snapshot.one_state
            assert await snapshot.count("recordings") == 0
            assert [one async for some in snapshot.read("jobs") for one in some] == jobs
            assert [some async for some in snapshot.read("bundles")] == []
        await documents.close()
    first, *others = commands
    assert first["readConcern"] == {"level": "snapshot"}
    assert len(others) >= 4
    for command in others:
        assert command["singleBatch"]
        assert command["readConcern"] == {"level": "snapshot", "atClusterTime": MOMENT}
        assert command["find"] in ("jobs", "bundles"), "a getMore would be refused with a read concern"
    assert len({command["lsid"]["id"] for command in commands}) == 1
