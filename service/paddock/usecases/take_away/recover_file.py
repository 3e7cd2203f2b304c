"""Recover: a clean log from a damaged one, without a service."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from paddock.errors import Rejected
from paddock.formats.output import new_file, target_of
from paddock.readers.registry import Recovered, kind_in, reader_of
from paddock.usecases.intake.open_log import open_log


def recover_file(
    source: Path,
    output: str | os.PathLike[str],
    progress: Callable[[float], None] = lambda _: None,
    *,
    replace: bool = False,
) -> tuple[Path, Recovered]:
    """Write every message of ``source`` that can be had to a clean log; where it is.

    Args:
        source: the log; ``-`` is stdin.
        output: the clean log, which gets the suffix of its kind when it has none; or a folder for it.
        replace: whether a file that is there may go.

    Raises:
        NotFound: there is no such file.
        Rejected: it is no log, or of a kind that cannot be recovered (code ``not_recoverable``); it is damaged and
            nothing of it can be had (``nothing_to_recover``); one clean log cannot hold it (``too_many_channels``).
        Unavailable: the target's disk is full or cannot be written.
    """
    with open_log(source) as log, contextlib.ExitStack() as opened:
        kind = kind_in(log)
        assert kind is not None, "open_log refuses what is no log"
        recover = reader_of(kind).recover
        if recover is None:
            raise Rejected(
                f"{source} is a {kind.label} log, of which there is nothing to recover: "
                "paddock convert takes what can be had of it.",
                code="not_recoverable",
            )
        target = target_of(output, f"{source.stem}{kind.suffix}")
        new = opened.enter_context(new_file(target, (kind.suffix,), inputs=[source], replace=replace))
        clean = opened.enter_context(new.aside.open("wb"))
        scratch = opened.enter_context(tempfile.TemporaryDirectory(prefix="paddock-"))
        recovered = recover(log, clean, Path(scratch), progress)
        nothing = recovered.message_count + recovered.other_count == 0
        if nothing and recovered.loss.health != "intact":
            raise Rejected(f"{source} holds nothing that can be had.", code="nothing_to_recover")
    return new.target, recovered
