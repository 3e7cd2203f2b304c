"""Find recordings, and get at their files."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paddock.domain.export_words import read_request
from paddock.domain.job import JobState
from paddock.domain.names import download_name, original_name
from paddock.domain.recording import Artifact, Purpose, Recording, Status
from paddock.domain.recording_names import check_id_prefix
from paddock.errors import Conflict, NotFound
from paddock.formats.registry import find_format
from paddock.ports.documents import MAX_PAGE, Condition, Contains, Equals, Exists, OneOf, Page, Sort, StartsWith
from paddock.usecases.context import Context
from paddock.usecases.intake.originals import stored_original
from paddock.usecases.take_away.expiry import note_use

NEWEST_FIRST = Sort("uploaded_at", descending=True)
MAX_EXPORTS = 100
"""The most that a recording lists."""


async def find_recordings(
    context: Context, *, text: str = "", limit: int = 50, after: str | None = None
) -> Page[Recording]:
    """Recordings that are not deleted, the newest upload first; ``text`` looks in names, metadata and id."""
    where: list[Condition] = [Equals("deleted_at", None)]
    where += [Contains("search", word) for word in text.casefold().split()]
    return await context.documents.recordings.find(where, sort=NEWEST_FIRST, limit=limit, after=after)


async def get_recording(context: Context, prefix: str, *, deleted: bool | None = False) -> Recording:
    """The recording with this id, or with the only id that begins so.

    Args:
        deleted: whether to look among what is deleted; None for both.

    Raises:
        Rejected: no id.
        NotFound: there is none.
        Conflict: several begin so (code ``ambiguous_id``).
    """
    prefix = check_id_prefix(prefix)
    where: list[Condition] = [StartsWith("id", prefix)]
    if deleted is not None:
        where.append(Exists("deleted_at") if deleted else Equals("deleted_at", None))
    page = await context.documents.recordings.find(where, limit=2)
    if not page.items:
        raise NotFound(f"There is no recording {prefix}: look for it in the list.", code="no_such_recording")
    if len(page.items) > 1:
        raise Conflict(f"Several recordings begin with {prefix}: give more digits of the id.", code="ambiguous_id")
    return page.items[0]


def check_converted(recording: Recording) -> None:
    """Raise ``Conflict`` (code ``not_ready``) unless there is something converted of a recording."""
    if recording.build:
        return
    if recording.status is Status.FAILED and recording.error is not None:
        raise Conflict(f"The log could not be converted: {recording.error.message}", code="not_ready")
    raise Conflict("The recording is not converted yet: wait until it is ready.", code="not_ready")


async def artifacts_of(context: Context, recordings: Sequence[Recording]) -> dict[str, list[Artifact]]:
    """What the conversions of some recordings made for everybody, by recording id: the newest of each kind."""
    found: dict[str, list[Artifact]] = {recording.id: [] for recording in recordings}
    if not found:
        return found
    after = None
    while True:
        page = await context.documents.artifacts.find(
            [OneOf("recording", tuple(found)), OneOf("purpose", (Purpose.DEFAULT, Purpose.VIEWER))],
            sort=Sort("created_at", descending=True),
            limit=500,
            after=after,
        )
        for artifact in page.items:
            listed = found[artifact.recording]
            if all(other.purpose is not artifact.purpose for other in listed):
                listed.append(artifact)
        if page.next is None:
            return found
        after = page.next


async def exports_of(context: Context, recording: Recording) -> list[Artifact]:
    """What people had made of a recording, the last first; of the same request made again only the last."""
    page = await context.documents.artifacts.find(
        [Equals("recording", recording.id), Equals("purpose", Purpose.EXPORT)],
        sort=Sort("created_at", descending=True),
        limit=MAX_EXPORTS,
    )
    newest: dict[str, Artifact] = {}
    for artifact in page.items:
        newest.setdefault(artifact.request or artifact.id, artifact)
    return list(newest.values())


async def files_made(context: Context, artifact_ids: Sequence[str]) -> dict[str, tuple[Recording, Artifact]]:
    """Those of at most ``MAX_PAGE`` artifacts that are there, by id, each with its recording."""
    if not artifact_ids:
        return {}
    made = await context.documents.artifacts.find([OneOf("id", tuple(artifact_ids))], limit=MAX_PAGE)
    recordings = await context.documents.recordings.find(
        [OneOf("id", tuple({artifact.recording for artifact in made.items})), Equals("deleted_at", None)],
        limit=MAX_PAGE,
    )
    known = {recording.id: recording for recording in recordings.items}
    return {each.id: (known[each.recording], each) for each in made.items if each.recording in known}


async def progress_of(context: Context, recordings: Sequence[Recording]) -> dict[str, float]:
    """How far the running job of each unsettled recording is, 0 to 1, by recording id."""
    by_job = {f"convert-{recording.id}": recording.id for recording in recordings if not recording.status.settled}
    verifying = tuple(recording.id for recording in recordings if recording.status is Status.VERIFYING)
    if verifying:
        uploads = await context.documents.uploads.find([OneOf("sha256", verifying)], limit=MAX_PAGE)
        by_job |= {f"ingest-{upload.id}": upload.sha256 for upload in uploads.items}
    if not by_job:
        return {}
    running = await context.documents.jobs.find(
        [OneOf("id", tuple(by_job)), Equals("state", JobState.RUNNING)], limit=MAX_PAGE
    )
    return {by_job[job.id]: job.progress for job in running.items}


def artifact_name(recording: Recording, artifact: Artifact) -> str:
    """The file name of a derived file: it says what was asked for, so that no two have one name."""
    suffix = artifact.suffix or find_format(artifact.format).suffix
    if artifact.purpose is Purpose.VIEWER:
        return download_name(recording, f".viewer{suffix}")
    # Of the default file there is nothing to say, and lists name one in every row.
    exported = artifact.purpose is Purpose.EXPORT
    return download_name(recording, suffix, read_request(artifact.request).words() if exported else "")


class StoredFile(msgspec.Struct, frozen=True):
    """An object, and the name under which it is saved."""

    key: str
    file_name: str


async def original_file(context: Context, recording: Recording) -> StoredFile:
    """The original bytes.

    Raises:
        NotFound: they have not been stored yet, or are gone.
    """
    stored = await stored_original(context, recording)
    return StoredFile(stored.key, original_name(recording))


async def artifact_file(context: Context, recording: Recording, artifact_id: str) -> StoredFile:
    """A derived file.

    Raises:
        NotFound: this recording has no such artifact.
    """
    artifact = await context.documents.artifacts.get(artifact_id)
    if artifact is None or artifact.recording != recording.id:
        raise NotFound("This recording has no such file any more: reload the page.", code="no_such_artifact")
    await note_use(context, artifact)
    return StoredFile(artifact.key, artifact_name(recording, artifact))


async def link_to(context: Context, file: StoredFile) -> str:
    """A link that downloads a file under its name."""
    return await context.objects.link(file.key, file_name=file.file_name, expires_s=context.link_expires_s)


async def original_link(context: Context, recording: Recording) -> str:
    """A link to the original bytes.

    Raises:
        NotFound: they have not been stored yet, or are gone.
    """
    return await link_to(context, await original_file(context, recording))


async def artifact_link(context: Context, recording: Recording, artifact_id: str) -> str:
    """A link to a derived file.

    Raises:
        NotFound: this recording has no such artifact.
    """
    return await link_to(context, await artifact_file(context, recording, artifact_id))
