"""The page of one recording's X-Y plots, histograms and spectra."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from litestar import get
from litestar.params import FromPath, QueryParameter

from paddock.columns.analysis import WINDOWS
from paddock.domain.recording import Signal
from paddock.domain.roles import Permission
from paddock.usecases.catalogue.catalogue import signals_of
from paddock.usecases.find.recordings import check_converted, get_recording
from paddock.web.analysis.intervals_api import list_of
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import TheContext, ThePrincipal
from paddock.web.kernel.pages import pages

_Text = Annotated[str, QueryParameter(max_length=2_000)]
_ACCELERATION = re.compile(r"(.*acc\w*.*)[._](x|y)$", re.IGNORECASE)


@get("/recordings/{recording_id:str}/analysis", needs=Permission.READ)
async def analysis_page(
    context: TheContext,
    principal: ThePrincipal,
    recording_id: FromPath[str],
    kind: Annotated[Literal["xy", "histogram", "spectrum"], QueryParameter()] = "xy",
    x: _Text = "",
    y: _Text = "",
    start: _Text = "",
    end: _Text = "",
    window: _Text = "hann",
) -> Page:
    """A form whose address is the picture; ``analysis.js`` draws it."""
    recording = await get_recording(context, recording_id)
    check_converted(recording)
    signals = [each for each in await signals_of(context, recording) if each.min is not None]
    return Page(
        "analysis/analysis.html",
        principal=principal,
        recording=recording,
        name=recording.names[0] if recording.names else recording.short_id,
        names=[each.name for each in signals if not each.longest],
        gg=_g_g(signals),
        asked={"kind": kind, "x": x, "y": y, "start": start, "end": end, "window": window},
        windows=WINDOWS,
    )


@get("/recordings/{recording_id:str}/intervals", needs=Permission.READ)
async def intervals_page(context: TheContext, principal: ThePrincipal, recording_id: FromPath[str]) -> Page:
    """Spans of a recording with names, and figures over them."""
    recording = await get_recording(context, recording_id)
    check_converted(recording)
    signals = [each for each in await signals_of(context, recording) if each.min is not None and not each.longest]
    return Page(
        "analysis/intervals.html",
        principal=principal,
        recording=recording,
        name=recording.names[0] if recording.names else recording.short_id,
        names=[each.name for each in signals],
        example=signals[0].name if signals else "VNData.vn_vel_m_s.x",
        intervals=(await list_of(context, recording)).items,
    )


def _g_g(signals: list[Signal]) -> tuple[str, str] | None:
    """Lateral and longitudinal acceleration, where some topic has both."""
    found: dict[str, dict[str, str]] = {}
    for each in signals:
        if match := _ACCELERATION.fullmatch(each.name):
            found.setdefault(match[1], {})[match[2].lower()] = each.name
    return next(((axes["y"], axes["x"]) for axes in found.values() if len(axes) == 2), None)


ROUTER = pages(analysis_page, intervals_page)
