"""Recordings with their contents inside, as versions before 0.3.0 wrote them, put where a store keeps documents."""

from __future__ import annotations

import sqlite3

import msgspec

from paddock.adapters.mongodb import MongoDocuments
from paddock.adapters.mongodb_values import Codec
from paddock.adapters.sqlite import SqliteDocuments
from paddock.domain.contents import EarlierRecording
from paddock.domain.recording import Attachment, ChannelSummary, Loss, LossReport, Status
from paddock.ports.documents import Documents

DAMAGED = LossReport(("footer",), (Loss("bad_crc", 100, 20, 3),), {"a.b": 2, "$c": 1}, 1, 20, 3, 5_000_000)


def earlier(number: int, build: str = "b1", **fields: object) -> EarlierRecording:
    """What a conversion left: two channels, an attachment, metadata records, a loss."""
    made = {
        "id": f"{number:064x}",
        "names": (f"run_{number}.mcap",),
        "size_bytes": 1,
        "status": Status.READY,
        "uploaded_at": number,
        "build": build,
        "loss": DAMAGED,
        "health": "recovered",
        "channels": (channel("VNData"), channel(f"{number} of\u2028its own")),
        "attachments": (Attachment("notes.txt", "text/plain", 3, 1, 1, 7),),
        "file_metadata": (("setup", {"a.b": "x", "$": "y"}), ("empty", {})),
    }
    return EarlierRecording(**{**made, **fields})  # type: ignore[arg-type]


def unread(number: int) -> EarlierRecording:
    """One that nothing was read of yet."""
    nothing: dict[str, object] = {"channels": (), "attachments": (), "file_metadata": (), "health": ""}
    return earlier(number, "", status=Status.VERIFYING, loss=None, **nothing)


def channel(topic: str) -> ChannelSummary:
    return ChannelSummary(
        topic, topic[:5], "s", "protobuf", "protobuf", 3, 1, 2, 0.1, footer_crc32=7, others=("x",)
    )


async def put_earlier(documents: Documents, *recordings: EarlierRecording) -> None:
    """Write or replace them as the earlier version did, whose indexes and version the store then has."""
    if isinstance(documents, SqliteDocuments):
        with sqlite3.connect(documents._path) as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS recordings_by_element_channels_topic (value TEXT, id TEXT)"
            )
            connection.executemany(
                "INSERT INTO recordings (id, doc) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc",
                [(each.id, msgspec.json.encode(each).decode()) for each in recordings],
            )
            connection.execute("PRAGMA user_version = 1")
    else:
        assert isinstance(documents, MongoDocuments)
        for stored in map(Codec(EarlierRecording).encode, recordings):
            await documents._database["recordings"].replace_one({"_id": stored["_id"]}, stored, upsert=True)
