"""The pages of X-Y plots, histograms, spectra and intervals of a recording, and of figures over many."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Literal, NamedTuple

from litestar import get
from litestar.params import FromPath, QueryParameter

from paddock.columns.analysis import WINDOWS
from paddock.domain.catalogue_defaults import Role
from paddock.domain.fields import Fields
from paddock.domain.recording import Recording, Signal
from paddock.domain.roles import Permission
from paddock.usecases.catalogue.catalogue import catalogue_of, signals_of
from paddock.usecases.context import Context
from paddock.usecases.find.recordings import check_converted, get_recording
from paddock.usecases.look.intervals import MAX_RECORDINGS
from paddock.usecases.setups.fields import load_setup_fields
from paddock.web.analysis.intervals_api import list_of
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import TeamFields, TheContext, ThePrincipal
from paddock.web.kernel.pages import pages

_Text = Annotated[str, QueryParameter(max_length=2_000)]
_Over = Annotated[Literal["intervals", "laps", "recording"], QueryParameter()]
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
async def intervals_page(
    context: TheContext,
    principal: ThePrincipal,
    team_fields: TeamFields,
    recording_id: FromPath[str],
    signals: _Text = "",
    over: _Over = "intervals",
) -> Page:
    """Spans of a recording with names, and figures over them."""
    recording = await get_recording(context, recording_id)
    check_converted(recording)
    numbers = await _numbers(context, recording)
    return Page(
        "analysis/intervals.html",
        principal=principal,
        recording=recording,
        name=recording.names[0] if recording.names else recording.short_id,
        names=[each.name for each in numbers],
        example=await _example(context, recording, numbers),
        intervals=(await list_of(context, recording)).items,
        asked=_Asked(signals, over),
        columns=_columns(team_fields),
        setup_columns=await _setup_columns(context),
    )


@get("/kpis", needs=Permission.READ)
async def kpis_page(
    context: TheContext,
    principal: ThePrincipal,
    team_fields: TeamFields,
    recordings: Annotated[str, QueryParameter(max_length=70 * MAX_RECORDINGS)] = "",
    signals: _Text = "",
    over: _Over = "laps",
) -> Page:
    """Figures of signals over the intervals or laps of many recordings; the address keeps what is asked."""
    prefixes = [each for each in recordings.split(",") if each][:MAX_RECORDINGS]
    chosen = [await get_recording(context, each) for each in dict.fromkeys(prefixes)]
    numbers = await _numbers(context, chosen[0]) if chosen else []
    return Page(
        "analysis/kpis.html",
        principal=principal,
        recordings=[each.id for each in chosen],
        names=[each.name for each in numbers],
        example=await _example(context, chosen[0], numbers) if chosen else "",
        asked=_Asked(signals, over),
        columns=_columns(team_fields),
        setup_columns=await _setup_columns(context),
        most=MAX_RECORDINGS,
    )


class _Asked(NamedTuple):
    """What a form of figures begins with."""

    signals: str
    over: str


def _columns(fields: Fields) -> list[dict[str, str]]:
    return [{"name": each.name, "label": each.label} for each in fields.columns]


async def _setup_columns(context: Context) -> list[dict[str, str]]:
    fields = await load_setup_fields(context)
    return [
        {"id": each.id, "label": each.label, "unit": each.unit, "kind": each.kind.value} for each in fields.columns
    ]


async def _numbers(context: Context, recording: Recording) -> list[Signal]:
    return [each for each in await signals_of(context, recording) if each.min is not None and not each.longest]


async def _example(context: Context, recording: Recording, numbers: list[Signal]) -> str:
    """A signal to begin with: the speed where there is one."""
    catalogue = await catalogue_of(context, recording)
    # On a thread, because a log may have 10,000 signals.
    roles = await asyncio.to_thread(catalogue.resolve, [(each.name, each.dtype) for each in numbers])
    speeds = [each.name for role in (Role.SPEED, Role.WHEEL_SPEED) for each in roles.get(role, ())]
    return [*speeds, *(each.name for each in numbers), "VNData.vn_vel_m_s.x"][0]


def _g_g(signals: list[Signal]) -> tuple[str, str] | None:
    """Lateral and longitudinal acceleration, where some topic has both."""
    found: dict[str, dict[str, str]] = {}
    for each in signals:
        if match := _ACCELERATION.fullmatch(each.name):
            found.setdefault(match[1], {})[match[2].lower()] = each.name
    return next(((axes["y"], axes["x"]) for axes in found.values() if len(axes) == 2), None)


ROUTER = pages(analysis_page, intervals_page, kpis_page)
