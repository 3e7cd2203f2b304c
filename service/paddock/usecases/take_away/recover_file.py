"""Recover: a clean log from a damaged one, without a service."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from paddock.errors import Rejected
from paddock.formats.output import new_file
from paddock.readers.mcap.recover import Recovered, recover
from paddock.usecases.intake.open_log import open_log


def recover_file(
    source: Path,
    target: Path,
    progress: Callable[[float], None] = lambda _: None,
    *,
    replace: bool = False,
) -> tuple[Path, Recovered]:
    """Write every message of ``source`` that can be had to a clean log; where it is.

    Args:
        source: the log; ``-`` is stdin.
        target: gets the suffix ``.mcap`` when it has none.
        replace: whether a file that is there may go.

    Raises:
        NotFound: there is no such file.
        Rejected: it is no MCAP log, it is damaged and nothing of it can be had (code ``nothing_to_recover``), or
            one clean log cannot hold it (``too_many_channels``).
        Unavailable: the target's disk is full or cannot be written.
    """
    with (
        open_log(source) as log,
        new_file(target, (".mcap",), inputs=[source], replace=replace) as new,
        new.aside.open("wb") as clean,
        tempfile.TemporaryDirectory(prefix="paddock-") as scratch,
    ):
        recovered = recover(log, clean, Path(scratch), progress=progress)
        nothing = recovered.message_count + recovered.other_count == 0
        if nothing and recovered.loss.health != "intact":
            raise Rejected(f"{source} holds nothing that can be had.", code="nothing_to_recover")
    return new.target, recovered
