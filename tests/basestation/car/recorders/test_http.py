"""A recorder that is asked over HTTP: a real server, which the tests tell what to say."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from paddock.basestation.car.recorders.http import HttpRecorder
from paddock.basestation.car.recorders.recorder import Doing
from paddock.errors import Unavailable


class Endpoint:
    """A recorder's address; ``says`` is what the next questions are answered."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.says: dict[str, tuple[int, bytes]] = {}
        endpoint = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                endpoint.asked.append((f"{self.command} {self.path}", json.loads(body) if body else None))
                code, said = endpoint.says.get(self.path, (200, b"{}"))
                self.send_response(code)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            do_POST = do_GET  # noqa: N815 - so the standard library wants it

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def recorder(self, status: bool = True) -> HttpRecorder:
        return HttpRecorder(f"{self.url}/start", f"{self.url}/stop", f"{self.url}/status" if status else "")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_start_and_stop_with_metadata_as_json(endpoint: Endpoint) -> None:
    endpoint.says["/status"] = (200, b'{"recording": false}')
    recorder = endpoint.recorder()
    recorder.start({"driver": "Zoë"})
    assert endpoint.asked == [("GET /status", None), ("POST /start", {"metadata": {"driver": "Zoë"}})]
    endpoint.says["/status"] = (200, b'{"recording": true, "file": "/logs/run_12.mcap"}')
    assert (recorder.state().doing, recorder.state().file) == (Doing.RECORDING, "/logs/run_12.mcap")
    recorder.start({})
    recorder.stop()
    posted = [what for what, _ in endpoint.asked if what.startswith("POST")]
    assert posted == ["POST /start", "POST /stop"]


@pytest.mark.parametrize(
    ("said", "doing", "detail"),
    [
        (b'{"recording": true}', Doing.RECORDING, ""),
        (b'{"is_recording": false}', Doing.STOPPED, ""),
        (b'{"state": "Recording", "path": "x"}', Doing.RECORDING, ""),
        (b'{"status": "idle"}', Doing.STOPPED, ""),
        (b'{"state": "error", "detail": "no bus"}', Doing.DIED, "no bus"),
    ],
)
def test_what_it_says_of_itself(endpoint: Endpoint, said: bytes, doing: Doing, detail: str) -> None:
    endpoint.says["/status"] = (200, said)
    state = endpoint.recorder().state()
    assert (state.doing, state.detail) == (doing, detail)


@pytest.mark.parametrize("said", [b"yes", b"[1]", b"{}", b"\xff", b'{"state": 7}', b"[" * 10_000])
def test_an_answer_that_says_nothing(endpoint: Endpoint, said: bytes) -> None:
    endpoint.says["/status"] = (200, said)
    state = endpoint.recorder().state()
    assert state.doing is Doing.UNKNOWN
    assert "does not say whether it records" in state.detail


def test_one_that_stops_by_itself_is_seen(endpoint: Endpoint) -> None:
    endpoint.says["/status"] = (200, b'{"recording": false}')
    recorder = endpoint.recorder()
    recorder.start({})
    assert (recorder.state().doing, recorder.state().detail) == (Doing.DIED, "The recorder has stopped by itself.")
    recorder.stop()
    assert recorder.state().doing is Doing.STOPPED


def test_without_a_status_it_does_what_it_was_told(endpoint: Endpoint) -> None:
    recorder = endpoint.recorder(status=False)
    assert recorder.state().doing is Doing.UNKNOWN
    endpoint.says["/start"] = (200, b'{"file": "run_3.mcap"}')
    recorder.start({})
    assert (recorder.state().doing, recorder.state().file) == (Doing.RECORDING, "run_3.mcap")


def test_what_it_refuses_is_said(endpoint: Endpoint) -> None:
    endpoint.says["/start"] = (409, b'{"detail": "the disk is full"}')
    with pytest.raises(Unavailable, match=r"The recorder refuses \(409\): the disk is full"):
        endpoint.recorder(status=False).start({})


def test_one_that_is_not_there() -> None:
    recorder = HttpRecorder("http://127.0.0.1:1/start", "http://127.0.0.1:1/stop", "http://127.0.0.1:1/status")
    with pytest.raises(Unavailable, match=r"does not answer at http://127\.0\.0\.1:1/start: Connection refused"):
        recorder.start({})
    assert recorder.state().doing is Doing.UNKNOWN
    assert "does not answer" in recorder.state().detail
