"""Errors as answers: RFC 9457 problem details for programs, a page with the next step for people.

One table says which class of error is which status; nothing else in the web layer decides that. No traceback
leaves the service: what nobody expected is logged and answered as a plain 500.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.response import Redirect, Template
from litestar.types import Scope
from litestar.typing import FieldDefinition
from msgspec import Meta

from paddock.domain.attempts import TooManyTries
from paddock.domain.maths_language.fault import Fault
from paddock.domain.principal import NotSignedIn
from paddock.domain.words import printable
from paddock.errors import Conflict, NotFound, PaddockError, Rejected, Unavailable
from paddock.usecases.edit.conflict import Difference, EditConflict
from paddock.web.kernel.field_problems import FieldProblem, asked_of, field_problem, parameter_name

log = structlog.get_logger()

STATUS_OF: dict[type[PaddockError], int] = {
    NotFound: 404,
    Rejected: 422,
    Conflict: 409,
    Unavailable: 503,
}
STATUS_OF_CODE = {
    "two_lengths": 400,
    "bad_token": 401,
    "token_expired": 401,
    "token_revoked": 401,
    "no_token": 401,
    "other_device": 403,
    "message_too_large": 413,
    "unknown_encoding": 415,
    "device_disabled": 403,
    "token_in_address": 400,
    "not_signed_in": 401,
    "wrong_credentials": 401,
    "too_many_tries": 429,
    "not_a_member": 403,
    "not_allowed": 403,
    "wrong_host": 403,
    "cross_site": 403,
    "link_tampered": 403,
    "link_expired": 403,
}
"""The few codes whose status says more than that of their class."""
SIGN_IN = "/sign-in"
BROKEN = "Something went wrong in Paddock itself. Try again; the service's log has the cause."
RETRY_AFTER_S = 5
MEDIA_TYPE = "application/problem+json"
INSTANCE = "urn:request:"
_NO_BODY = repr("data")
"""What Litestar says of the argument that takes the body, where there is none."""
MAX_DETAIL = 2_000
"""Characters: some sentences repeat what was sent."""


class Problem(msgspec.Struct, frozen=True):
    """Problem details (RFC 9457): the one shape of every error."""

    title: Annotated[str, Meta(description="The status in words.", examples=["Not Found"])]
    status: Annotated[int, Meta(description="The HTTP status.", examples=[404])]
    code: Annotated[
        str, Meta(description="A stable word that programs may compare.", examples=["no_such_recording"])
    ]
    detail: Annotated[
        str,
        Meta(description="What is wrong and what to do, for people.", examples=["There is no recording a3f9c2."]),
    ]
    type: Annotated[str, Meta(description="Always about:blank; compare `code`.", examples=["about:blank"])] = (
        "about:blank"
    )
    instance: Annotated[
        str, Meta(description="The request's id, as in the service's log.", examples=["urn:request:4f6d0c21"])
    ] = ""
    version: Annotated[
        int | None, Meta(description="After a concurrent edit: the version to edit next.", examples=[4])
    ] = None
    differences: Annotated[
        tuple[Difference, ...], Meta(description="After a concurrent edit: the fields to choose a value for.")
    ] = ()
    errors: Annotated[tuple[FieldProblem, ...], Meta(description="The fields at fault, where known.")] = ()
    position: Annotated[
        int | None, Meta(description="Of a maths text: the character that is at fault, from 0.", examples=[8])
    ] = None
    end: Annotated[int | None, Meta(description="Behind the last such character.", examples=[11])] = None


def responses(*statuses: int) -> dict[int, ResponseSpec]:
    """The documented problem answers of a route, for OpenAPI."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            generate_examples=False,
            media_type=MEDIA_TYPE,
            description=HTTPStatus(status).phrase,
        )
        for status in statuses
    }


def problem_of(error: Exception, asked: Mapping[str, FieldDefinition] | None = None) -> Problem:
    """What an error says to the outside.

    Args:
        asked: what the route takes, where one was found.
    """
    if isinstance(error, EditConflict):
        said = problem(_status(error), error.code, error.message)
        return msgspec.structs.replace(said, version=error.version, differences=error.differences)
    if isinstance(error, Fault):
        said = problem(_status(error), error.code, error.message)
        return msgspec.structs.replace(said, position=error.span.start, end=error.span.end)
    if isinstance(error, PaddockError):
        return problem(_status(error), error.code, error.message)
    if isinstance(error, ValidationException):
        errors = _field_problems(error, asked or {})
        named = "; ".join(f"{item.field}: {item.message}" if item.field else item.message for item in errors)
        # Litestar adds the whole address, which has no end.
        return problem(422, "bad_request", named or error.detail.partition(" for path ")[0], errors)
    if isinstance(error, HTTPException):
        return problem(error.status_code, *_litestar_words(error))
    return problem(500, "internal_error", BROKEN)


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The error as a page where the client is a browser that wants one, else as problem details."""
    said = explain(request.scope, error)
    headers = _headers(error)
    if wants_page(request):
        if isinstance(error, NotSignedIn) and request.method == "GET":
            query = f"?{request.scope['query_string'].decode()}" if request.scope["query_string"] else ""
            wanted = urlencode({"next": f"{request.scope['path']}{query}"})
            return Redirect(f"{SIGN_IN}?{wanted}", status_code=303, headers=headers)
        return Template(
            "kernel/error.html",
            context={
                "problem": said,
                "request_id": said.instance.removeprefix(INSTANCE),
                "principal": request.scope["state"].get("principal"),
            },
            status_code=said.status,
            headers=headers,
            media_type="text/html",
        )
    return Response(msgspec.json.encode(said), media_type=MEDIA_TYPE, status_code=said.status, headers=headers)


def explain(scope: Scope, error: Exception) -> Problem:
    """What an error says to who made this request or opened this WebSocket; a crash is logged."""
    handler = scope.get("route_handler")
    said = problem_of(error, asked_of(handler) if isinstance(handler, HTTPRouteHandler) else None)
    if said.status == 500:
        log.error("request_crashed", exc_info=error)
    request_id = scope["state"].get("request_id", "")
    return msgspec.structs.replace(said, instance=f"{INSTANCE}{request_id}" if request_id else "")


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Whether the client is a browser that opens a page; programs and page scripts get JSON."""
    path = request.scope["path"]
    return "text/html" in request.headers.get("accept", "") and not path.startswith(("/api/", "/schema"))


def _status(error: PaddockError) -> int:
    if error.code in STATUS_OF_CODE:
        return STATUS_OF_CODE[error.code]
    return next((status for kind, status in STATUS_OF.items() if isinstance(error, kind)), 500)


def problem(status: int, code: str, detail: str, errors: tuple[FieldProblem, ...] = ()) -> Problem:
    """A problem in words that are safe to show."""
    said = printable(detail)
    if len(said) > MAX_DETAIL:
        said = f"{said[:MAX_DETAIL]}…"
    return Problem(title=HTTPStatus(status).phrase, status=status, code=code, detail=said, errors=errors)


def _field_problems(error: ValidationException, asked: Mapping[str, FieldDefinition]) -> tuple[FieldProblem, ...]:
    """Litestar names the field in ``key``, as the function calls it; the request knows a parameter's own name."""
    items = error.extra if isinstance(error.extra, list) else []
    found = []
    for item in items:
        key, message = str(item.get("key", "")), str(item.get("message", ""))
        field = asked.get(key)
        if message == _NO_BODY:
            key, message, field = "", "There is no body: send JSON.", None
        found.append(
            FieldProblem(key, message)
            if field is None
            else field_problem(message, field.annotation, parameter_name(key, field))
        )
    return tuple(found)


def _litestar_words(error: HTTPException) -> tuple[str, str]:
    """Code and sentence for what Litestar itself refuses."""
    known = {
        400: ("bad_request", error.detail),
        404: ("no_such_page", "There is nothing at this address: begin at the list of recordings."),
        405: ("wrong_method", "This address does not take that method: /schema says which it takes."),
        413: ("too_large", "The request's body is larger than this address takes: send less at once."),
        415: ("bad_media_type", "Send JSON, with Content-Type: application/json."),
    }
    code, detail = known.get(error.status_code, ("http_error", error.detail))
    if error.status_code >= 500:
        return "internal_error", BROKEN
    return code, detail


def _headers(error: Exception) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if isinstance(error, TooManyTries):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, PaddockError) and error.code == "not_signed_in":
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, PaddockError) and error.code == "two_lengths":
        # Nobody knows where this body ends, and what would be the next request.
        headers["Connection"] = "close"
    if isinstance(error, HTTPException) and error.headers:
        headers.update(error.headers)
    return headers
