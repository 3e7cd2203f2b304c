"""Builds: a recording's conversions, their columns and contents. One is served, and one may still be read."""

from __future__ import annotations

from collections.abc import Collection

from paddock.domain.contents import contents_id
from paddock.domain.instants import NS_PER_S
from paddock.domain.keys import columns_key, columns_prefix
from paddock.domain.recording import Recording
from paddock.ports.documents import Between, Condition, Equals, Sort
from paddock.usecases.contained import logged
from paddock.usecases.context import Context
from paddock.usecases.find.contents import contents_of, every_contents_of


def old_build(context: Context, current: Recording) -> dict[str, object]:
    """The build that is replaced stays until the last link to it has expired."""
    until = context.now() + context.link_expires_s * NS_PER_S if current.build else None
    return {"old_build": current.build, "old_build_until": until}


async def sweep_old_builds(context: Context) -> None:
    """Remove builds whose last link has expired."""
    expired: list[Condition] = [Between("old_build_until", at_least=0, below=context.now())]
    after = None
    while True:
        page = await context.documents.recordings.find(expired, sort=Sort("old_build_until"), after=after)
        for recording in page.items:
            with logged("old_build_not_removed", recording=recording.id):
                await _remove_old_build(context, recording)
                await context.documents.recordings.change(
                    recording.id,
                    {"old_build": "", "old_build_until": None},
                    [Equals("old_build", recording.old_build)],
                )
        if page.next is None:
            return
        after = page.next


async def _remove_old_build(context: Context, recording: Recording) -> None:
    """Only this one: a conversion that is under way may have written another one already."""
    if not recording.old_build or recording.old_build == recording.build:
        return
    old = contents_id(recording.id, recording.old_build)
    # What an earlier version converted twice has only the contents of the second time.
    found = await context.documents.contents.get(old) or await contents_of(context.documents, recording)
    for channel in found.channels:
        await context.objects.delete(columns_key(channel.slug, recording.id, recording.old_build))
    await context.documents.contents.delete([Equals("id", old)])


async def remove_other_builds(context: Context, recording_id: str, kept: Collection[str]) -> None:
    """Remove conversions that were cut off, and those before the last.

    A conversion writes its contents before its columns, so what was cut off is known by them.
    """
    found = [each async for each in every_contents_of(context.documents, recording_id)]
    for slug in {channel.slug for each in found for channel in each.channels}:
        served = {columns_key(slug, recording_id, build) for build in kept}
        async for stored in context.objects.list(columns_prefix(slug, recording_id)):
            if stored.key not in served:
                await context.objects.delete(stored.key)
    for each in found:
        if each.build not in kept:
            await context.documents.contents.delete([Equals("id", each.id)])
