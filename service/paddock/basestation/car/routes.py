"""What the car's server can be asked, but for the bytes of the logs (``server.py``)."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from msgspec import Meta

import paddock.web
from paddock.basestation.car.answers import Answer, as_json, etag_of, json_answer
from paddock.basestation.car.service import Car
from paddock.domain.fields import FIELDS
from paddock.domain.sidecar import MetadataTexts
from paddock.errors import NotFound, Rejected
from paddock.web.kernel.ranges import matches

HERE = Path(__file__).parent / "page"
KERNEL = Path(paddock.web.__file__).parent / "kernel"
LOGS = "/logs/"
MOST_ROWS = 50
"""Rows of the list on the page; all of them are in ``GET /logs``."""
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
_FROM_KERNEL = ("paddock.css", "mark.svg", "dom.js", "api.js", "words.js", "times.js")


class TimeTold(msgspec.Struct, frozen=True):
    """What ``POST /clock`` takes."""

    now_ns: int
    round_trip_ns: Annotated[int, Meta(ge=0, le=60 * 10**9)] = 0
    by: Literal["base_station", "phone"] = "base_station"


class Described(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``PUT /metadata`` takes."""

    metadata: MetadataTexts
    also_recording: bool = False


def asked(car: Car, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
    """The answer to everything but the bytes of a log.

    Args:
        headers: by their names in lower case.

    Raises:
        PaddockError: it is refused; as a problem it is the answer.
    """
    ways = _ROUTES.get(path)
    if ways is None:
        return _asset(path, method, headers)
    method = "GET" if method == "HEAD" else method
    if method not in ways:
        raise Rejected(f"This address takes {' and '.join(ways)} only.", code="wrong_method")
    return ways[method](car, headers, body)


def _list(car: Car, headers: dict[str, str], _: bytes) -> Answer:
    """All logs. What changes without anybody's doing, as the time and the room on the disk, is in no tag."""
    files, recording, disk = car.logs(), car.watch.recording, car.disk()
    encoded = as_json(files)
    etag = etag_of(encoded + (recording or "").encode("utf-8", "surrogateescape"))
    tags = {"ETag": etag, "Cache-Control": "no-cache"}
    if matches(headers.get("if-none-match", ""), etag):
        return Answer(304, headers=tags)
    rest = as_json(
        {
            "disk": {
                "free_bytes": disk.free_bytes if disk is not None else None,
                "total_bytes": disk.total_bytes if disk is not None else None,
            },
            "recording": recording,
            "now_ns": car.clock.state().now_ns,
        }
    )
    return Answer(200, b'{"files":' + encoded + b"," + rest[1:], headers=tags)


def _state(car: Car, headers: dict[str, str], _: bytes) -> Answer:
    rows = [
        {**msgspec.to_builtins(each), "url": LOGS + quote(os.fsencode(each.name))}
        for each in car.watch.logs()[:MOST_ROWS]
    ]
    fields = [
        {"name": field.name, "label": field.label, "max_length": field.max_length, "tag": field.tag}
        for field in FIELDS
    ]
    return json_answer({**msgspec.to_builtins(car.state()), "rows": rows, "fields": fields})


def _start(car: Car, headers: dict[str, str], _: bytes) -> Answer:
    return json_answer(car.start_recording())


def _stop(car: Car, headers: dict[str, str], _: bytes) -> Answer:
    return json_answer(car.stop_recording())


def _describe(car: Car, headers: dict[str, str], body: bytes) -> Answer:
    described = _decoded(body, Described)
    car.describe(described.metadata, also_recording=described.also_recording)
    return json_answer({"metadata": car.state().metadata})


def _tell_time(car: Car, headers: dict[str, str], body: bytes) -> Answer:
    told = _decoded(body, TimeTold)
    return json_answer(car.tell_time(told.now_ns, told.by, told.round_trip_ns))


def _page(car: Car, headers: dict[str, str], _: bytes) -> Answer:
    return _asset("/static/car.html", "GET", headers)


_ROUTES: dict[str, dict[str, Callable[[Car, dict[str, str], bytes], Answer]]] = {
    "/": {"GET": _page},
    "/logs": {"GET": _list},
    "/state": {"GET": _state},
    "/metadata": {"PUT": _describe},
    "/clock": {"POST": _tell_time},
    "/recording/start": {"POST": _start},
    "/recording/stop": {"POST": _stop},
}


def _asset(path: str, method: str, headers: dict[str, str]) -> Answer:
    file = _assets().get(path)
    if file is None:
        raise NotFound("There is nothing at this address: begin at /.", code="no_such_page")
    if method not in ("GET", "HEAD"):
        raise Rejected("This address takes GET only.", code="wrong_method")
    content = file.read_bytes()
    tags = {"ETag": etag_of(content), "Cache-Control": "no-cache"}
    if matches(headers.get("if-none-match", ""), tags["ETag"]):
        return Answer(304, headers=tags)
    return Answer(200, content, _TYPES[file.suffix], tags)


@cache
def _assets() -> dict[str, Path]:
    ours = {f"/static/{path.name}": path for path in HERE.iterdir() if path.suffix in _TYPES}
    return ours | {f"/static/kernel/{name}": KERNEL / name for name in _FROM_KERNEL}


def _decoded(body: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(f"The body is not what this address takes: {error}.", code="bad_request") from None
