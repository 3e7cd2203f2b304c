"""``paddock offload`` and what people see of it: screen, ``--status``, ``--json``."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from paddock.basestation.showing import listener_of, screen_in_words
from paddock.errors import Rejected, Unavailable
from tests.cli.running import wait_until
from tests.logs import small_log

OFFLOAD = [sys.executable, "-m", "paddock", "offload"]


def test_it_is_safe_without_a_server_and_says_so(tmp_path: Path) -> None:
    car, data = tmp_path / "car", tmp_path / "ledger"
    car.mkdir()
    (car / "run_1.mcap").write_bytes(small_log())
    places = ["--source", str(car), "--server", "http://127.0.0.1:9", "--data", str(data)]
    with (
        subprocess.Popen(
            [*OFFLOAD, *places, "--settle", "0s", "--screen", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as agent,
        contextlib.ExitStack() as ends,
    ):
        ends.callback(agent.kill)
        assert agent.stdout is not None
        assert "The pit screen is at http://127.0.0.1:" in agent.stdout.readline()
        url = wait_until(lambda: (data / "screen.url").exists() and (data / "screen.url").read_text().strip())

        def kind() -> str:
            return str(httpx.get(f"{url}status").json()["verdicts"][0]["kind"])

        wait_until(lambda: kind() == "safe")
        change = {
            "places": [str(car)],
            "from_at": "2020-01-01T00:00:00Z",
            "values": {"driver": "Eve", "car": "HT09"},
        }
        assert httpx.post(f"{url}stints", json=change).status_code == 204
        assert httpx.post(f"{url}stints", json=change | {"places": ["elsewhere"]}).status_code == 404
        assert httpx.post(f"{url}logs/99", json={"values": {}}).status_code == 404
        ask = [*OFFLOAD, "--data", str(data)]
        said = subprocess.run([*ask, "--status"], capture_output=True, text=True, check=True).stdout
        assert "HT09: SAFE TO POWER OFF. The one log on HT09 is here." in said
        assert any(line.startswith("run_1.mcap") and line.split()[-1] == "Eve" for line in said.splitlines())
        found = json.loads(subprocess.run([*ask, "--json"], capture_output=True, check=True).stdout)
        assert found["status"]["logs"][0]["metadata"] == {"car": "HT09", "driver": "Eve"}
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(60) == 0
    gone = subprocess.run([*ask, "--status"], capture_output=True, text=True, check=False)
    assert gone.returncode == 1
    assert "start it, or name its --data" in gone.stderr


@pytest.mark.parametrize("text", ["8090x", "host", "1.2.3.4:", "127.0.0.1:99999"])
def test_where_no_screen_can_be(text: str) -> None:
    with pytest.raises(Rejected, match="HOST:PORT"):
        listener_of(text)


def test_the_next_port_that_is_free() -> None:
    first = listener_of(None)
    second = listener_of(None)
    assert first is not None and second is not None
    with first, second:
        ports = [each.getsockname()[1] for each in (first, second)]
        assert ports[1] > ports[0] >= 8090
        assert "For a tablet: --screen 0.0.0.0:" in screen_in_words(first)
        with pytest.raises(Unavailable, match="--screen"):
            listener_of(f"127.0.0.1:{ports[0]}")
    assert listener_of("none") is None
    for text in ("0.0.0.0:0", ":0", "[::1]:0"):
        opened = listener_of(text)
        assert opened is not None
        with opened:
            assert ("Whoever reaches it" in screen_in_words(opened)) == text.startswith("0.0.0.0")
