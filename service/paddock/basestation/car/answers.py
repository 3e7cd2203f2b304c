"""What the car's server sends back, made of what a request said."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec

from paddock.domain.words import printable
from paddock.errors import Conflict, NotFound, PaddockError, Rejected, Unavailable

JSON, PROBLEM = "application/json", "application/problem+json"
_STATUS_OF: dict[type[PaddockError], int] = {NotFound: 404, Rejected: 422, Conflict: 409, Unavailable: 503}
_STATUS_OF_CODE = {
    "wrong_host": 403,
    "cross_site": 403,
    "outside": 403,
    "changed": 412,
    "no_such_page": 404,
    "wrong_method": 405,
    "too_large": 413,
    "needs_if_match": 428,
}
_SMALL_BYTES = 1_000
"""Answers below this are not compressed: it would save nothing."""
_FAST = 1
_RETRY_AFTER_S = "2"


class Answer(NamedTuple):
    """A whole answer in memory."""

    status: int
    body: bytes = b""
    media_type: str = JSON
    headers: Mapping[str, str] = {}


def as_json(value: Any) -> bytes:
    """A value as JSON; lone surrogates of file names as ``\\udcff``, which UTF-8 cannot say."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value), separators=(",", ":")).encode()


def json_answer(value: Any) -> Answer:
    """A value that may be another one a second later."""
    return Answer(200, as_json(value), headers={"Cache-Control": "no-store"})


def etag_of(content: bytes) -> str:
    """The tag of a content, with its quotes."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def compressed(answer: Answer, accepts: str) -> Answer:
    """The answer, compressed where who asks can read that: a list of thousands of logs goes over a car's radio."""
    if len(answer.body) < _SMALL_BYTES or "gzip" not in accepts or answer.media_type.startswith("image/"):
        return answer
    headers = {**answer.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return answer._replace(body=gzip.compress(answer.body, _FAST, mtime=0), headers=headers)


def problem(error: PaddockError) -> Answer:
    """What an error says to the outside (RFC 9457)."""
    status = _STATUS_OF_CODE.get(error.code) or next(
        (status for kind, status in _STATUS_OF.items() if isinstance(error, kind)), 500
    )
    retry = {"Retry-After": _RETRY_AFTER_S} if isinstance(error, Unavailable) else {}
    return said(status, error.code, error.message, retry)


def said(status: int, code: str, detail: str, headers: Mapping[str, str] = {}) -> Answer:
    """A problem in words that are safe to show."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": printable(detail),
    }
    return Answer(status, as_json(body), PROBLEM, {"Cache-Control": "no-store", **headers})
