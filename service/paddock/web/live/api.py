"""``/api/live``: which devices send, their signals, and the last minutes of these."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import MediaType, Response, Router, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta

from paddock.domain.instants import to_rfc3339
from paddock.domain.roles import Permission
from paddock.errors import Rejected
from paddock.usecases.live.described import LiveSignalResource, describer, statistics
from paddock.usecases.live.history import live_plot, live_signals
from paddock.usecases.look.plots import PLOTTING
from paddock.web.kernel.injected import AnyRequest, TheContext, refuse_unknown_parameters
from paddock.web.kernel.problems import responses
from paddock.web.plots.api import PlotResource, encode_plot

LONGEST_S = 8e9
"""Few enough to be nanoseconds in an int64."""

DeviceId = Annotated[str, PathParameter(max_length=200, description="The device's id.")]


class LiveDeviceResource(msgspec.Struct, frozen=True, kw_only=True):
    """One device that sent something in the last minutes."""

    device: Annotated[str, Meta(description="Its id.", examples=["ht09"])]
    received_at: Annotated[str, Meta(description="When the last message came (RFC 3339, UTC).")]
    signals: Annotated[int, Meta(description="How many signals it sends.", examples=[200])]
    left_out: Annotated[int, Meta(description="Values that are not shown, because it has too many signals.")]
    clock_off_s: Annotated[
        float | None,
        Meta(description="By how much its clock is wrong; null where its times are taken as they are."),
    ]


class LiveDevices(msgspec.Struct, frozen=True):
    """All devices that sent something in the last minutes, by id."""

    items: tuple[LiveDeviceResource, ...]


class LiveSignals(msgspec.Struct, frozen=True):
    """The signals of a device, by name."""

    device: str
    items: tuple[LiveSignalResource, ...]


@get("/", needs=Permission.READ, summary="Devices that send")
async def list_live(context: TheContext) -> LiveDevices:
    """Which devices sent something in the last minutes. The same address as a WebSocket follows them."""
    return LiveDevices(
        tuple(
            LiveDeviceResource(
                device=each.id,
                received_at=to_rfc3339(each.received_ns),
                signals=len(each.signals),
                left_out=each.left_out,
                clock_off_s=each.clock_off_s,
            )
            for each in context.watching.live.devices()
        )
    )


@get("/{device_id:str}/signals", needs=Permission.READ, responses=responses(404), summary="Signals of a device")
async def list_live_signals(context: TheContext, device_id: DeviceId) -> LiveSignals:
    """Every signal of the last minutes with unit, limits and last value."""
    live = context.watching.live
    found = await live_signals(context, device_id)
    describe = await describer(context)

    def described() -> LiveSignals:
        spans = live.span(device_id, found)
        return LiveSignals(
            device_id,
            tuple(
                msgspec.structs.replace(describe(device_id, signal), **statistics(spans[name]))
                for name, signal in found.items()
                if name in spans
            ),
        )

    return await asyncio.to_thread(described)


_Seconds = Annotated[
    float | None,
    QueryParameter(description="Seconds since the Unix epoch; left out, the end of the last minutes."),
]


@get(
    "/{device_id:str}/plot",
    needs=Permission.READ,
    responses=responses(404, 422)
    | {200: ResponseSpec(PlotResource, generate_examples=False, description="The points of each signal.")},
    summary="Signals as they are drawn, from recordings until now",
)
async def show_live_plot(
    request: AnyRequest,
    context: TheContext,
    device_id: DeviceId,
    signals: Annotated[
        list[str] | None,
        QueryParameter(name="signal", description="Topic and field path; may be repeated."),
    ] = None,
    start: _Seconds = None,
    end: _Seconds = None,
    points: Annotated[
        int, QueryParameter(description="About how many points a signal may have, 100 to 50,000.")
    ] = 4_000,
) -> Response[Any]:
    """As of a recording; `recording` is the device, and seconds are since the Unix epoch. A span that begins before
    the last minutes goes on into the device's recordings, without a hole and with nothing twice."""
    for seconds in (start, end):
        if seconds is not None and not abs(seconds) < LONGEST_S:
            raise Rejected("The time span is none: give seconds since the Unix epoch.", code="bad_plot")
    data = await live_plot(context, device_id, signals or [], start, end, points)
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"Cache-Control": "no-store"} | ({"Content-Encoding": "gzip"} if zipped else {})
    encoded = await asyncio.get_running_loop().run_in_executor(PLOTTING, encode_plot, data, zipped)
    return Response(encoded, headers=headers, media_type=MediaType.JSON)


ROUTER = Router(
    "/api/live",
    route_handlers=[list_live, list_live_signals, show_live_plot],
    before_request=refuse_unknown_parameters,
    tags=["live"],
)
