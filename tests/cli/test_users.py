"""``paddock users`` beside a running Paddock, and commands that bring a token."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from paddock.cli.users import command
from paddock.client import Client
from paddock.errors import Rejected
from tests.cli.running import running, wait_until
from tests.logs import small_log

PASSWORD = "four laps around the car park"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def users(*arguments: str) -> Result:
    """``paddock users``, in this process: a new one takes longer than what it does."""
    return CliRunner().invoke(command, arguments)


def paddock(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "paddock", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def use_link(url: str, link: str) -> str:
    """Choose the password that a link is for; a token of that person."""
    text = link.strip().partition("link=")[2]
    name = "Ada"
    form = {"link": text, "name": name, "password": PASSWORD, "again": PASSWORD}
    assert httpx.post(f"{url}/sign-in/link", data=form).status_code == 303
    answer = httpx.post(f"{url}/api/login", json={"name": name, "password": PASSWORD})
    return str(answer.raise_for_status().json()["token"])


def test_a_team_from_its_first_user_on(tmp_path: Path) -> None:
    data = tmp_path / "data"
    log = tmp_path / "run.mcap"
    log.write_bytes(small_log())
    with running(data) as up:
        where = ("--data", str(data))
        assert "`paddock users add NAME --role admin` makes the first one" in users(*where).stderr
        assert httpx.get(f"{up.url}/api/me").json()["kind"] == "local"
        added = users(*where, "add", "Ada", "--role", "admin", "--email", "ada@example.org")
        assert added.exit_code == 0 and added.stdout.count("\n") == 1, added.output
        wait_until(lambda: httpx.get(f"{up.url}/api/recordings").status_code == 401)
        token = use_link(up.url, added.stdout)
        refused = paddock("upload", str(log), "--server", up.url)
        assert refused.returncode == 1 and "PADDOCK_TOKEN" in refused.stderr
        several = {"PADDOCK_TOKEN": f"http://127.0.0.1:1=nonsense {up.url}/={token}"}
        assert paddock("upload", str(log), "--server", up.url, **several).returncode == 0
        with Client(up.url, token=token) as client:
            assert [run.name for run in client.search()]
        with Client(up.url) as stranger, pytest.raises(Rejected) as error:
            list(stranger.search())
        assert error.value.code == "not_signed_in"
        assert isinstance(users(*where, "role", "Ada", "viewer").exception, Rejected), "the only admin stays one"
        assert users(*where, "add", "Mei", "--role", "engineer").exit_code == 0
        assert users(*where, "role", "Mei", "viewer").stdout == "Mei is viewer.\n"
        assert users(*where, "disable", "mei").stdout == "Mei is disabled.\n"
        assert isinstance(users(*where, "reset", "Mei").exception, Rejected)
        assert users(*where, "disable", "Mei", "--undo").stdout == "Mei is let in again.\n"
        assert "/sign-in/link?link=pdl_" in users(*where, "reset", "Mei").stdout
        rows = json.loads(users(*where, "list", "--json").stdout)
        assert [(row["name"], row["role"], row["has_password"]) for row in rows] == [
            ("Ada", "admin", True),
            ("Mei", "viewer", False),
        ]
        assert "no password yet" in users(*where).stdout


def test_the_terminal_has_the_link_of_the_first_admin(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data, env={**os.environ, "PADDOCK_SIGN_IN": "password"}) as up:
        assert up.process.stdout is not None
        said = up.process.stdout.readline()
        link = re.search(r"http://\S+", said)
        assert link and "first admin" in said
        assert httpx.get(f"{up.url}/api/recordings").status_code == 401
        token = use_link(up.url, link[0])
        me = httpx.get(f"{up.url}/api/me", headers={"Authorization": f"Bearer {token}"}).json()
        assert (me["name"], me["role"]) == ("Ada", "admin")
