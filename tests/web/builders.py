"""Documents as the pipeline would leave them, for views that only show them."""

from __future__ import annotations

import hashlib
from typing import Any

from paddock.domain.contents import Contents, contents_id
from paddock.domain.instants import from_rfc3339
from paddock.domain.questions import Question, QuestionKind, question_id
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
from paddock.domain.sync import SaidValue
from paddock.ports.documents import Documents
from paddock.usecases.context import Context

STARTED_NS = from_rfc3339("2026-04-18T14:32:07.5Z")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}\u202e𝔘"


def build_id(seed: object) -> str:
    return hashlib.sha256(str(seed).encode()).hexdigest()


def metadata(**values: str) -> dict[str, MetadataValue]:
    return {name: MetadataValue(value, MetadataSource.FILE) for name, value in values.items()}


def build_recording(seed: object = 1, *, loss: LossReport | None = LossReport(), **changes: Any) -> Recording:  # noqa: B008 - frozen
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
        "loss": loss.sums if loss else None,
    }
    given["health"] = "failed" if changes.get("status") is Status.FAILED else loss.health if loss else ""
    recording = Recording(**{**given, **changes})
    return Recording(**{**given, **changes, "search": search_text(recording)})


def build_contents(recording: Recording, **changes: Any) -> Contents:
    """What is inside of its log; any field may be given."""
    given: dict[str, Any] = {
        "channels": (build_channel("VNData"), build_channel("BatteryPack", message_count=0, rate_hz=None)),
        "file_metadata": (("setup", {"driver": "Adam", "wing": "high"}),),
        "loss": LossReport(),
    }
    made = contents_id(recording.id, recording.build)
    return Contents(made, recording.id, recording.build, **{**given, **changes})


async def insert_with_contents(documents: Documents, *recordings: Recording, **inside: Any) -> None:
    """Recordings with what is inside of their logs, all of them the same."""
    await documents.recordings.put_many(recordings)
    await documents.contents.put_many([build_contents(each, **inside) for each in recordings])


async def insert_converted(context: Context, **changes: Any) -> Recording:
    """A ready recording with what is inside of its log and its ``.mat``, in the documents."""
    inside = {name: changes.pop(name) for name in ("channels", "file_metadata", "attachments") if name in changes}
    recording = build_recording(**changes)
    loss = {"loss": changes["loss"]} if "loss" in changes else {}
    await insert_with_contents(context.documents, recording, **inside, **loss)
    await context.documents.artifacts.put_many([build_artifact(recording)])
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


def build_question(subject: str, driver: str = "Zoe", **changes: Any) -> Question:
    """Another Paddock says that somebody else drove; any field may be given."""
    given: dict[str, Any] = {
        "id": question_id(QuestionKind.RECORDING, subject, "driver", "pit-laptop"),
        "kind": QuestionKind.RECORDING,
        "subject": subject,
        "field": "driver",
        "peer": "pit-laptop",
        "theirs": SaidValue(driver, "person"),
        "theirs_by": "Mei",
        "theirs_at": STARTED_NS,
    }
    return Question(**{**given, **changes})
