"""Files on the command line: which logs are meant, and where output goes."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from paddock.domain.log_kinds import is_log_name, may_be_log_name, suffixes_in_words
from paddock.domain.words import printable, size
from paddock.formats.output import refuse_stdout_into
from paddock.formats.registry import ZIP_SUFFIX

STDOUT = "-"


def _stdout_by_any_name(context: click.Context, parameter: click.Parameter, output: str | None) -> str | None:
    return STDOUT if output in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1") else output


def output_option(**options: Any) -> Callable[[Any], Any]:
    """``-o`` of every command, with these options of click's."""
    return click.option("-o", "--output", type=click.Path(), callback=_stdout_by_any_name, **options)


force_option = click.option("--force", is_flag=True, help="Replace a file that is there already.")


def logs_below(folder: Path) -> list[Path]:
    """The logs in a folder and in those inside it; no pipe, which nobody may ever write to."""
    return sorted(path for path in folder.rglob("*") if _is_log(path))


def _is_log(path: Path) -> bool:
    """Named like one; where other files are named so too, it is also looked at."""
    if not may_be_log_name(path.name) or path.is_fifo():
        return False
    if is_log_name(path.name):
        return True
    from paddock.readers.registry import kind_in  # only where such files are

    with contextlib.suppress(OSError), path.open("rb") as file:
        return kind_in(file) is not None
    return False


def no_log_in_there() -> click.UsageError:
    """What is said where a folder has none."""
    return click.UsageError(f"There is no {suffixes_in_words()} file in there.")


@contextlib.contextmanager
def to_stdout(suffix: str, inputs: Iterable[Path] = ()) -> Iterator[Path]:
    """A path for a file with this suffix, which goes to stdout when the block ends well.

    Args:
        suffix: with the dot.
        inputs: what is read meanwhile.

    Raises:
        Rejected: stdout goes into an input (code ``is_input``).
    """
    refuse_stdout_into(inputs)
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
    click.echo(printable(f"{size(path.stat().st_size):>8}  {path}{more}"))
