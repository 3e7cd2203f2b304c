"""MCAP as a kind of log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from paddock.readers.mcap.probe import has_mcap_record
from paddock.readers.mcap.recover import recover
from paddock.readers.mcap.spool import decodes_apart, spool_log
from paddock.readers.mcap.spool_process import start_ahead
from paddock.readers.registry import Reader, Recovered


def _get_ready(log_bytes: int) -> None:
    if decodes_apart(log_bytes):
        start_ahead()


def _recover(log: BinaryIO, target: BinaryIO, directory: Path, progress: Callable[[float], None]) -> Recovered:
    return recover(log, target, directory, progress=progress)


READER = Reader(recognises=has_mcap_record, spool=spool_log, recover=_recover, get_ready=_get_ready)
