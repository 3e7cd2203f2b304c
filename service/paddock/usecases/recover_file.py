"""Recover: a clean log from a damaged one, without a service."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from paddock.errors import Rejected
from paddock.mcap.recover import Recovered, recover
from paddock.usecases.open_log import open_log
from paddock.usecases.whole_file import whole_file


def recover_file(source: Path, target: Path, progress: Callable[[float], None] = lambda _: None) -> Recovered:
    """Write every message of ``source`` that can be had to a clean log.

    Raises:
        NotFound: there is no such file.
        Rejected: it is no MCAP log, or not one message can be had (code ``nothing_to_recover``).
        Unavailable: the target's disk is full or cannot be written.
    """
    with (
        open_log(source) as log,
        whole_file(target) as whole,
        whole.aside.open("wb") as clean,
        tempfile.TemporaryDirectory(prefix="paddock-") as scratch,
    ):
        recovered = recover(log, clean, Path(scratch), progress=progress)
        if recovered.message_count == 0:
            raise Rejected(f"{source} holds no message that can be had.", code="nothing_to_recover")
    return recovered
