"""``POST /api/devices/{id}/alerts``: that something is wrong, said by a device over HTTP."""

from __future__ import annotations

from litestar import Response, Router, post

from paddock.device_log.entry import Kind
from paddock.domain.device_alerts import device_alerts
from paddock.domain.device_messages import MAX_MESSAGE_BYTES
from paddock.usecases.alerts.from_devices import decoded
from paddock.web.devices.api import Id
from paddock.web.devices.intake_api import TakenResource, TokenHeader, bearer_token, taken_resource
from paddock.web.edit.files_api import body_of
from paddock.web.kernel.injected import AnyRequest, TheContext, refuse_unknown_parameters
from paddock.web.kernel.permission import Anyone
from paddock.web.kernel.problems import responses


@post(
    "/{device_id:str}/alerts",
    needs=Anyone.WITH_A_TOKEN,
    status_code=200,
    request_max_body_size=MAX_MESSAGE_BYTES,
    responses=responses(401, 403, 413, 422, 503),
    summary="Send an alert of a device",
)
async def send_alert(
    request: AnyRequest,
    context: TheContext,
    device_id: Id,
    authorization: TokenHeader = None,
) -> Response[TakenResource]:
    """`{"message": "FL is at 112 °C", "severity": "critical"}`, or several; `"state": "cleared"` ends it.

    What is wrong is known by its `type` or `key`, or by the text without its numbers: sent again, it is a repeat.
    """
    payload = b"".join([piece async for piece in body_of(request)])
    content_type = request.headers.get("content-type", "")
    taken = await context.intake.take(
        device_id, payload, content_type, token=bearer_token(request.headers), kind=Kind.ALERTS
    )
    device_alerts(device_id, decoded(payload, content_type))
    return Response(taken_resource(taken))


ROUTER = Router(
    "/api/devices",
    route_handlers=[send_alert],
    before_request=refuse_unknown_parameters,
    tags=["devices"],
)
