"""``paddock migrate`` says what an object store lacks, and what follows from it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest


class _NoRules(BaseHTTPRequestHandler):
    """A bucket of a store that knows objects, but neither CORS nor lifecycle rules."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(501)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def store() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _NoRules)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def migrate(data: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "paddock", "migrate", "--data", str(data)],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_what_a_store_lacks_is_said_with_what_to_do(tmp_path: Path, store: str) -> None:
    run = migrate(
        tmp_path,
        PADDOCK_S3_BUCKET="logs",
        PADDOCK_S3_ENDPOINT=store,
        PADDOCK_S3_PATH_STYLE="true",
        PADDOCK_PUBLIC_URL="https://paddock.test",
        AWS_ACCESS_KEY_ID="a",
        AWS_SECRET_ACCESS_KEY="b",
        AWS_DEFAULT_REGION="us-east-1",
    )
    assert (run.returncode, run.stdout) == (0, "Database and bucket are ready, but for that.\n"), run.stderr
    lifecycle, cors = run.stderr.splitlines()
    assert lifecycle.startswith("paddock: The object store takes no lifecycle rules")
    assert cors.startswith("paddock: The object store takes no CORS rules") and "https://paddock.test" in cors


def test_a_directory_lacks_nothing(tmp_path: Path) -> None:
    run = migrate(tmp_path)
    assert (run.returncode, run.stdout, run.stderr) == (0, "Database and bucket are ready.\n", "")
