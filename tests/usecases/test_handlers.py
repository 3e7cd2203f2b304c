"""Whatever a job meets becomes a sentence, and says whether waiting mends it."""

import errno

import pyarrow as pa
import pytest

from paddock.domain.job import Job, passes
from paddock.errors import PaddockError, Rejected, Unavailable
from paddock.usecases.context import Context
from paddock.usecases.jobs import handlers

pytestmark = pytest.mark.anyio


class Panic(BaseException):
    """As Rust's reach Python."""


@pytest.mark.parametrize(
    ("error", "code", "permanent", "passing"),
    [
        (Rejected("it is no log", code="not_mcap"), "not_mcap", True, False),
        (Unavailable("away"), "unavailable", False, True),
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full", False, True),
        (OSError("Can't write data (error message = 'No space left on device')"), "disk_full", False, True),
        (OSError(errno.EIO, "Input/output error"), "unavailable", False, True),
        (OSError(errno.EINVAL, "Invalid argument"), "internal_error", False, False),
        (MemoryError(), "memory_limit", True, False),
        (pa.ArrowMemoryError("malloc failed"), "memory_limit", True, False),
        (KeyError("x"), "internal_error", False, False),
        (Panic("index out of bounds"), "internal_error", False, False),
    ],
)
async def test_errors_are_told_apart(
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: str,
    permanent: bool,
    passing: bool,
) -> None:
    async def fails(*_: object) -> None:
        raise error

    monkeypatch.setitem(handlers.HANDLERS, "convert", fails)
    job = Job(id="convert-a", kind="convert", subject="a", created_at=0, due_at=0)
    with pytest.raises(PaddockError) as failed:
        await handlers.handle(context, job, lambda share: None)
    told = failed.value
    assert (told.code, told.permanent, passes(told)) == (code, permanent, passing)
