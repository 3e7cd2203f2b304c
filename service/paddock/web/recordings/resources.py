"""What the JSON API says about recordings; ``answers.py`` makes it from documents."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from paddock.domain.log_kinds import FIRST_KIND, LOG_KINDS
from paddock.domain.recording import (
    MetadataSource,
    Purpose,
    StartedSource,
    Status,
)

ID_EXAMPLE = "a3f9c21083d47e5b6c1f0e9d8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b"

Instant = Annotated[str, Meta(description="RFC 3339, UTC.", examples=["2026-04-18T14:32:07.125Z"])]
RecordingId = Annotated[
    str, Meta(description="SHA-256 of the original bytes, in hexadecimal.", examples=[ID_EXAMPLE])
]
NAME_EXAMPLE = "run_12" + LOG_KINDS[FIRST_KIND].suffix
LogName = Annotated[str, Meta(description="The file name of the log.", examples=[NAME_EXAMPLE])]


class FailureResource(msgspec.Struct, frozen=True):
    """Why something failed."""

    code: Annotated[str, Meta(description="A stable word.", examples=["not_mcap"])]
    message: Annotated[
        str, Meta(description="For people.", examples=[f"{NAME_EXAMPLE} is no log that Paddock reads."])
    ]


class MetadataResource(msgspec.Struct, frozen=True):
    """One of the team's metadata fields."""

    value: Annotated[str, Meta(description="The value.", examples=["Adam"])]
    source: Annotated[MetadataSource, Meta(description="Who said so; a person is never overwritten.")]


class DownloadResource(msgspec.Struct, frozen=True):
    """A file to download. The URL stays valid; it redirects to a link that is signed for a while."""

    url: Annotated[str, Meta(description="Path on this service.", examples=["/api/recordings/a3f9c210/original"])]
    name: Annotated[
        str,
        Meta(description="The name it is saved under.", examples=["HT09_2026-04-18_1432Z_Adam_a3f9c210.mat"]),
    ]
    size_bytes: Annotated[int, Meta(description="Size of the file.", examples=[48_211_968])]


class ArtifactResource(DownloadResource, frozen=True):
    """A derived file to download."""

    format: Annotated[str, Meta(description="The file format.", examples=["mat"])]
    purpose: Annotated[
        Purpose,
        Meta(description="`default`; `viewer`, a clean copy of the log; `export`, asked for by somebody."),
    ]

    description: Annotated[
        str, Meta(description="What was asked for; empty for an older file.", examples=["CSV, 100 Hz, VNData"])
    ] = ""
    created_at: Annotated[Instant | None, Meta(description="When it was made.")] = None
    expires_at: Annotated[
        Instant | None,
        Meta(description="When it is removed unless somebody asks for it or takes it before; null for what stays."),
    ] = None
    left_out: Annotated[
        tuple[str, ...],
        Meta(
            description="Sentences about topics that are not in it, although asked for.",
            examples=[["3 topics left out of this file, which has 2,000, the most it may: name some."]],
        ),
    ] = ()
    decoded_by: Annotated[
        tuple[str, ...],
        Meta(description="The CAN databases that decoded its values.", examples=[["car.dbc (3f9a1c0d)"]]),
    ] = ()


class FileResource(DownloadResource, frozen=True, kw_only=True):
    """A file that somebody put beside a recording."""

    id: Annotated[str, Meta(description="To remove it by.", examples=["4be1c3d29f0a7b5c"])]
    added_at: Instant
    added_by: Annotated[str, Meta(description="Who added it.", examples=["Adam"])]


class RunFiguresResource(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a run; null where its log has no signal for one."""

    distance_m: Annotated[float | None, Meta(description="Driven distance.", examples=[18_240.0])] = None
    max_speed_m_s: Annotated[float | None, Meta(description="Highest speed.", examples=[31.2])] = None
    min_cell_voltage_v: Annotated[float | None, Meta(description="Of the weakest cell.", examples=[3.12])] = None
    max_cell_temperature_c: Annotated[float | None, Meta(description="The hottest cell.", examples=[52.4])] = None
    driven: Annotated[bool | None, Meta(description="Whether the car drove; null when nobody knows.")] = None


class RecordingResource(msgspec.Struct, frozen=True, kw_only=True):
    """One log file from a car, with what was derived from it."""

    id: RecordingId
    name: Annotated[str, Meta(description="The file name it arrived under first.", examples=[NAME_EXAMPLE])]
    names: Annotated[tuple[str, ...], Meta(description="Every file name it arrived under.")]
    status: Annotated[
        Status, Meta(description="`verifying → stored → converting → ready`, or `failed` with an `error`.")
    ]
    progress: Annotated[
        float | None, Meta(description="How far its running job is, 0 to 1; null when none runs.", examples=[0.42])
    ] = None
    error: Annotated[FailureResource | None, Meta(description="Why it failed; null while it has not.")] = None
    original_fault: Annotated[
        FailureResource | None,
        Meta(
            description="What is wrong with the stored original, and what to do; null while nobody found anything."
        ),
    ] = None
    health: Annotated[
        str | None, Meta(description="`intact` or `recovered`; null until the log was read.", examples=["intact"])
    ] = None
    checks: Annotated[
        str | None,
        Meta(
            description="What came of the team's checklists: `passed`, `failed`, or `skipped` where they found "
            "nothing to look at; null until it was checked.",
            examples=["passed"],
        ),
    ] = None
    failed_checks: Annotated[int, Meta(description="How many of their rules were not met.", examples=[0])] = 0
    message_count: Annotated[
        int | None, Meta(description="Messages in the log; null until it was read.", examples=[1_204_331])
    ] = None
    size_bytes: Annotated[int, Meta(description="Size of the original.", examples=[73_400_320])]
    started_at: Annotated[Instant | None, Meta(description="When the car began to record (RFC 3339, UTC).")] = None
    duration_s: Annotated[float | None, Meta(description="From first to last message.", examples=[612.4])] = None
    uploaded_at: Annotated[Instant, Meta(description="When its upload was complete (RFC 3339, UTC).")]
    uploaded_by: Annotated[str, Meta(description="Who uploaded it first.", examples=["Adam"])]
    metadata: Annotated[dict[str, MetadataResource], Meta(description="The team's fields, those that are known.")]
    setup: Annotated[
        dict[str, float | str],
        Meta(description="Its setup sheet by field.", examples=[{"spring_front": 35.0, "tire_set": "R25B"}]),
    ] = {}
    highlights: Annotated[RunFiguresResource, Meta(description="The figures of the run.")]
    version: Annotated[int, Meta(description="Send it with an edit, so that no other one is lost.", examples=[3])]
    deleted_at: Annotated[Instant | None, Meta(description="When it was deleted; null while it is not.")] = None
    kind: Annotated[
        str, Meta(description="What the log is; known once its bytes are verified.", examples=[FIRST_KIND])
    ] = FIRST_KIND
    original: Annotated[
        DownloadResource | None,
        Meta(
            description="The untouched log; null until its bytes are verified, and once somebody found them gone. "
            "Before a car's copy goes, announce its upload: that looks whether the bytes are there."
        ),
    ] = None
    artifacts: Annotated[
        tuple[ArtifactResource, ...],
        Meta(description="Derived files; of one recording asked for by id also its exports, the last first."),
    ] = ()


class RecordingPage(msgspec.Struct, frozen=True):
    """Some recordings, the latest start first unless asked otherwise."""

    items: tuple[RecordingResource, ...]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null at the end.")] = None


class ChannelResource(msgspec.Struct, frozen=True, kw_only=True):
    """One topic with one schema."""

    topic: Annotated[str, Meta(description="As the log spells it.", examples=["VNData"])]
    schema_name: Annotated[str, Meta(description="As the log spells it.", examples=["hytech_msgs.VNData"])]
    schema_encoding: Annotated[str, Meta(description="As the log spells it.", examples=["protobuf"])]
    message_encoding: Annotated[str, Meta(description="As the log spells it.", examples=["protobuf"])]
    message_count: Annotated[int, Meta(description="Messages on it.", examples=[244_800])]
    rate_hz: Annotated[float | None, Meta(description="Mean rate.", examples=[400.0])] = None
    largest_gap_s: Annotated[
        float | None, Meta(description="Longest time between two messages.", examples=[0.013])
    ] = None


class FileMetadataResource(msgspec.Struct, frozen=True):
    """One metadata record inside the file."""

    name: Annotated[str, Meta(description="The record's name.", examples=["setup"])]
    entries: Annotated[dict[str, str], Meta(description="Its entries.", examples=[{"driver": "Adam"}])]


class AttachmentResource(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the recorder put into the log."""

    url: Annotated[
        str | None,
        Meta(
            description="Downloads it; null while the log that it is in is not here whole.",
            examples=["/api/recordings/a3f9c210/attachments/0"],
        ),
    ]
    name: Annotated[str, Meta(description="As the log says.", examples=["setup.json"])]
    media_type: Annotated[str, Meta(description="As the log says.", examples=["application/json"])]
    size_bytes: Annotated[int, Meta(description="Size of the file.", examples=[18_204])]
    logged_at: Annotated[Instant | None, Meta(description="When it was put into the log; null if not said.")]
    created_at: Annotated[Instant | None, Meta(description="When it was made; null if not said.")]


class LossResource(msgspec.Struct, frozen=True, kw_only=True):
    """What a damaged file lost."""

    health: Annotated[str, Meta(description="`intact` or `recovered`.", examples=["recovered"])]
    sentences: Annotated[tuple[str, ...], Meta(description="The same for people.")]
    lost_bytes: Annotated[int, Meta(description="Bytes of the file that could not be used.")]
    lost_records: Annotated[int, Meta(description="Records known to be lost.")]
    lost_s: Annotated[float, Meta(description="Gap in time that the losses explain.")]
    missing: Annotated[tuple[str, ...], Meta(description="Parts that a complete file has.", examples=[["footer"]])]
    undecodable: Annotated[dict[str, int], Meta(description="Messages that could not be decoded, by topic.")]


class RecordingDetail(RecordingResource, frozen=True, kw_only=True):
    """A recording with its channels, the file's metadata records and attachments, and the loss report."""

    channels: Annotated[tuple[ChannelResource, ...], Meta(description="Empty until the log was read.")] = ()
    file_metadata: Annotated[
        tuple[FileMetadataResource, ...], Meta(description="The file's metadata records, in file order.")
    ] = ()
    attachments: Annotated[
        tuple[AttachmentResource, ...], Meta(description="The files inside the log, those that are whole.")
    ] = ()
    loss: Annotated[LossResource | None, Meta(description="Null until the log was read.")] = None
    started_source: Annotated[StartedSource, Meta(description="Who says when it started.")]
    files: Annotated[tuple[FileResource, ...], Meta(description="What people put beside it.")] = ()
    notices: Annotated[
        tuple[str, ...], Meta(description="What is odd in the log but lost nothing, such as clock jumps.")
    ] = ()
    outdated: Annotated[
        tuple[str, ...],
        Meta(
            description="What of it older code made, so that converting it again makes other files.",
            examples=[["The columns are from converter 2; this is 4."]],
        ),
    ] = ()
