"""The options that say what an export takes, the same for ``convert`` and ``export``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
import msgspec

from paddock.domain.export import ExportRequest
from paddock.domain.instants import from_rfc3339

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--layout", default="", help="Layout of the format, such as hytech-v1."),
    click.option("-s", "--signal", "signals", multiple=True, help="Topic or signal, * for any; may be repeated."),
    click.option("--start", help="From here: seconds from the start, or a time like 2026-04-18T14:32:00Z."),
    click.option("--end", help="Up to here, likewise."),
    click.option(
        "--rate", "rate_hz", type=click.FloatRange(min=0, min_open=True), help="One common raster, in Hz."
    ),
    click.option("--linear", is_flag=True, help="Floats between two samples are interpolated, not held."),
    click.option("--native", is_flag=True, help="MATLAB: keep the log's number types instead of double."),
    click.option("--compress", is_flag=True, help="MATLAB: smaller and slower."),
    click.option("--mat-version", type=click.Choice(["5", "7.3"]), help="MATLAB: by default chosen by size."),
)


def request_options(command: F) -> F:
    """Add the options; the command gets them as keyword arguments for ``build_request``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def build_request(
    format_: str, *, start: str | None, end: str | None, linear: bool, mat_version: str | None, **options: Any
) -> ExportRequest:
    """The request that the options describe.

    Raises:
        Rejected: a time that is none.
    """
    given = {
        "format": format_,
        "interpolation": "linear" if linear else "hold",
        "mat_version": mat_version or "",
        **_span("start", start),
        **_span("end", end),
        **options,
    }
    return msgspec.convert(given, ExportRequest)


def _span(name: str, text: str | None) -> dict[str, int | float]:
    """One end of the time span, in seconds from the start or as an instant."""
    if text is None:
        return {}
    try:
        return {f"{name}_s": float(text)}
    except ValueError:
        return {f"{name}_ns": from_rfc3339(text)}
