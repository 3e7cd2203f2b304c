"""Sweep: what has to be looked after although nobody asks for it. Each part is done whatever the others met."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from paddock.errors import Unavailable
from paddock.usecases.context import Context
from paddock.usecases.conversion.builds import sweep_old_builds
from paddock.usecases.intake.sweep_uploads import sweep_uploads
from paddock.usecases.notices.backup_alert import sweep_backup_alert
from paddock.usecases.notices.sending import sweep_notices
from paddock.usecases.people.sign_in import sweep_credentials
from paddock.usecases.take_away.expiry import sweep_artifacts

SWEEP_S = 30.0

log = structlog.get_logger()


async def _leftovers(context: Context) -> None:
    """Drop what uploads left in the store, long after they have expired: one that still goes on loses no part."""
    await context.objects.sweep(2 * context.upload_expires_s)


PARTS: tuple[Callable[[Context], Awaitable[object]], ...] = (
    sweep_uploads,
    sweep_old_builds,
    sweep_artifacts,
    sweep_credentials,
    _leftovers,
    sweep_backup_alert,
    sweep_notices,
)


async def sweep(context: Context) -> None:
    """All parts, one after the other."""
    for part in PARTS:
        try:
            await part(context)
        except Unavailable as error:
            log.warning("store_unavailable", code=error.code, message=error.message)
        except Exception:
            log.exception("sweep_failed", part=part.__name__)
