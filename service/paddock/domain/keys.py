"""Where everything lies in the object store. The only place that spells a key."""

from __future__ import annotations

import hashlib
import re

from paddock.domain.log_kinds import FIRST_KIND, LOG_KINDS

INCOMING = "incoming/"
RAW = "raw/"
COLUMNS = "columns/"
ARTIFACTS = "artifacts/"
FILES = "files/"
SEASON = "season/"
"""Tables about all recordings, for engines that read the store themselves; made anew whenever somebody asks."""
MAX_TOPIC = 1_000
"""Characters of a topic's name; a car's have some twenty."""
_COLUMNS_KEY = re.compile(r"columns/channel=([^/]+)/recording=([^/]+)/([^/]+)\.parquet")


def raw_key(recording_id: str, kind: str = FIRST_KIND) -> str:
    """The original bytes of a log of this kind."""
    return f"{RAW}{recording_id}{LOG_KINDS[kind].suffix}"


def parse_raw_key(key: str) -> tuple[str, str]:
    """Recording id and kind of the key of an original; one of no known suffix is of the first kind."""
    recording_id, dot, suffix = key.removeprefix(RAW).partition(".")
    kinds = (kind.name for kind in LOG_KINDS.values() if kind.suffix == dot + suffix)
    return recording_id, next(kinds, FIRST_KIND)


def channel_folder(channel_slug: str) -> str:
    """The folder of one channel's columns of all recordings."""
    return f"{COLUMNS}channel={channel_slug}/"


def columns_prefix(channel_slug: str, recording_id: str) -> str:
    """The folder of one channel's columns of one recording."""
    return f"{channel_folder(channel_slug)}recording={recording_id}/"


def columns_key(channel_slug: str, recording_id: str, build: str) -> str:
    """One channel's columns of one conversion, as Parquet."""
    return f"{columns_prefix(channel_slug, recording_id)}{build}.parquet"


def stored_name(recording_id: str, build: str) -> str:
    """How the keys of all columns of one conversion end, after the folder of the channel."""
    return columns_key("", recording_id, build).removeprefix(channel_folder(""))


def season_folder(table: str) -> str:
    """The folder of a table about all recordings."""
    return f"{SEASON}{table}/"


def season_key(table: str) -> str:
    """The one file of it, as Parquet."""
    return f"{season_folder(table)}{table}.parquet"


def parse_columns_key(key: str) -> tuple[str, str, str]:
    """Channel slug, recording id and build of a columns key.

    Raises:
        ValueError: it is none.
    """
    match = _COLUMNS_KEY.fullmatch(key)
    if match is None:
        raise ValueError(f"{key!r} is no key of columns")
    slug, recording_id, build = match.groups()
    return slug, recording_id, build


def artifact_key(recording_id: str, artifact_id: str, suffix: str) -> str:
    """A derived file; its name for people is set on download.

    It ends in the suffix because Foxglove and Lichtblick open only what does.
    """
    return f"{ARTIFACTS}{recording_id}/{artifact_id}{suffix}"


def file_key(recording_id: str, file_id: str) -> str:
    """A file that somebody put beside the recording."""
    return f"{FILES}{recording_id}/{file_id}"


def topic_name(topic: str) -> str:
    """What a topic is called everywhere but in copies of its log: as it is, or if it is absurdly long its begin."""
    if len(topic) <= MAX_TOPIC:
        return topic
    return f"{topic[: MAX_TOPIC - 10]}…{hashlib.sha256(topic.encode()).hexdigest()[:8]}"


def channel_slug(topic: str, schema_name: str, schema_data: bytes) -> str:
    """A channel's folder name: readable, unique for topic and schema, safe on every file system."""
    readable = re.sub(r"[^A-Za-z0-9]+", "_", topic[:MAX_TOPIC]).strip("_")[:40].lower() or "channel"
    digest = hashlib.sha256()
    for part in (topic.encode(), schema_name.encode(), schema_data):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return f"{readable}-{digest.hexdigest()[:8]}"
