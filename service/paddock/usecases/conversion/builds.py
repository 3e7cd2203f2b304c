"""Builds: the columns of a recording's conversions, of which one is served and one may still be read."""

from __future__ import annotations

from paddock.domain.instants import NS_PER_S
from paddock.domain.keys import columns_key, columns_prefix
from paddock.domain.recording import Recording
from paddock.ports.documents import Between, Condition, Equals, Sort
from paddock.usecases.contained import logged
from paddock.usecases.context import Services


def old_build(services: Services, current: Recording) -> dict[str, object]:
    """The build that is replaced stays until the last link to it has expired."""
    until = services.now() + services.link_expires_s * NS_PER_S if current.build else None
    return {"old_build": current.build, "old_build_until": until}


async def sweep_old_builds(services: Services) -> None:
    """Remove the columns of builds whose last link has expired."""
    expired: list[Condition] = [Between("old_build_until", at_least=0, below=services.now())]
    after = None
    while True:
        page = await services.documents.recordings.find(expired, sort=Sort("old_build_until"), after=after)
        for recording in page.items:
            with logged("old_build_not_removed", recording=recording.id):
                await remove_other_builds(services, recording, kept={recording.build})
                await services.documents.recordings.change(
                    recording.id,
                    {"old_build": "", "old_build_until": None},
                    [Equals("old_build", recording.old_build)],
                )
        if page.next is None:
            return
        after = page.next


async def remove_other_builds(services: Services, recording: Recording, kept: set[str]) -> None:
    """Remove the columns of conversions that were cut off, and those before the last."""
    for channel in recording.channels:
        served = {columns_key(channel.slug, recording.id, build) for build in kept}
        async for found in services.objects.list(columns_prefix(channel.slug, recording.id)):
            if found.key not in served:
                await services.objects.delete(found.key)
