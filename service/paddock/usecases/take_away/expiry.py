"""Expiry: files that nobody has needed for long are removed; they can be made again."""

from __future__ import annotations

from paddock.domain.instants import NS_PER_S
from paddock.domain.recording import Artifact, Purpose
from paddock.ports.documents import Between, Condition, Equals, Exists, Sort
from paddock.usecases.contained import logged
from paddock.usecases.context import Context

_NOTED_NS = 3600 * NS_PER_S
"""That a file was used is written down at most so often."""


def expiry_of(context: Context, purpose: Purpose) -> int | None:
    """When a file that is made or used now expires; None for what stays: the default file and the viewer copy."""
    return context.now() + context.export_expires_s * NS_PER_S if purpose is Purpose.EXPORT else None


async def note_use(context: Context, artifact: Artifact) -> None:
    """Somebody asked for the file or took it, so it is kept for longer."""
    later = expiry_of(context, artifact.purpose)
    if later is not None and later - (artifact.expires_at or 0) > _NOTED_NS:
        await context.documents.artifacts.change(artifact.id, {"expires_at": later})


async def outdate_others(context: Context, artifact: Artifact) -> None:
    """Keep the newest of each kind of file that is there for everybody; links to older ones run out."""
    if artifact.purpose is Purpose.EXPORT:
        return
    same: list[Condition] = [Equals("recording", artifact.recording), Equals("purpose", artifact.purpose)]
    # The newest are asked for and looked at here: a store that enters by what has no expiry reads all there is.
    others = await context.documents.artifacts.find(same, sort=Sort("created_at", descending=True))
    for other in others.items:
        if other.id != artifact.id and other.expires_at is None:
            until = context.now() + context.export_expires_s * NS_PER_S
            await context.documents.artifacts.change(other.id, {"expires_at": until})


async def sweep_artifacts(context: Context) -> None:
    """Remove what has expired. The document goes first: nobody is given a link to what is not there."""
    unknown: list[Condition] = [Equals("purpose", Purpose.EXPORT), Exists("expires_at", False)]
    # An older version made them: their time begins now.
    for artifact in (await context.documents.artifacts.find(unknown, sort=Sort("expires_at"))).items:
        await note_use(context, artifact)
    expired: list[Condition] = [Between("expires_at", at_least=0, below=context.now())]
    for artifact in (await context.documents.artifacts.find(expired, sort=Sort("expires_at"), limit=500)).items:
        with logged("artifact_not_removed", artifact=artifact.id):
            unused = [Equals("id", artifact.id), Equals("expires_at", artifact.expires_at)]
            if await context.documents.artifacts.delete(unused):
                await context.objects.delete(artifact.key)
