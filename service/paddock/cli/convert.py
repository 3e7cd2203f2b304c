"""``paddock convert``: logs to files, without a service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from paddock.cli.request_options import build_request, request_options
from paddock.cli.terminal import in_words, out, progress_bar
from paddock.domain.export import ExportRequest
from paddock.domain.words import size
from paddock.errors import PaddockError
from paddock.formats.registry import ZIP_SUFFIX, find_format, formats
from paddock.mcap.spool import decodes_apart
from paddock.mcap.spool_process import start_ahead
from paddock.settings import read_settings
from paddock.usecases.export_file import Exported, export_file


@click.command("convert")
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File, or a folder for several logs.")
@click.option("-f", "--format", "format_", help="File format; by default what the output's ending says, else mat.")
@request_options
@click.option(
    "-j", "processes", type=click.IntRange(1), default=1, show_default=True, help="Logs at the same time."
)
def command(
    logs: tuple[Path, ...],
    output: Path | None,
    format_: str | None,
    processes: int,
    **options: Any,
) -> None:
    """Convert LOGS to MATLAB (or -f csv, parquet …). Damaged logs give what can be had, and say what was lost."""
    into_folder = output is not None and (len(logs) > 1 or output.is_dir())
    if format_ is None:
        format_ = "mat" if output is None or into_folder else _format_of(output)
    request = build_request(format_, **options)
    suffix = find_format(request.format, request.layout).suffix
    targets = {}
    for log in logs:
        folder = output if into_folder and output else log.parent
        targets[log] = folder / f"{log.stem}{suffix}" if output is None or into_folder else output
    if len(set(targets.values())) < len(logs):
        raise click.UsageError("Two of the logs would become the same file: convert them one by one with -o.")
    for target in targets.values():
        target.parent.mkdir(parents=True, exist_ok=True)
    failed = _convert_here(targets, request) if processes == 1 else _convert_apart(targets, request, processes)
    if failed:
        raise click.exceptions.Exit(1)


def _convert_here(targets: dict[Path, Path], request: ExportRequest) -> int:
    failed = 0
    memory_bytes = read_settings().memory_bytes
    if any(log.is_file() and decodes_apart(log.stat().st_size) for log in targets):
        start_ahead()
    with progress_bar() as bar:
        for log, target in targets.items():
            task = bar.add_task(log.name, total=1.0)
            try:
                done = export_file(
                    log,
                    request,
                    target,
                    lambda share, task=task: bar.update(task, completed=share),  # type: ignore[misc]
                    memory_bytes,
                )
            except PaddockError as error:
                failed += 1
                _say_failed(log, error)
            else:
                _say_done(done)
            finally:
                bar.remove_task(task)
    return failed


def _convert_apart(targets: dict[Path, Path], request: ExportRequest, processes: int) -> int:
    # Imported here, because one log alone is done sooner without.
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    failed = 0
    memory_bytes = read_settings().memory_bytes
    with progress_bar() as bar, ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        task = bar.add_task(f"{len(targets)} logs", total=len(targets))
        running = {
            pool.submit(export_file, log, request, target, memory_bytes=memory_bytes): log
            for log, target in targets.items()
        }
        for future in as_completed(running):
            log = running[future]
            try:
                done = future.result()
            except PaddockError as error:
                failed += 1
                _say_failed(log, error)
            else:
                _say_done(done)
            bar.advance(task)
    return failed


def _say_done(done: Exported) -> None:
    out.print(f"{size(done.path.stat().st_size):>8}  {done.path}", soft_wrap=True)
    if done.loss is not None and done.loss.health != "intact":
        click.echo(f"          {in_words(done.loss)}", err=True)


def _say_failed(log: Path, error: PaddockError) -> None:
    click.echo(f"paddock: {log.name}: {error.message}", err=True)


def _format_of(output: Path) -> str:
    """The format whose files end like this."""
    for known in formats().values():
        if output.name.removesuffix(ZIP_SUFFIX).endswith(known.suffix):
            return known.name
    endings = ", ".join(sorted({known.suffix for known in formats().values()}))
    raise click.UsageError(f"{output.name}: which format is that? Use one of {endings}, or give -f.")
