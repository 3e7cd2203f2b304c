"""``paddock up`` as a person meets it: started, killed in the middle of things, started again."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from websockets import InvalidStatus, Origin
from websockets.asyncio.client import connect

from paddock.client import Client, FoundRecording
from paddock.errors import PaddockError
from paddock.web.kernel.listener import listen
from tests.cli.running import Running, running, wait_until
from tests.logs import small_log

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def settled(client: Client) -> list[FoundRecording] | None:
    """All recordings once none of them is on its way any more."""
    found = list(client.search())
    return found if all(one.status in ("ready", "failed") for one in found) else None


def test_upload_convert_download_restart(tmp_path: Path) -> None:
    log = tmp_path / "run.mcap"
    log.write_bytes(small_log())
    with running(tmp_path / "data") as up, up.client() as client:
        sent = client.upload(log)
        assert sent.id == hashlib.sha256(log.read_bytes()).hexdigest()
        wait_until(lambda: client.get(sent.id).status == "ready")
        up.end(signal.SIGTERM)
        assert up.process.returncode == 0
    with running(tmp_path / "data") as up, up.client() as client:
        (ready,) = client.search()
        mat = httpx.get(up.url + ready.artifacts[0].url, follow_redirects=True)
        assert mat.content.startswith(b"MATLAB 5.0 MAT-file")
        assert "HT09_2026-04-18_1432Z_Adam" in mat.headers["content-disposition"]
        original = httpx.get(up.url + ready.original.url, follow_redirects=True)
        assert original.content == log.read_bytes()


def test_what_other_processes_say_leads_to_the_port_that_was_asked_for(tmp_path: Path) -> None:
    told: list[dict[str, str]] = []

    class Chat(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Chat)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {**os.environ, "PADDOCK_NOTICES_PRIVATE": "true"}
    with running(tmp_path / "data", env=environment) as up:
        place = f"http://127.0.0.1:{server.server_port}/"
        said = {"name": "chat", "kind": "webhook", "address": place}
        added = httpx.post(f"{up.url}/api/notices/destinations", json=said).raise_for_status().json()
        httpx.post(f"{up.url}/api/notices/destinations/{added['id']}/test").raise_for_status()
        wait_until(lambda: told)
        assert told[0]["link"].startswith(f"{up.url}/")
    server.shutdown()
    server.server_close()


@pytest.mark.anyio
async def test_an_answer_does_not_wait_for_its_head_to_be_confirmed(tmp_path: Path) -> None:
    """Without TCP_NODELAY every answer but a connection's first takes 40 ms longer."""
    accepted = asyncio.get_running_loop().create_future()
    listener = listen("127.0.0.1", 0, "choose another --port")
    server = await asyncio.start_server(lambda _, writer: accepted.set_result(writer), sock=listener)
    async with server:
        _, client = await asyncio.open_connection(*listener.getsockname())
        writer = await accepted
        transport = writer.get_extra_info("socket")
        assert transport.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()
        client.close()


def test_more_half_open_connections_than_files(tmp_path: Path) -> None:
    few = (200, 200)
    with running(tmp_path / "data", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, few)) as up:
        address = ("127.0.0.1", int(up.url.rsplit(":", 1)[1]))
        with contextlib.ExitStack() as stack:
            for _ in range(500):
                stack.enter_context(socket.create_connection(address)).sendall(b"GET / HTTP/1.1\r\nX: ")
            for _ in range(3):
                assert httpx.get(f"{up.url}/health", timeout=20).status_code == 200
                assert httpx.get(f"{up.url}/", timeout=20).status_code == 200
    assert (tmp_path / "up.log").stat().st_size < 20_000


@pytest.mark.anyio
async def test_it_speaks_websocket_and_the_edge_answers_as_it_answers_http(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--no-worker") as up:
        address = up.url.replace("http", "ws", 1)
        for origin, status, code in ((up.url, 404, "no_such_page"), ("https://evil.example", 403, "cross_site")):
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"{address}/nothing", origin=Origin(origin))
            assert refused.value.response.status_code == status
            assert json.loads(refused.value.response.body or b"")["code"] == code
        async with connect(f"{address}/api/live?device=nobody") as following:
            assert json.loads(await following.recv())["type"] == "snapshot"
            await asyncio.to_thread(up.end, signal.SIGTERM)
        assert up.process.returncode == 0, "a stop does not wait for who follows"


def test_who_listens_for_colleagues_without_a_peers_file_is_told(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--no-worker", "--host", "0.0.0.0") as up:
        assert up.url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{up.url}/health").status_code == 200
        wait_until(lambda: "PADDOCK_PEERS_FILE" in (tmp_path / "up.log").read_text())


def test_a_second_one_on_the_same_data_or_port_says_so(tmp_path: Path) -> None:
    with running(tmp_path / "data"):
        second = subprocess.run(
            [sys.executable, "-m", "paddock", "up", "--port", "0", "--data", str(tmp_path / "data")],
            capture_output=True,
            text=True,
            check=False,
        )
    assert second.returncode == 1
    assert second.stderr.startswith("paddock: Another Paddock runs on")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        third = subprocess.run(
            [sys.executable, "-m", "paddock", "up", "--port", port, "--data", str(tmp_path / "data")],
            capture_output=True,
            text=True,
            check=False,
        )
    assert third.returncode == 1
    assert "--port" in third.stderr


def test_a_killed_worker_is_replaced_and_its_job_done(tmp_path: Path, long_log: Path) -> None:
    with running(tmp_path / "data") as up, up.client() as client:
        sent = client.upload(long_log)
        wait_until(lambda: client.get(sent.id).status == "converting")
        (worker,) = up.worker_ids()
        subprocess.run(["kill", "-9", str(worker)], check=True)
        wait_until(lambda: client.get(sent.id).status == "ready")


@pytest.fixture(scope="module")
def long_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log whose upload and conversion take long enough to be hit in the middle."""
    log = tmp_path_factory.mktemp("long") / "long.mcap"
    log.write_bytes(small_log(100_000))
    return log


def kill(up: Running) -> None:
    up.end(signal.SIGKILL)


@pytest.mark.parametrize("moment", ["verifying", "stored", "converting"])
def test_killed_at_a_status_every_accepted_log_gets_ready(tmp_path: Path, long_log: Path, moment: str) -> None:
    """``verifying`` and ``stored`` pass quickly: when one is missed, the kill comes just after it."""
    order = ["verifying", "stored", "converting", "ready"]
    with running(tmp_path / "data") as up, up.client() as client:
        sent = client.upload(long_log)
        wait_until(lambda: order.index(client.get(sent.id).status) >= order.index(moment))
        kill(up)
    check_all_ready(tmp_path, [long_log])


@pytest.mark.parametrize("delay_s", [0.02, 0.1, 0.3, 0.6])
def test_killed_while_logs_are_sent_nothing_accepted_is_lost(
    tmp_path: Path, long_log: Path, delay_s: float
) -> None:
    logs = [long_log]
    for number in range(3):
        log = tmp_path / f"{number}.mcap"
        log.write_bytes(small_log(driver=f"driver {number}"))
        logs.append(log)
    with running(tmp_path / "data") as up:
        sender = threading.Thread(target=send_all, args=(up.url, logs))
        sender.start()
        time.sleep(delay_s)
        kill(up)
        sender.join()
    check_all_ready(tmp_path, logs)


def send_all(url: str, logs: list[Path]) -> None:
    with Client(url, timeout_s=5) as client, contextlib.suppress(PaddockError):
        for log in logs:
            client.upload(log)


def check_all_ready(tmp_path: Path, logs: list[Path]) -> None:
    """After a restart, sending everything again (as the base station would) gives one ready recording per log."""
    with running(tmp_path / "data") as up, up.client() as client:
        wait_until(lambda: settled(client) is not None)
        assert all(one.status == "ready" for one in client.search())
        for log in logs:
            client.upload(log)
        found = wait_until(lambda: settled(client))
        assert sorted(one.id for one in found) == sorted(
            hashlib.sha256(log.read_bytes()).hexdigest() for log in logs
        )
        assert {one.status for one in found} == {"ready"}
        for one in found:
            original = httpx.get(up.url + one.original.url, follow_redirects=True).content
            assert hashlib.sha256(original).hexdigest() == one.id
            assert len(one.artifacts) == 1
    assert not list((tmp_path / "data" / "objects" / "incoming").glob("*")), "something half-done was left behind"
