"""``/api/recordings/{id}/plot``: signals over a span of time, in as many points as a screen shows."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt
from litestar import MediaType, Response, Router, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from msgspec import Meta

from paddock.domain.catalogue import Catalogue
from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.domain.recording import Recording
from paddock.domain.roles import Permission
from paddock.errors import Rejected
from paddock.usecases.catalogue.catalogue import car_of, load_catalogue
from paddock.usecases.find.recordings import get_recording
from paddock.usecases.look.plots import PLOTTING, Drawing, PlotData, Series, log_span, plot_data
from paddock.web.kernel.injected import AnyRequest, TheContext, refuse_unknown_parameters
from paddock.web.kernel.problems import responses
from paddock.web.kernel.ranges import matches
from paddock.web.recordings.api import Prefix
from paddock.web.recordings.resources import ID_EXAMPLE, Instant

LONGEST_S = 1e9
"""More seconds than any log has, and few enough to be nanoseconds in an int64."""


class SeriesResource(msgspec.Struct, frozen=True, kw_only=True):
    """One signal as it is drawn; it begins and ends with the sample just outside the span, where there is one."""

    name: Annotated[str, Meta(description="As asked for.", examples=["VNData.vn_vel_m_s.x"])]
    label: Annotated[str, Meta(description="Its name for people.", examples=["Speed"])]
    unit: Annotated[str, Meta(description="May be empty.", examples=["m/s"])]
    dtype: Annotated[str, Meta(description="Arrow's word for the type in the log.", examples=["float"])]
    drawing: Annotated[
        Drawing,
        Meta(description="`line`; `steps`: each value holds until the next; `segments`: so does each text."),
    ]
    seconds: Annotated[list[float], Meta(description="Since `origin_at`, ascending.", examples=[[0.0, 0.01]])]
    values: Annotated[
        list[Any],
        Meta(description="A number, boolean or text per instant; null is missing.", examples=[[0.0, 0.2]]),
    ]
    samples: Annotated[int, Meta(description="How many there are in the span, drawn or not.", examples=[244_800])]
    enums: Annotated[dict[str, str], Meta(description="Names by number.", examples=[{"1": "READY"}])] = {}
    faults: Annotated[
        list[bool | int | str],
        Meta(description="Of a state: the values that are faults, by the catalogue or its names.", examples=[[1]]),
    ] = []
    low: Annotated[float | None, Meta(description="The catalogue's lower limit.")] = None
    high: Annotated[float | None, Meta(description="The catalogue's upper limit.")] = None


class PlotResource(msgspec.Struct, frozen=True, kw_only=True):
    """Signals of a recording as they are drawn: no spike and no gap is lost."""

    recording: Annotated[str, Meta(description="The recording's id.", examples=[ID_EXAMPLE])]
    build: Annotated[str, Meta(description="The conversion it was read from.", examples=["6f0d2c11aa90b3e4"])]
    origin_at: Annotated[Instant, Meta(description="`log_time` of the first message: second 0 (RFC 3339, UTC).")]
    start_s: Annotated[float, Meta(description="The span, in seconds since `origin_at`.", examples=[0.0])]
    end_s: Annotated[float, Meta(description="Its end.", examples=[612.4])]
    series: Annotated[list[SeriesResource], Meta(description="In the order asked for.")]


Seconds = Annotated[
    float | None,
    QueryParameter(description="Seconds since the first message of the log; left out, the log's own end."),
]


@get(
    "/plot",
    needs=Permission.READ,
    responses=responses(404, 409, 422, 503)
    | {200: ResponseSpec(PlotResource, generate_examples=False, description="The points of each signal.")},
    summary="Signals as they are drawn",
)
async def show_plot(
    request: AnyRequest,
    context: TheContext,
    recording_id: Prefix,
    signals: Annotated[
        list[str] | None,
        QueryParameter(
            name="signal",
            description="Topic and field path; may be repeated. `Topic.list[3]` is an element of a list.",
        ),
    ] = None,
    start: Seconds = None,
    end: Seconds = None,
    points: Annotated[
        int, QueryParameter(description="About how many points a signal may have, 100 to 50,000.")
    ] = 4_000,
) -> Response[Any]:
    """Signals over a span. Few samples stay as they are; of many, what a line through all would show stays.

    The answer has an ETag of the conversion and the signal catalogue, so asking again costs no reading.
    """
    recording = await get_recording(context, recording_id)
    etag = _etag(recording, await load_catalogue(context), request.url.query)
    # Weak: compressed or not, it says the same.
    headers = {"ETag": f"W/{etag}", "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if recording.build and matches(request.headers.get("if-none-match", ""), etag):
        return Response(b"", status_code=304, headers=headers)
    origin_ns, _ = await log_span(context, recording)
    data = await plot_data(
        context, recording.id, signals or [], instant_of(origin_ns, start), instant_of(origin_ns, end), points
    )
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    if zipped:
        headers["Content-Encoding"] = "gzip"
    # On a thread: some hundred kilobytes of JSON would hold up everybody else.
    encoded = await asyncio.get_running_loop().run_in_executor(PLOTTING, encode_plot, data, zipped)
    return Response(encoded, headers=headers, media_type=MediaType.JSON)


def _etag(recording: Recording, catalogue: Catalogue, query: str) -> str:
    made = (recording.id, recording.build, *recording.derived.values())
    seen = "\n".join((*made, str(catalogue.version), car_of(recording), query))
    return f'"{hashlib.sha256(seen.encode()).hexdigest()[:32]}"'


def instant_of(origin_ns: int, seconds: float | None) -> int | None:
    """Nanoseconds of an instant that is given in seconds since a log's first message.

    Raises:
        Rejected: no log is so long (code ``bad_plot``).
    """
    if seconds is None:
        return None
    if not abs(seconds) < LONGEST_S:
        raise Rejected(
            "The time span is not a number of seconds of any log: give seconds since its first message.",
            code="bad_plot",
        )
    return origin_ns + round(seconds * NS_PER_S)


def encode_plot(data: PlotData, zipped: bool) -> bytes:
    """A ``PlotResource`` as JSON."""
    # msgspec writes NaN and the infinities as null. One signal at a time, so that others get a turn between them.
    series = [msgspec.Raw(msgspec.json.encode(_series(each))) for each in data.series]
    encoded = msgspec.json.encode(
        {
            "recording": data.recording,
            "build": data.build,
            "origin_at": to_rfc3339(data.origin_ns),
            "start_s": (data.start_ns - data.origin_ns) / NS_PER_S,
            "end_s": (data.end_ns - data.origin_ns) / NS_PER_S,
            "series": series,
        }
    )
    return gzip.compress(encoded, 1) if zipped else encoded


def _series(series: Series) -> SeriesResource:
    return SeriesResource(
        name=series.name,
        label=series.label,
        unit=series.unit,
        dtype=series.dtype,
        drawing=series.drawing,
        seconds=np.round(series.seconds, 6).tolist(),
        values=series.values if isinstance(series.values, list) else _numbers(series.values),
        samples=series.samples,
        enums={str(number): name for number, name in series.enums.items()},
        faults=list(series.faults),
        low=series.low,
        high=series.high,
    )


def _numbers(values: npt.NDArray[Any]) -> list[Any]:
    """As JSON has them. A float32 is written with its own few digits, not with the 17 of the double beside it."""
    if values.dtype in (np.float32, np.float16):
        values = values.astype("U32").astype(np.float64)
    return list(values.tolist())


ROUTER = Router(
    "/api/recordings/{recording_id:str}",
    route_handlers=[show_plot],
    before_request=refuse_unknown_parameters,
    tags=["signals"],
)
