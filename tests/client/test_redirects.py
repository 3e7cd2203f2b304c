"""A token is for Paddock: a signed link to the bucket is followed without it; a bucket refuses both together."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from paddock import Client
from tests.logs import small_log
from tests.web.browsing import Site, served
from tests.web.converted import converted
from tests.web.people import made_token

CONTENT = b"what the bucket has"


@dataclass
class Bucket:
    """A server that keeps what it is sent in the header that S3 takes for a second signature."""

    url: str
    seen: list[str | None] = field(default_factory=list)


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kept.seen.append(self.headers["Authorization"])
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.send_header("Content-Disposition", 'attachment; filename="run.mat"')
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, format: str, *args: object) -> None:
            """Not on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # By another name than the site's: what else has its port is another server to all programs.
    kept = Bucket(f"http://localhost:{server.server_port}/team/run.mat?X-Amz-Signature=abc")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield kept
    server.shutdown()
    server.server_close()


@pytest.fixture
def link(tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Site, str, str]]:
    """A site whose files are in the bucket, the address of one of them, and a token."""
    (log := tmp_path / "run.mcap").write_bytes(small_log(3))

    async def signed(key: str, **_: object) -> str:
        return bucket.url

    with served(tmp_path / "data", with_worker=False) as site:
        recording = site.run(converted(site.context, log))
        token = site.run(made_token(site.context))
        monkeypatch.setattr(site.context.objects, "link", signed)
        yield site, f"{site.url}/api/recordings/{recording.id}/original", token


def test_the_client_takes_its_token_no_further(link: tuple[Site, str, str], bucket: Bucket, tmp_path: Path) -> None:
    site, url, token = link
    with Client(site.url, token=token) as client:
        saved = client._connection.download(url, tmp_path / "got", typed=False)
    assert saved.read_bytes() == CONTENT and bucket.seen == [None]


def test_curl_takes_its_token_no_further(link: tuple[Site, str, str], bucket: Bucket, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    _, url, token = link
    command = [
        "curl",
        "-sS",
        "--fail",
        "-L",
        "-H",
        f"Authorization: Bearer {token}",
        "-o",
        str(tmp_path / "got"),
        url,
    ]
    subprocess.run(command, check=True, timeout=60)
    assert (tmp_path / "got").read_bytes() == CONTENT and bucket.seen == [None]
