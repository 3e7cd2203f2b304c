"""Which use case does which kind of job. Imports all that reads logs and writes files."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable

import structlog

from paddock.domain.job import OUT_OF_MEMORY, Job
from paddock.errors import PaddockError, Unavailable
from paddock.usecases.alerts import ingest_rules, preview
from paddock.usecases.checks import asking as checks_asking
from paddock.usecases.checks import preview as checks_preview
from paddock.usecases.checks.run import run_checks
from paddock.usecases.context import Context
from paddock.usecases.conversion.convert import convert
from paddock.usecases.intake.ingest import ingest
from paddock.usecases.laps.time_recording import time_laps_of
from paddock.usecases.maths import asking
from paddock.usecases.maths.derive import derive
from paddock.usecases.take_away.export import export

Progress = Callable[[float], None]

HANDLERS: dict[str, Callable[[Context, Job, Progress], Awaitable[None]]] = {
    "ingest": ingest,
    "convert": convert,
    "export": export,
    "laps": time_laps_of,
    ingest_rules.KIND: ingest_rules.run_rules,
    preview.KIND: preview.run_preview,
    checks_asking.KIND: run_checks,
    checks_asking.KIND_ALL: checks_asking.check_all,
    checks_preview.KIND: checks_preview.run_preview,
    asking.KIND: derive,
    asking.KIND_ALL: asking.derive_all,
}

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_PASSING = (
    errno.EIO,
    errno.EROFS,
    errno.ENOMEM,
    errno.EMFILE,
    errno.ENFILE,
    errno.EAGAIN,
    errno.ESTALE,
    errno.ETIMEDOUT,
)

log = structlog.get_logger()


async def handle(context: Context, job: Job, progress: Progress) -> None:
    """Do a job in this process.

    Raises:
        PaddockError: whatever went wrong; nothing else is raised.
    """
    handler = HANDLERS.get(job.kind)
    if handler is None:
        raise PaddockError(f"Nothing here does jobs of the kind {job.kind[:40]!r}.", code="unknown_job")
    try:
        await handler(context, job, progress)
    except PaddockError:
        raise
    except MemoryError as error:
        raise PaddockError(OUT_OF_MEMORY.message, code=OUT_OF_MEMORY.code) from error
    except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
        raise
    except OSError as error:
        raise _from_system(job, error) from error
    except BaseException as error:  # The panics of Rust are no Exception.
        raise _unexpected(job, error) from error


def _from_system(job: Job, error: OSError) -> PaddockError:
    """The error of a machine that has no room or other trouble, which will pass: the log is not to blame."""
    if error.errno in _NO_ROOM or "No space left on device" in str(error):
        return Unavailable("The worker's disk is full: make room. It is tried again by itself.", code="disk_full")
    if error.errno in _PASSING:
        return Unavailable(f"The worker's machine has trouble: {error.strerror}. It is tried again by itself.")
    return _unexpected(job, error)


def _unexpected(job: Job, error: BaseException) -> PaddockError:
    """The error of a bug: tried again, since the next version may not have it, the job ends on the dead list."""
    log.exception("job_crashed", job=job.id)
    return PaddockError(f"{type(error).__name__}: {error}", code="internal_error", permanent=False)
