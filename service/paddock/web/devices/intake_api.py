"""``POST /api/devices/{id}/data``: what a device measured, by HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, Router, post
from litestar.datastructures import Headers
from litestar.params import HeaderParameter
from msgspec import Meta

from paddock.domain.device_messages import MAX_MESSAGE_BYTES
from paddock.usecases.streams.intake import Taken
from paddock.web.devices.api import Id
from paddock.web.edit.files_api import body_of
from paddock.web.kernel.injected import AnyRequest, TheContext, refuse_unknown_parameters
from paddock.web.kernel.permission import Anyone
from paddock.web.kernel.problems import responses

_SCHEME = "bearer "
TokenHeader = Annotated[
    str | None,
    HeaderParameter(
        name="Authorization",
        max_length=3_000,
        description="`Bearer` and the token of the device, unless that is in the message as `jwt_token`.",
    ),
]


class TakenResource(msgspec.Struct, frozen=True):
    """What was taken in, and is on the disk."""

    messages: Annotated[int, Meta(description="How many messages.", examples=[1])]
    problems: Annotated[tuple[str, ...], Meta(description="What was left out of them or bounded, as sentences.")]


@post(
    "/{device_id:str}/data",
    needs=Anyone.WITH_A_TOKEN,
    status_code=200,
    request_max_body_size=2 * MAX_MESSAGE_BYTES,  # one that is too large is counted, and so has to be looked at
    responses=responses(401, 403, 413, 415, 422, 503),
    summary="Send what a device measures",
)
async def send_data(
    request: AnyRequest,
    context: TheContext,
    device_id: Id,
    authorization: TokenHeader = None,
) -> Response[TakenResource]:
    """One message, a list of them, or one on each line: JSON, NDJSON, MessagePack, or protobuf by its schema.

    With `Content-Encoding: gzip` it may be compressed; it is bounded as it was before.

    A message is an object: `timestamp` (RFC 3339, ISO, or since the epoch in s, ms, µs or ns), `seq`, `topic` and
    `device_id` are what they are called, all else is measured. The answer comes when it is on the disk.
    """
    payload = b"".join([piece async for piece in body_of(request)])
    headers = request.headers
    taken = await context.intake.take(
        device_id,
        payload,
        headers.get("content-type", ""),
        encoding=headers.get("content-encoding", ""),
        token=bearer_token(headers),
    )
    return Response(taken_resource(taken))


def bearer_token(headers: Headers) -> str | None:
    """The token of ``Authorization: Bearer``; None without one."""
    said = headers.get("authorization", "")
    return said[len(_SCHEME) :].strip() if said[: len(_SCHEME)].lower() == _SCHEME else None


def taken_resource(taken: Taken) -> TakenResource:
    """What the API says of what was taken."""
    return TakenResource(taken.messages, taken.problems)


ROUTER = Router(
    "/api/devices",
    route_handlers=[send_data],
    before_request=refuse_unknown_parameters,
    tags=["devices"],
)
