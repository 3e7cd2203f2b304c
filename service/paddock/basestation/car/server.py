"""HTTP on the car: one thread for each connection, and the bytes of logs straight from the file to the network.

The standard library's server, because it starts four times as fast as the site's and takes half of the memory.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import socketserver
import sys
import threading
import traceback
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit

from paddock.basestation.car.answers import Answer, compressed, json_answer, problem, said
from paddock.basestation.car.folder import Stamp
from paddock.basestation.car.hashing import beginning_of
from paddock.basestation.car.routes import LOGS, asked
from paddock.basestation.car.service import Car
from paddock.domain.instants import NS_PER_S
from paddock.domain.names import content_disposition
from paddock.domain.peers import read_address
from paddock.domain.words import encodable
from paddock.errors import Conflict, PaddockError, Rejected
from paddock.web.kernel.listener import listen
from paddock.web.kernel.ranges import Span, has_it, matches, range_applies, requested_span
from paddock.web.kernel.same_site import (
    SAFE_METHODS,
    own_names,
    refuse_cross_site,
    refuse_wrong_host,
    security_headers,
)

PATIENCE_S = 30.0
"""How long a connection may say or take nothing; a radio beside a track is slow, and comes back."""
MOST_CONNECTIONS = 48
"""Threads; a phone has six, an agent some tens."""
MAX_BODY_BYTES = 64 * 1024
_SHARED = ipaddress.ip_network("100.64.0.0/10")
"""What VPNs such as Tailscale give out (RFC 6598)."""


class CarServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Answers on a port until ``shutdown``.

    Args:
        car: what is asked about.
        host: address to listen on.
        port: 0 for any.
        names: by which it may be asked for, besides addresses, ``*.local`` and this machine's own.

    Raises:
        Unavailable: the port is taken.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, car: Car, host: str, port: int, names: tuple[str, ...] = ()) -> None:
        listener = listen(host, port, "choose another --port")
        super().__init__((host, port), _Request, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_address = listener.getsockname()
        self.server_activate()
        self.car = car
        self._names = own_names() | {name.lower() for name in names}
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)

    def is_ours(self, name: str) -> bool:
        """Whether somebody may call us so; ``*.local`` is what machines of the same network call each other."""
        return name in self._names or name.endswith(".local")

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, while there are not too many."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """As the standard library's, and give the place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke off is nothing to talk about."""
        if not isinstance(sys.exception(), OSError):
            traceback.print_exc()


class _Request(BaseHTTPRequestHandler):
    """One connection, with one request after the other."""

    server: CarServer
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE_S
    disable_nagle_algorithm = True
    _headers: dict[str, str]
    """Those of the request, by their names in lower case."""

    def do_GET(self) -> None:
        """Every method goes the same way."""
        self._headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            body = self._admitted_body()
            path = urlsplit(self.path).path
            if path.startswith(LOGS) and path != LOGS:
                self._log(path.removeprefix(LOGS))
            else:
                self._send(asked(self.server.car, self.command, path, self._headers, body))
        except PaddockError as error:
            self._send(problem(error))
        except OSError:
            raise
        except Exception:
            traceback.print_exc()
            self._send(
                said(500, "internal_error", "Something went wrong in paddock car itself: see what it printed.")
            )

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - so the standard library wants them

    def _admitted_body(self) -> bytes:
        """The body of a request from the car's own network, and of no page of another site."""
        lengths = self.headers.get_all("content-length", [])
        length = (lengths or ["0"])[0]
        is_number = length.isdecimal() and len(length) < 19  # int() itself refuses thousands of digits
        if "transfer-encoding" in self._headers or len(lengths) > 1 or not is_number:
            self.close_connection = True
            raise Rejected("A body has one Content-Length here, and no Transfer-Encoding.", code="bad_request")
        count = int(length)
        if count > MAX_BODY_BYTES:
            self.close_connection = True
            raise Rejected("The body is larger than any that is taken here.", code="too_large")
        # Read first: what is refused leaves the connection at the next request.
        body = self.rfile.read(count)
        if not _is_near(self.client_address[0]):
            raise Rejected("The car answers its own network only.", code="outside")
        refuse_wrong_host(self._headers, self.server.is_ours, "use the car's address")
        if self.command not in SAFE_METHODS:
            refuse_cross_site(self._headers)
        return body

    def _log(self, quoted: str) -> None:
        """The bytes of a log, or what is asked about them."""
        car, name = self.server.car, os.fsdecode(unquote_to_bytes(quoted))
        if_match = self._headers.get("if-match")
        if self.command == "DELETE":
            if if_match is None or if_match.strip() == "*":
                raise Rejected("Say which bytes are meant: If-Match with the log's ETag.", code="needs_if_match")
            car.remove(name, lambda etag, sha256: _is_meant(if_match, etag, sha256))
            self._send(Answer(204))
            return
        if self.command not in ("GET", "HEAD"):
            raise Rejected("A log takes GET, HEAD and DELETE only.", code="wrong_method")
        with car.folder.opened(name) as (descriptor, stamp):
            if if_match is not None and not _is_meant(if_match, stamp.etag, None):
                raise Conflict("The log is not what it was.", code="changed")
            wanted = parse_qs(urlsplit(self.path).query).get("beginning")
            if wanted is not None:
                self._send(_beginning(descriptor, stamp, wanted[0]))
            else:
                self._send_log(descriptor, stamp, name)

    def _send_log(self, descriptor: int, stamp: Stamp, name: str) -> None:
        """All of it, or a range; as much as there is now, also while it grows."""
        etag, size_bytes = stamp.etag, stamp.size_bytes
        modified = formatdate(max(0, stamp.modified_ns) // NS_PER_S, usegmt=True)
        headers = {
            "ETag": etag,
            "Last-Modified": modified,
            "Accept-Ranges": "bytes",
            "Cache-Control": "no-cache",
            "Content-Disposition": content_disposition(encodable(name.rpartition("/")[2])),
        }
        if has_it(self._headers, etag, modified):
            self._send(Answer(304, headers=headers))
            return
        span = None
        if self.command == "GET" and range_applies(self._headers.get("if-range"), etag, modified):
            span = requested_span(self._headers.get("range"), size_bytes)
        if span is not None and span.start == span.end:
            headers["Content-Range"] = f"bytes */{size_bytes}"
            self._send(said(416, "no_such_range", "The log has no such bytes.", headers))
            return
        if span is not None:
            headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{size_bytes}"
        start, end = span or Span(0, size_bytes)
        self._send_head(200 if span is None else 206, "application/octet-stream", end - start, headers)
        if self.command == "HEAD" or start == end:
            return
        with open(descriptor, "rb", closefd=False, buffering=0) as file:
            sent = self.connection.sendfile(file, start, end - start)
        # It became shorter meanwhile: who reads it is to notice.
        self.close_connection = self.close_connection or sent != end - start

    def _send(self, answer: Answer) -> None:
        answer = compressed(answer, self._headers.get("accept-encoding", ""))
        self._send_head(answer.status, answer.media_type, len(answer.body), answer.headers)
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _send_head(self, status: int, media_type: str, length: int, headers: Any) -> None:
        self.send_response(status)
        for name, value in {**security_headers(), **headers}.items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(length))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library finds wrong with a request, as everything else that is refused."""
        self.close_connection = True
        self._headers = {}
        self.request_version = self.protocol_version  # a guess at HTTP/0.9 would be answered without a head
        self.command = getattr(self, "command", None) or "GET"
        with contextlib.suppress(OSError):
            self._send(said(code, "bad_http", message or "This is no HTTP/1.1 request that is answered here."))

    def version_string(self) -> str:
        """Without the version of Python."""
        return "paddock-car"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a line for each request would wear out the car's memory card."""


def _beginning(descriptor: int, stamp: Stamp, wanted: str) -> Answer:
    count = int(wanted) if wanted.isdecimal() and len(wanted) < 19 else -1
    if not 0 <= count <= stamp.size_bytes:
        raise Rejected(f"beginning is a number of bytes, at most {stamp.size_bytes}.", code="bad_request")
    sha256 = beginning_of(descriptor, count, lambda _: True)
    if sha256 is None:
        raise Conflict("The log has become shorter meanwhile.", code="changed")
    return json_answer({"size_bytes": count, "sha256": sha256})


def _is_meant(if_match: str, etag: str, sha256: str | None) -> bool:
    return matches(if_match, etag) or (sha256 is not None and matches(if_match, f'"{sha256}"'))


def _is_near(text: str) -> bool:
    """Whether an address is of a network that the internet does not reach."""
    address = read_address(text.partition("%")[0])
    if address is None:
        return False
    return address.is_private or address.is_link_local or address in _SHARED


def listening_address(server: CarServer) -> str:
    """Where browsers find it."""
    host, port = server.server_address[:2]
    shown = host.decode() if isinstance(host, (bytes, bytearray)) else str(host)
    if shown in ("0.0.0.0", "::"):
        shown = socket.gethostname()
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"
