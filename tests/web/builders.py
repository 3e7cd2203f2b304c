"""Documents as the pipeline would leave them, for views that only show them."""

from __future__ import annotations

import hashlib
from typing import Any

from paddock.domain.instants import from_rfc3339
from paddock.domain.recording import (
    Artifact,
    ChannelSummary,
    LossReport,
    MetadataSource,
    MetadataValue,
    Recording,
    Status,
    search_text,
)
from paddock.usecases.context import Services

STARTED_NS = from_rfc3339("2026-04-18T14:32:07.5Z")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}\u202e𝔘"


def build_id(seed: object) -> str:
    return hashlib.sha256(str(seed).encode()).hexdigest()


def metadata(**values: str) -> dict[str, MetadataValue]:
    return {name: MetadataValue(value, MetadataSource.FILE) for name, value in values.items()}


def build_recording(seed: object = 1, **changes: Any) -> Recording:
    """A ready recording of a run; any field may be given."""
    given: dict[str, Any] = {
        "id": build_id(seed),
        "names": (f"run_{seed}.mcap",),
        "size_bytes": 73_400_320,
        "status": Status.READY,
        "uploaded_at": STARTED_NS + 3_600_000_000_000,
        "uploaded_by": "Adam",
        "started_ns": STARTED_NS,
        "duration_ns": 612_400_000_000,
        "message_count": 1_204_331,
        "metadata": metadata(car="HT09", driver="Adam", event="Endurance", venue="Michigan"),
        "file_metadata": (("setup", {"driver": "Adam", "wing": "high"}),),
        "channels": (build_channel("VNData"), build_channel("BatteryPack", message_count=0, rate_hz=None)),
        "loss": LossReport(),
    }
    loss = changes.get("loss", given["loss"])
    given["health"] = "failed" if changes.get("status") is Status.FAILED else loss.health if loss else ""
    recording = Recording(**{**given, **changes})
    return Recording(**{**given, **changes, "search": search_text(recording)})


async def insert_converted(services: Services, **changes: Any) -> Recording:
    """A ready recording with its ``.mat``, in the documents."""
    recording = build_recording(**changes)
    await services.documents.recordings.insert(recording)
    await services.documents.artifacts.put_many([build_artifact(recording)])
    return recording


def build_channel(topic: str, **changes: Any) -> ChannelSummary:
    given: dict[str, Any] = {
        "topic": topic,
        "slug": topic.lower()[:20],
        "schema_name": f"hytech_msgs.{topic}",
        "schema_encoding": "protobuf",
        "message_encoding": "protobuf",
        "message_count": 244_800,
        "started_ns": STARTED_NS,
        "ended_ns": STARTED_NS + 612_000_000_000,
        "rate_hz": 400.0,
        "largest_gap_ns": 13_000_000,
    }
    return ChannelSummary(**{**given, **changes})


def build_artifact(recording: Recording, **changes: Any) -> Artifact:
    given: dict[str, Any] = {
        "id": build_id(recording.id)[:32],
        "recording": recording.id,
        "format": "mat",
        "key": f"artifacts/{recording.id}/{build_id(recording.id)[:32]}",
        "size_bytes": 48_211_968,
        "created_at": recording.uploaded_at,
        "converter": "2",
    }
    return Artifact(**{**given, **changes})
