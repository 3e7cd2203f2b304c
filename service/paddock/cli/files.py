"""Files on the command line: which logs are meant, and where output goes."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from paddock.cli.terminal import out
from paddock.domain.words import size
from paddock.formats.registry import ZIP_SUFFIX

STDOUT = "-"

force_option = click.option("--force", is_flag=True, help="Replace a file that is there already.")


def logs_below(folder: Path) -> list[Path]:
    """What is named like a log in a folder and in those inside it."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".mcap")


@contextlib.contextmanager
def to_stdout(suffix: str) -> Iterator[Path]:
    """A path for a file with this suffix, which goes to stdout when the block ends well."""
    if sys.stdout.isatty():
        raise click.UsageError(f"-o {STDOUT} writes a file's bytes: send them to a file or to another program.")
    with tempfile.TemporaryDirectory(prefix="paddock-") as folder:
        yield Path(folder) / f"stdout{suffix}"
        (made,) = Path(folder).iterdir()
        if made.name.endswith(ZIP_SUFFIX):
            raise click.UsageError(
                f"-o {STDOUT} is one {suffix} and not a zip of several: choose one topic with -s, or give a --rate."
            )
        with made.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer, 1 << 20)
            sys.stdout.buffer.flush()


def say_written(path: Path, more: str = "") -> None:
    """A line with size and place of a file that was written."""
    out.print(f"{size(path.stat().st_size):>8}  {path}{more}", soft_wrap=True)
