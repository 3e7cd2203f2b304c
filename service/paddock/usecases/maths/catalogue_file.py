"""``signals.toml``: the team's signal catalogue and its maths channels, as one file."""

from __future__ import annotations

import asyncio

from paddock.domain.catalogue import Catalogue
from paddock.domain.maths_toml import read_maths, write_maths
from paddock.domain.principal import Principal
from paddock.usecases.catalogue.catalogue import export_catalogue, import_catalogue
from paddock.usecases.context import Context
from paddock.usecases.maths.channels import replace_channels
from paddock.usecases.maths.names import all_channels


async def export_file(context: Context) -> str:
    """All entries and all maths channels."""
    maths = write_maths(await all_channels(context))
    return "\n".join(filter(None, (await export_catalogue(context), maths)))


async def import_file(context: Context, principal: Principal, text: str, *, version: int) -> Catalogue:
    """Replace all entries by those of a file, and all maths channels where it has any.

    Raises:
        Rejected: it is no such file (code ``bad_catalogue``), or a channel cannot be.
        Conflict: somebody changed the catalogue since ``version`` (code ``catalogue_changed``).
    """
    maths = await asyncio.to_thread(read_maths, text)
    catalogue = await import_catalogue(context, principal, text, version=version)
    if maths is not None:
        await replace_channels(context, principal, maths)
    return catalogue
