"""``/api/storage``: how many bytes logs and derived files take."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, get
from msgspec import Meta

from paddock.domain.instants import to_rfc3339
from paddock.domain.roles import Permission
from paddock.usecases.backup.state import BackupState, backup_state
from paddock.usecases.storage.storage import Storage, Usage, storage_used
from paddock.web.kernel.injected import TheContext, refuse_unknown_parameters
from paddock.web.kernel.problems import responses


class UsageResource(msgspec.Struct, frozen=True):
    """What the recordings of one car at one event take."""

    car: Annotated[str, Meta(description="Empty when nobody said.", examples=["HT09"])]
    event: Annotated[str, Meta(description="Empty when nobody said.", examples=["Endurance"])]
    recordings: Annotated[int, Meta(description="How many logs.", examples=[412])]
    original_bytes: Annotated[int, Meta(description="Of the logs themselves.", examples=[31_200_000_000])]
    derived_bytes: Annotated[int, Meta(description="Of MATLAB files, exports and viewer copies.")]


class FormatUsageResource(msgspec.Struct, frozen=True):
    """What the derived files of one format take."""

    format: Annotated[str, Meta(description="The file format.", examples=["mat"])]
    files: Annotated[int, Meta(description="How many files.")]
    size_bytes: Annotated[int, Meta(description="All of them together.")]


class BackupsResource(msgspec.Struct, frozen=True):
    """Whether the documents are backed up."""

    health: Annotated[
        str,
        Meta(description="`good`, `old`, `failed`, `none` or `unused`, as `/health` has it.", examples=["good"]),
    ]
    warning: Annotated[str, Meta(description="What somebody has to see to; empty where all is well.")]
    last_good_at: Annotated[str | None, Meta(description="When the last good backup was begun.")]
    last_good_documents: Annotated[int | None, Meta(description="How many documents it has.")]


class StorageResource(msgspec.Struct, frozen=True):
    """The whole store, without the columns that plots read: those are about as large as the MATLAB files."""

    total: UsageResource
    groups: Annotated[tuple[UsageResource, ...], Meta(description="By car and event, the largest first.")]
    by_format: Annotated[tuple[FormatUsageResource, ...], Meta(description="Of what is derived.")]
    deleted_bytes: Annotated[int, Meta(description="Of logs that were deleted and not purged.")]
    backups: BackupsResource


@get("/", needs=Permission.READ, responses=responses(503), summary="Bytes by car and event")
async def show_storage(context: TheContext) -> StorageResource:
    """Sums over all recordings; what is deleted counts until it is purged."""
    return _resource(await storage_used(context), await backup_state(context))


def _resource(storage: Storage, backups: BackupState) -> StorageResource:
    good = backups.last_good
    return StorageResource(
        total=_usage(storage.total),
        groups=tuple(_usage(usage) for usage in storage.groups),
        by_format=tuple(FormatUsageResource(*each) for each in storage.by_format),
        deleted_bytes=storage.deleted_bytes,
        backups=BackupsResource(
            backups.health.value,
            backups.warning,
            to_rfc3339(good.begun_at) if good else None,
            good.documents if good else None,
        ),
    )


def _usage(usage: Usage) -> UsageResource:
    return UsageResource(usage.car, usage.event, usage.recordings, usage.original_bytes, usage.derived_bytes)


ROUTER = Router(
    "/api/storage", route_handlers=[show_storage], before_request=refuse_unknown_parameters, tags=["storage"]
)
