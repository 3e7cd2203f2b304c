"""A log that a command looks at without a service."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from paddock.cli.terminal import progress_bar
from paddock.columns.spool import SpooledColumns
from paddock.domain.can_database import Databases
from paddock.readers.registry import spool_log
from paddock.settings import read_settings


@contextmanager
def spooled(log: BinaryIO, name: str, databases: Databases) -> Iterator[SpooledColumns]:
    """The columns of a log while the block lasts; a progress bar with its name says how far reading it is."""
    with tempfile.TemporaryDirectory(prefix="paddock-") as scratch, progress_bar() as bar:
        task = bar.add_task(name, total=1.0)
        with spool_log(
            log,
            Path(scratch),
            progress=lambda done: bar.update(task, completed=done),
            memory_bytes=read_settings().memory_bytes,
            databases=databases,
        ) as columns:
            yield columns
