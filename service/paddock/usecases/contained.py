"""Runs one of many tasks so that its failure does not end the others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import structlog

from paddock.errors import Unavailable

log = structlog.get_logger()


@contextlib.contextmanager
def logged(event: str, **about: str) -> Iterator[None]:
    """Log an error instead of raising it, so that those which come after are done.

    Raises:
        Unavailable: what is away for one is away for all.
    """
    try:
        yield
    except Unavailable:
        raise
    except Exception:
        log.exception(event, **about)
