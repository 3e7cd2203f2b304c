"""A Paddock for a team on a VPN, over plain http: who gets in, and whether every page works there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from paddock.client import Client
from tests.cli.running import running, wait_until
from tests.logs import small_log
from tests.web.browsing import PLAIN_HOST, needs_chromium, open_page, served
from tests.web.converted import converted

HERE, ADAM, MEMBER, STRANGER = "10.7.0.1", "10.7.0.4", "10.7.0.9", "10.8.0.9"
PEERS = f"# the team\n{ADAM} Adam\n10.7.0.0/24 team\n"
NETWORK = " && ".join(
    [
        "ip link set lo up",
        *(f"ip address add {each}/32 dev lo" for each in (HERE, ADAM, MEMBER, STRANGER)),
        'exec "$@"',
    ]
)


def ask(path: str, address: str, **headers: str) -> httpx.Response:
    with httpx.Client(transport=httpx.HTTPTransport(local_address=address), headers=headers) as client:
        return client.get(f"http://{HERE}:8080{path}")


def in_a_network_of_its_own(folder: Path) -> None:
    """What the test below runs where these addresses are."""
    peers = folder / "peers"
    peers.write_text(PEERS)
    environment = {**os.environ, "PADDOCK_PEERS_FILE": str(peers)}
    with running(folder / "data", "--host", "0.0.0.0", "--port", "8080", env=environment):
        # Whoever starts it learns that this machine is no member.
        wait_until(lambda: "127.0.0.1 and a name" in (folder / "up.log").read_text())
        for address, name in ((ADAM, "Adam"), (MEMBER, "team")):
            assert name in ask("/", address).text
        refused = ask("/", STRANGER, Accept="text/html")
        assert refused.status_code == 403 and "Not from here" in refused.text and STRANGER in refused.text
        assert ask("/health", STRANGER, **{"X-Forwarded-For": ADAM}).json()["code"] == "not_a_member"
        assert httpx.get("http://127.0.0.1:8080/health").status_code == 403
        log = folder / "run.mcap"
        log.write_bytes(small_log())
        with Client(f"http://{HERE}:8080") as client:
            run = client.upload(log).wait()
            saved = run.download(folder / "again.mcap")
        assert run.status == "ready" and saved.read_bytes() == log.read_bytes()


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("ip"),
    reason="makes a network as root, with ip",
)
def test_members_get_in_and_strangers_do_not(tmp_path: Path) -> None:
    code = f"from tests.web.test_vpn import *; in_a_network_of_its_own(Path({str(tmp_path)!r}))"
    ended = subprocess.run(
        ["unshare", "--net", "sh", "-c", NETWORK, "sh", sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert ended.returncode == 0, ended.stderr


@needs_chromium
def test_every_page_and_script_works_without_a_secure_context(browser: Any, tmp_path: Path) -> None:
    log = tmp_path / "run.mcap"
    log.write_bytes(small_log())
    sent = tmp_path / "sent.mcap"
    sent.write_bytes(small_log(driver="Mei"))
    with (
        served(tmp_path / "data", with_worker=True, host=PLAIN_HOST) as site,
        open_page(browser, provoked=(404,)) as page,
    ):
        recording = site.run(converted(site.context, log))
        page.goto(f"{site.url}/upload")
        assert page.evaluate("isSecureContext") is False
        page.locator("#pick-files").set_input_files(sent)
        page.locator(".upload .state").get_by_text("intact", exact=True).wait_for(timeout=60_000)
        assert page.get_by_text("Nina").count(), "the peers file's name"
        ids = page.evaluate("fetch('/api/recordings?fields=id').then((answer) => answer.json())")["items"]
        assert len(ids) == 2
        both = "&".join(f"recording={one['id'][:16]}" for one in ids)
        for path in (
            "/",
            f"/recordings/{recording.id[:16]}",
            f"/compare?a={ids[0]['id'][:16]}&b={ids[1]['id'][:16]}",
            f"/export?{both}",
            "/signals",
            "/jobs",
            "/storage",
            "/members",
            "/nothing/here",
        ):
            page.goto(f"{site.url}{path}")
            page.locator("h1").first.wait_for()
            page.wait_for_load_state("networkidle")
            page.keyboard.press("?")
