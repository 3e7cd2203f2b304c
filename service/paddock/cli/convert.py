"""``paddock convert``: logs to files, without a service."""

from __future__ import annotations

import os
import signal
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from paddock.cli.dbc_option import dbc_option
from paddock.cli.files import (
    STDOUT,
    force_option,
    logs_below,
    no_log_in_there,
    output_option,
    say_written,
    to_stdout,
)
from paddock.cli.request_options import build_request, request_options
from paddock.cli.terminal import complain, in_words, progress_bar
from paddock.domain.can_database import Databases
from paddock.domain.export import ExportRequest
from paddock.domain.words import size
from paddock.errors import PaddockError
from paddock.formats.output import format_named, names_folder
from paddock.formats.registry import canonical, find_format, formats
from paddock.processes import do_without_pandas
from paddock.readers.registry import get_ready
from paddock.settings import read_settings
from paddock.usecases.take_away.export_file import Exported, export_file

_MOST_NOTICES = 3
"""So many notices of a log are printed; `paddock info` has all."""

MUCH_BYTES = 500_000_000
MUCH_LARGER = 1_000
"""A file larger than this, and by so many times than its log, is announced."""


@dataclass(frozen=True)
class _Conversion:
    """One log and its file to be."""

    log: Path
    target: Path
    request: ExportRequest
    inputs: Sequence[Path]
    """The other logs: none of them may become an output."""
    force: bool
    memory_bytes: int | None
    databases: Databases

    def __call__(self, progress: Any = lambda _: None) -> Exported | str:
        """The file, or why there is none: whatever is wrong with one log, the others go on."""
        try:
            return export_file(
                self.log,
                self.request,
                self.target,
                progress,
                self.memory_bytes,
                inputs=self.inputs,
                replace=self.force,
                announce=self._announce,
                databases=self.databases,
            )
        except PaddockError as error:
            return error.message
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    def _announce(self, expected_bytes: int) -> None:
        """Say so before a small log becomes a very large file."""
        log_bytes = self.log.stat().st_size if self.log.is_file() else 0
        if log_bytes and expected_bytes > max(MUCH_BYTES, MUCH_LARGER * log_bytes):
            factor = f"{expected_bytes // log_bytes:,} times the log"
            complain(f"{self.log.name}: this will be about {size(expected_bytes)}, {factor}.")


@click.command("convert")
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@output_option(help="File; or a folder, such as held/; - is stdout.  [default: beside the log]")
@click.option("-f", "--format", "format_", help="File format; by default what the output's ending says, else mat.")
@request_options
@force_option
@dbc_option
@click.option(
    "-j", "processes", type=click.IntRange(1), default=1, show_default=True, help="Logs at the same time."
)
def command(
    logs: tuple[Path, ...],
    output: str | None,
    format_: str | None,
    force: bool,
    processes: int,
    databases: Databases,
    **options: Any,
) -> None:
    """Convert LOGS to MATLAB (or -f csv, parquet …). Damaged logs give what can be had, and say what was lost.

    A folder stands for the logs in it and below; with -o FOLDER they keep their places.
    """
    into_folder = output not in (None, STDOUT) and (
        names_folder(str(output)) or len(logs) > 1 or any(log.is_dir() for log in logs)
    )
    if format_ is None:
        format_ = "mat" if output is None or into_folder else _format_of(output)
    request = canonical(build_request(format_, **options))
    suffix = find_format(request.format).suffix
    if output is None and (placeless := next((log for log in logs if not _has_place(log)), None)):
        raise click.UsageError(f"{placeless} has no folder for its file: say where with -o.")
    memory_bytes = read_settings().memory_bytes
    places = list(_places(logs, Path(str(output)) if into_folder else None))
    if not places:
        raise no_log_in_there()
    if output == STDOUT:
        if len(places) > 1:
            raise click.UsageError("-o - takes one log.")
        with to_stdout(suffix, [places[0][0]]) as target:
            if _convert_here(
                [_Conversion(places[0][0], target, request, (), False, memory_bytes, databases)], say=False
            ):
                raise click.exceptions.Exit(1)
        return
    inputs = [log for log, _ in places]
    if output is not None and not into_folder:
        targets = [Path(output)]
    else:
        words = f"_{words}" if (words := request.words()) else ""
        targets = [folder / f"{_stem(log)}{words}{suffix}" for log, folder in places]
    _refuse_collisions(inputs, targets)
    if into_folder and not names_folder(str(output)):
        _refuse_no_folder(Path(str(output)))
    conversions = [
        _Conversion(log, target, request, inputs, force, memory_bytes, databases)
        for log, target in zip(inputs, targets, strict=True)
    ]
    if _convert_here(conversions) if processes == 1 else _convert_apart(conversions, processes):
        raise click.exceptions.Exit(1)


def _places(given: Sequence[Path], output: Path | None) -> Iterator[tuple[Path, Path]]:
    """Each log and the folder of its file. What an earlier run has put into the output is no input."""
    for path in given:
        if path.is_dir():
            apart = output is not None and output.exists() and not output.samefile(path)
            for log in logs_below(path):
                if not (apart and output is not None and log.resolve().is_relative_to(output.resolve())):
                    yield log, output / log.relative_to(path).parent if output else log.parent
        else:
            yield path, output or path.parent


def _stem(log: Path) -> str:
    return "stdin" if os.fspath(log) == "-" else log.stem


def _has_place(log: Path) -> bool:
    """Not stdin, nor what comes through a pipe."""
    return (
        os.fspath(log) != "-"
        and (log.is_file() or log.is_dir() or not log.exists())
        and os.fspath(log.parent) not in ("/dev", "/dev/fd", "/proc/self/fd")
    )


def _refuse_collisions(logs: Sequence[Path], targets: Sequence[Path]) -> None:
    """Also where only the case differs, or how an accent is spelled, which many file systems take for the same."""
    taken: dict[str, Path] = {}
    for log, target in zip(logs, targets, strict=True):
        key = unicodedata.normalize("NFC", os.path.abspath(target)).casefold()  # noqa: PTH100
        if key in taken:
            raise click.UsageError(
                f"{taken[key]} and {log} would become the same file {target}: convert them one by one with -o, "
                "or give the folder that has both."
            )
        taken[key] = log


def _refuse_no_folder(output: Path) -> None:
    """For several logs a folder is made where there is nothing, unless the name says a file."""
    if output.exists():
        raise click.UsageError(f"{output} is a file: several logs need a folder.")
    if format_named(output.name) is not None:
        raise click.UsageError(f"Several logs need a folder: say {output}/ if that is to be one.")


def _convert_here(conversions: Sequence[_Conversion], *, say: bool = True) -> int:
    """How many failed."""
    failed = 0
    if files := [each.log for each in conversions if each.log.is_file()]:
        get_ready(max(files, key=lambda log: log.stat().st_size))
    with progress_bar() as bar:
        for each in conversions:
            task = bar.add_task(each.log.name, total=1.0)
            done = each(lambda share, task=task: bar.update(task, completed=share))
            bar.remove_task(task)
            failed += _say(each.log, done, say)
    return failed


def _convert_apart(conversions: Sequence[_Conversion], processes: int) -> int:
    """How many failed. When a process dies, nobody knows at which log: those not done are then done one by one."""
    # Imported here, because one log alone is done sooner without.
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    failed = 0
    left = list(conversions)
    with progress_bar() as bar:
        task = bar.add_task(f"{len(left)} logs", total=len(left))
        while left:
            some = left if processes > 1 else left[:1]
            with ProcessPoolExecutor(processes, get_context("spawn"), _begin_apart) as pool:
                running = {pool.submit(_convert, each): each for each in some}
                for future in as_completed(running):
                    try:
                        done = future.result()
                    except BrokenProcessPool:
                        if processes > 1:
                            continue
                        done = "its process died: it may need more memory."
                    left.remove(running[future])
                    failed += _say(running[future].log, done)
                    bar.advance(task)
            processes = 1
    return failed


def _begin_apart() -> None:
    do_without_pandas()
    # When one process dies, the others are asked to end: what they have half written is then removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _convert(conversion: _Conversion) -> Exported | str:
    try:
        return conversion()
    except KeyboardInterrupt:
        # Nobody waits for an answer.
        os._exit(1)


def _say(log: Path, done: Exported | str, say: bool = True) -> bool:
    """Say what became of a log; whether it failed."""
    if isinstance(done, str):
        complain(f"{log.name}: {done}")
        return True
    if say:
        say_written(done.path)
    if done.loss is not None and done.loss.health != "intact":
        click.echo(f"          {in_words(done.loss)}", err=True)
    for notice in done.notices[:_MOST_NOTICES]:
        click.echo(f"          {notice}", err=True)
    if (more := len(done.notices) - _MOST_NOTICES) > 0:
        click.echo(f"          {more:,} more: paddock info {log.name} --json", err=True)
    for sentence in done.left_out:
        complain(f"{log.name}: {sentence}")
    return bool(done.left_out)


def _format_of(output: str) -> str:
    """The format whose files end like this."""
    if (known := format_named(output)) is not None:
        return known.name
    endings = ", ".join(sorted({known.suffix for known in formats().values()}))
    raise click.UsageError(f"{output}: which format is that? Use one of {endings}, or give -f.")
