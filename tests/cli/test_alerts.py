"""``paddock alerts``, and the Python client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from paddock import Client
from paddock.cli.alerts import command
from paddock.domain.alerts import Raising, Severity
from paddock.errors import NotFound
from paddock.usecases.alerts.alerts import raise_alert
from tests.web.browsing import Site, served


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with served(tmp_path / "data", with_worker=False) as site:
        yield site


def run(site: Site, *arguments: str) -> str:
    done = CliRunner().invoke(command, ["--server", site.url, *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    # The site logs its requests in this process.
    return "\n".join(line for line in done.stdout.splitlines() if "[info" not in line)


def test_alerts_from_a_terminal_and_from_python(site: Site) -> None:
    raising = Raising(key="hot", text="FL is hot", severity=Severity.CRITICAL, device="tires-1", car="HT09")
    alert = site.run(raise_alert(site.context, raising))
    shown = run(site)
    assert alert.id in shown and "firing" in shown and "tires-1 · HT09" in shown
    assert alert.id not in run(site, "--car", "HT08")
    assert "Seen by local: FL is hot" in run(site, "acknowledge", alert.id)
    (listed,) = json.loads(run(site, "--json"))
    assert (listed["state"], listed["acknowledged_by"]) == ("acknowledged", "local")
    with Client(site.url) as client:
        (seen,) = client.alerts("acknowledged", device="tires-1")
        assert seen.acknowledge().acknowledged_by == "local"
        assert seen.clear().state == "cleared" and list(client.alerts("firing")) == []
        with pytest.raises(NotFound):
            client.alert("none")
    assert alert.id not in run(site) and alert.id in run(site, "--all")
