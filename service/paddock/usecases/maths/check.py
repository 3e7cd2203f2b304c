"""Check an expression on a recording: its unit and a preview, or what is wrong and where."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paddock.columns.columns import Int64s
from paddock.columns.decimate import decimate, decimate_steps
from paddock.columns.derived import Derived
from paddock.columns.joined import Floats
from paddock.domain.instants import NS_PER_S
from paddock.domain.maths_channels import MathsText
from paddock.domain.maths_language.checking import Shape
from paddock.domain.maths_language.parser import parse
from paddock.usecases.context import Context
from paddock.usecases.find.contents import contents_of
from paddock.usecases.find.recordings import check_converted, get_recording
from paddock.usecases.look.plots import log_span
from paddock.usecases.maths.computing import CHECKING, bound_in, derived_in

POINTS = 1_000
LONGEST_S = 3.0
"""A preview ends then, wherever it is in the log; the job that derives does not."""
MOST_SAMPLES = 5_000_000


@dataclass(frozen=True)
class Preview:
    """What an expression is over a recording."""

    seconds: npt.NDArray[np.float64]
    """Since the log's first message, shape (N,)."""
    values: Floats
    """Shape (N,); NaN is missing."""
    samples: int
    """How many were computed, drawn or not."""
    known: int
    """How many of them are a number."""
    low: float | None
    high: float | None
    mean: float | None
    is_whole: bool
    """Whether that is all of the recording; else the time for a preview ran out."""


@dataclass(frozen=True)
class Checked:
    """An expression that means something."""

    name: str
    """The channel's, where the text says one."""
    unit: str | None
    """Empty for a ratio; None where nobody knows."""
    shape: Shape | None
    """None without a recording."""
    signals: tuple[str, ...]
    """Those of the recording that it is computed from."""
    preview: Preview | None


async def check_text(context: Context, said: MathsText, recording_id: str) -> Checked:
    """Read an expression, and compute it over a recording where one is named.

    Raises:
        Fault: with what is wrong and the place in the text.
        Rejected: the log has not what it names (code ``bad_maths``).
        NotFound: there is no such recording.
        Conflict: it was not converted yet (code ``not_ready``), or its columns are damaged (``columns_damaged``).
    """
    parsed = parse(said.text)
    name = said.name or parsed.name
    if not recording_id:
        return Checked(name, None, None, (), None)
    recording = await get_recording(context, recording_id)
    check_converted(recording)
    contents = await contents_of(context.documents, recording)
    bound = await bound_in(
        context, recording, contents, parsed.tree, constants=said.constants, name=name, car=said.car
    )
    loop = asyncio.get_running_loop()
    quantity = await loop.run_in_executor(CHECKING, lambda: bound.quantity)  # its units are checked
    derived = await derived_in(context, recording, contents, bound)
    origin_ns, _ = await log_span(context, recording)
    preview = await loop.run_in_executor(CHECKING, _preview, derived, quantity.shape, origin_ns)
    unit = None if quantity.unit is None else str(quantity.unit)
    return Checked(name, unit, quantity.shape, tuple(bound.signals), preview)


def _preview(derived: Derived, shape: Shape, origin_ns: int) -> Preview:
    times, values = [np.empty(0, np.int64)], [np.empty(0)]
    began, count, is_whole = time.monotonic(), 0, True
    for samples in derived.samples():
        times.append(samples.times)
        values.append(samples.values)
        count += len(samples.times)
        if count >= MOST_SAMPLES or time.monotonic() - began > LONGEST_S:
            is_whole = False
            break
    return _drawn(np.concatenate(times), np.concatenate(values), origin_ns, shape, is_whole)


def _drawn(times: Int64s, values: Floats, origin_ns: int, shape: Shape, is_whole: bool) -> Preview:
    known = values[~np.isnan(values)]
    kept = np.empty(0, np.int64)
    if len(times):
        fewer = decimate if shape is Shape.LINE else decimate_steps
        kept = fewer(times, values, POINTS // 4, int(times[0]), int(times[-1]))
    with np.errstate(all="ignore"):
        mean = float(known.mean()) if len(known) else None
    return Preview(
        seconds=(times[kept] - origin_ns) / NS_PER_S,
        values=values[kept],
        samples=len(times),
        known=len(known),
        low=float(known.min()) if len(known) else None,
        high=float(known.max()) if len(known) else None,
        mean=mean,
        is_whole=is_whole,
    )
