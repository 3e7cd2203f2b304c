"""Bundles: take the same export of several recordings away, as one zip or file by file."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TypeVar

import msgspec

from paddock.domain.bundle import Bundle, Member, bundle_id
from paddock.domain.export import ExportRequest
from paddock.domain.instants import NS_PER_S
from paddock.domain.job import Job, JobState
from paddock.domain.principal import Principal
from paddock.domain.recording import Artifact, Failure, Recording
from paddock.domain.zip_layout import Entry, Layout, lay_out
from paddock.errors import Conflict, NotFound, PaddockError, Rejected
from paddock.ports.documents import MAX_PAGE, Collection, OneOf, Sort
from paddock.ports.objects import ObjectInfo
from paddock.usecases.context import Context
from paddock.usecases.find.recordings import artifact_name, get_recording
from paddock.usecases.take_away.expiry import note_use
from paddock.usecases.take_away.export import request_export

MAX_MEMBERS = MAX_PAGE
MISSING_FILE = "not in here.txt"
_DELETED = Failure("recording_deleted", "The recording was deleted: restore it, then ask again.")
_GONE = Failure("export_gone", "The file is not kept any more, or the recording was edited since: make it again.")

D = TypeVar("D", bound=msgspec.Struct)


class Part(msgspec.Struct, frozen=True):
    """How far one recording's file is."""

    recording: str
    name: str
    """The log's, for people."""
    state: JobState
    progress: float
    file_name: str = ""
    artifact: Artifact | None = None
    """Once it is ``done``."""
    error: Failure | None = None
    """Why it is ``dead``."""


class BundleState(msgspec.Struct, frozen=True):
    """A bundle and how far each of its files is."""

    bundle: Bundle
    parts: tuple[Part, ...]

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen by itself."""
        return all(part.state in (JobState.DONE, JobState.DEAD) for part in self.parts)

    @property
    def files(self) -> tuple[tuple[str, Artifact], ...]:
        """The files that are there, under the names they have in the zip: no two alike, whatever the case."""
        named: dict[str, tuple[str, Artifact]] = {}
        for part in self.parts:
            if part.artifact is None:
                continue
            stem, _, suffix = part.file_name.partition(part.recording[:8])
            name, number = part.file_name, 1
            while name.casefold() in named:
                number += 1
                name = f"{stem}{part.recording[:8]}-{number}{suffix}"
            named[name.casefold()] = (name, part.artifact)
        return tuple(named.values())


async def request_bundle(
    context: Context, principal: Principal, recording_ids: Iterable[str], request: ExportRequest
) -> Bundle:
    """Ask for the same export of several recordings. One that cannot have it does not stop the others.

    Raises:
        NotFound: there is no recording with one of the ids.
        Rejected: none of them can have it, or there are too many (code ``too_many``).
        Conflict: none of them is ready.
    """
    found = [await get_recording(context, prefix) for prefix in dict.fromkeys(recording_ids)]
    recordings = {recording.id: recording for recording in found}
    if not 0 < len(recordings) <= MAX_MEMBERS:
        raise Rejected(f"Take 1 to {MAX_MEMBERS} recordings away at a time.", code="too_many")
    members: list[Member] = []
    refusal: PaddockError | None = None
    for recording_id in recordings:
        try:
            export = await request_export(context, principal, recording_id, request)
            members.append(Member(recording_id, export.id))
        except (Rejected, Conflict) as error:
            refusal = refusal or error
            members.append(Member(recording_id, refused=Failure(error.code, error.message)))
    if refusal is not None and all(member.refused for member in members):
        raise refusal
    known = tuple(members)
    bundle = Bundle(bundle_id(known), request, known, context.now(), principal.name)
    await context.documents.bundles.put_many([bundle])
    return bundle


async def get_bundle(context: Context, wanted: str) -> Bundle:
    """One bundle.

    Raises:
        NotFound: there is none.
    """
    bundle = await context.documents.bundles.get(wanted)
    if bundle is None:
        raise NotFound("There is no such bundle: select the recordings again.", code="no_such_bundle")
    return bundle


async def latest_bundles(context: Context, *, limit: int) -> tuple[Bundle, ...]:
    """What was taken away together, the last first."""
    page = await context.documents.bundles.find(sort=Sort("created_at", descending=True), limit=limit)
    return page.items


async def states_of(context: Context, bundles: Sequence[Bundle]) -> list[BundleState]:
    """How far they are, in three reads for all."""
    members = [member for bundle in bundles for member in bundle.members]
    recordings = await _by_id(context.documents.recordings, {member.recording for member in members})
    artifacts = await _by_id(context.documents.artifacts, {member.export for member in members})
    running = {f"export-{member.export}" for member in members if member.export not in artifacts}
    jobs = await _by_id(context.documents.jobs, running)
    return [
        BundleState(
            bundle,
            tuple(
                _part(
                    member,
                    recordings.get(member.recording),
                    artifacts.get(member.export),
                    jobs.get(f"export-{member.export}"),
                )
                for member in bundle.members
            ),
        )
        for bundle in bundles
    ]


async def _by_id(collection: Collection[D], ids: set[str]) -> dict[str, D]:
    wanted = sorted(ids - {""})
    found: dict[str, D] = {}
    for start in range(0, len(wanted), MAX_PAGE):
        page = await collection.find([OneOf("id", tuple(wanted[start : start + MAX_PAGE]))], limit=MAX_PAGE)
        found |= {document.id: document for document in page.items}  # type: ignore[attr-defined]
    return found


def _part(member: Member, recording: Recording | None, artifact: Artifact | None, job: Job | None) -> Part:
    name = recording.name if recording else member.recording[:10]

    def over(error: Failure) -> Part:
        return Part(member.recording, name, JobState.DEAD, 0.0, error=error)

    if recording is None or recording.deleted_at is not None:
        return over(_DELETED)
    if member.refused is not None:
        return over(member.refused)
    if artifact is not None:
        return Part(recording.id, name, JobState.DONE, 1.0, artifact_name(recording, artifact), artifact)
    # A job that is done without having made this very file made one of what the recording says since an edit.
    if job is None or job.state is JobState.DONE:
        return over(_GONE)
    if job.state is JobState.DEAD:
        return over(job.error or _GONE)
    return Part(recording.id, name, job.state, job.progress)


class ZippedBundle:
    """The files of a bundle that is settled, as one zip that is nowhere stored.

    Args:
        state: of the bundle; each of its artifacts has its checksum.
    """

    def __init__(self, context: Context, state: BundleState) -> None:
        self._objects = context.objects
        self._files = [artifact for _, artifact in state.files]
        entries = [_entry(name, artifact) for name, artifact in state.files]
        self._missing = _missing_text(state)
        if self._missing:
            entries.append(
                Entry(
                    MISSING_FILE, len(self._missing), zlib.crc32(self._missing), max(e.modified_at for e in entries)
                )
            )
        self._layout: Layout = lay_out(entries)
        described = msgspec.json.encode(
            [(*entry, file.id) for entry, file in zip(entries, self._files, strict=False)]
        )
        size_bytes = sum(map(len, self._layout.heads)) + len(self._layout.end)
        self.info = ObjectInfo(
            key="",
            size_bytes=size_bytes + sum(entry.size_bytes for entry in entries),
            etag=hashlib.sha256(described + self._missing).hexdigest()[:32],
            modified_at=max(entry.modified_at for entry in entries),
        )
        self.file_name = bundle_name(state.bundle)

    async def read(self, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes of the zip from ``start`` up to but not including ``end``; only what lies between is read."""
        at = 0
        for number, head in enumerate(self._layout.heads):
            yield head[max(0, start - at) : max(0, end - at)]
            at += len(head)
            if number == len(self._files):
                yield self._missing[max(0, start - at) : max(0, end - at)]
                at += len(self._missing)
                continue
            file = self._files[number]
            first, last = max(0, start - at), min(file.size_bytes, end - at)
            if first < last:
                async for piece in self._objects.read(file.key, first, last):
                    yield piece
            at += file.size_bytes
        yield self._layout.end[max(0, start - at) : max(0, end - at)]


async def zip_bundle(context: Context, bundle: Bundle) -> ZippedBundle:
    """All files of a bundle in one zip; what could not be made is named in a text beside them.

    Raises:
        Conflict: some are still being made (code ``not_done``), or there is none (code ``nothing_made``).
    """
    (state,) = await states_of(context, [bundle])
    if not state.settled:
        raise Conflict("Some of the files are still being made: wait for them.", code="not_done")
    if not state.files:
        raise Conflict("None of the files could be made: the bundle's page says why.", code="nothing_made")
    for _, artifact in state.files:
        await note_use(context, artifact)
    parts = [
        msgspec.structs.replace(part, artifact=await _with_checksum(context, part.artifact)) for part in state.parts
    ]
    return ZippedBundle(context, BundleState(bundle, tuple(parts)))


def bundle_name(bundle: Bundle) -> str:
    """``paddock_25-csv_100Hz_4be1c3d2.zip``."""
    what = f"{len(bundle.members)}-{bundle.request.format}"
    return "_".join(filter(None, ("paddock", what, bundle.request.words(), bundle.id[:8]))) + ".zip"


async def _with_checksum(context: Context, artifact: Artifact | None) -> Artifact | None:
    """An older version stored no checksums: the file is read for it once."""
    if artifact is None or artifact.crc32 is not None:
        return artifact
    crc32 = 0
    async for piece in context.objects.read(artifact.key):
        crc32 = zlib.crc32(piece, crc32)
    return await context.documents.artifacts.change(artifact.id, {"crc32": crc32})


def _entry(name: str, artifact: Artifact) -> Entry:
    assert artifact.crc32 is not None, "zip_bundle has seen to it"
    return Entry(name, artifact.size_bytes, artifact.crc32, artifact.created_at // NS_PER_S * NS_PER_S)


def _missing_text(state: BundleState) -> bytes:
    lines = [f"{part.name}: {part.error.message}" for part in state.parts if part.error is not None]
    return "".join(f"{line}\r\n" for line in lines).encode()
