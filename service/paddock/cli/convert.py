"""``paddock convert``: logs to files, without a service."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
import msgspec

from paddock.cli.terminal import out, progress_bar, size
from paddock.domain.export import ExportRequest
from paddock.domain.instants import from_rfc3339
from paddock.domain.recording import LossReport
from paddock.errors import PaddockError
from paddock.formats.registry import find_format, formats
from paddock.usecases.export_file import export_file


@click.command("convert")
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File, or a folder for several logs.")
@click.option("-f", "--format", "format_", help="File format; by default what the output's ending says, else mat.")
@click.option("--layout", default="", help="Layout of the format, such as hytech-v1.")
@click.option("-s", "--signal", "signals", multiple=True, help="Topic or signal, * for any; may be repeated.")
@click.option("--start", help="From here: seconds from the start, or a time like 2026-04-18T14:32:00Z.")
@click.option("--end", help="Up to here, likewise.")
@click.option("--rate", "rate_hz", type=click.FloatRange(min=0, min_open=True), help="One common raster, in Hz.")
@click.option("--linear", is_flag=True, help="Floats between two samples are interpolated, not held.")
@click.option("--native", is_flag=True, help="MATLAB: keep the log's number types instead of double.")
@click.option("--compress", is_flag=True, help="MATLAB: smaller and slower.")
@click.option("--mat-version", type=click.Choice(["5", "7.3"]), help="MATLAB: by default chosen by size.")
@click.option(
    "-j", "processes", type=click.IntRange(1), default=1, show_default=True, help="Logs at the same time."
)
def command(
    logs: tuple[Path, ...],
    output: Path | None,
    format_: str | None,
    start: str | None,
    end: str | None,
    linear: bool,
    processes: int,
    mat_version: str | None,
    **options: Any,
) -> None:
    """Convert LOGS to MATLAB (or -f csv, parquet …). Damaged logs give what can be had, and say what was lost."""
    into_folder = output is not None and (len(logs) > 1 or output.is_dir())
    if format_ is None:
        format_ = "mat" if output is None or into_folder else _format_of(output)
    given = {
        "format": format_,
        "interpolation": "linear" if linear else "hold",
        "mat_version": mat_version or "",
        **_span("start", start),
        **_span("end", end),
        **options,
    }
    request = msgspec.convert(given, ExportRequest)
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
    with progress_bar() as bar:
        for log, target in targets.items():
            task = bar.add_task(log.name, total=1.0)
            try:
                loss = export_file(
                    log,
                    request,
                    target,
                    lambda done, task=task: bar.update(task, completed=done),  # type: ignore[misc]
                )
            except PaddockError as error:
                failed += 1
                _say_failed(log, error)
            else:
                _say_done(target, loss)
            finally:
                bar.remove_task(task)
    return failed


def _convert_apart(targets: dict[Path, Path], request: ExportRequest, processes: int) -> int:
    failed = 0
    with progress_bar() as bar, ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        task = bar.add_task(f"{len(targets)} logs", total=len(targets))
        running = {pool.submit(export_file, log, request, target): log for log, target in targets.items()}
        for future in as_completed(running):
            log = running[future]
            try:
                loss = future.result()
            except PaddockError as error:
                failed += 1
                _say_failed(log, error)
            else:
                _say_done(targets[log], loss)
            bar.advance(task)
    return failed


def _say_done(target: Path, loss: LossReport | None) -> None:
    out.print(f"{size(target.stat().st_size):>8}  {target}", soft_wrap=True)
    if loss is not None and loss.health != "intact":
        click.echo(f"          {in_words(loss)}", err=True)


def in_words(loss: LossReport) -> str:
    """What a damaged log lost, in one line."""
    parts = [f"no {part}" for part in loss.missing]
    if loss.lost_bytes:
        parts.append(f"{size(loss.lost_bytes)} unusable")
    if loss.lost_records:
        parts.append(f"{loss.lost_records} records lost")
    if loss.undecodable:
        parts.append(f"{sum(loss.undecodable.values())} messages not decodable")
    if loss.orphans:
        parts.append(f"{loss.orphans} messages without a channel")
    parts += sorted({entry.reason.replace("_", " ") for entry in loss.losses})
    return "recovered from a damaged log: " + ", ".join(parts)


def _say_failed(log: Path, error: PaddockError) -> None:
    click.echo(f"paddock: {log.name}: {error.message}", err=True)


def _format_of(output: Path) -> str:
    """The format whose files end like this."""
    for known in formats().values():
        if output.name.endswith(known.suffix):
            return known.name
    endings = ", ".join(sorted({known.suffix for known in formats().values()}))
    raise click.UsageError(f"{output.name}: which format is that? Use one of {endings}, or give -f.")


def _span(name: str, text: str | None) -> dict[str, int | float]:
    """One end of the time span, in seconds from the start or as an instant."""
    if text is None:
        return {}
    try:
        return {f"{name}_s": float(text)}
    except ValueError:
        return {f"{name}_ns": from_rfc3339(text)}
