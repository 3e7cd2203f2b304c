"""Sizes and times as people write them in options."""

from __future__ import annotations

import re
from datetime import datetime

import click

from paddock.domain.instants import NS_PER_S

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT]?B?)", re.IGNORECASE)
_SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(s|min|h)?")
_SPAN_S = {"": 1, "s": 1, "min": 60, "h": 3600}


class Size(click.ParamType[int]):
    """A number of bytes: ``5GB``."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, or wrong usage."""
        found = _SIZE.fullmatch(str(value).strip())
        unit = found[2].upper() if found else "?"
        factor = _UNITS.get(unit if unit.endswith("B") or not unit else f"{unit}B")
        if found is None or factor is None:
            self.fail(f"{value!r} is no size: write 5GB or 500MB.", param, ctx)
        return round(float(found[1]) * factor)


class Span(click.ParamType[float]):
    """Seconds: ``30s``, ``2min``."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or wrong usage."""
        found = _SPAN.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no time: write 30s or 2min.", param, ctx)
        return float(found[1]) * _SPAN_S[found[2] or ""]


class Day(click.ParamType[int]):
    """Nanoseconds since the Unix epoch: a day begins in this machine's zone."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, or wrong usage."""
        if isinstance(value, int):
            return value
        try:
            return int(datetime.fromisoformat(str(value)).astimezone().timestamp()) * NS_PER_S
        except ValueError:
            self.fail(f"{value!r} is no day: write it like 2026-04-18.", param, ctx)
