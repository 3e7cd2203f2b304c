"""``paddock checks``: a log by a file of checklists, and what a running Paddock has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from paddock.cli.checks import command as checks
from paddock.client import Client
from paddock.errors import Rejected
from tests.cli.running import running, wait_until
from tests.logs import small_log

THROTTLE = {"kind": "limits", "subject": "Pedals.throttle", "low": 0.0, "high": 4.0, "all_but_s": 0.5}
RULES: list[dict[str, Any]] = [
    THROTTLE,
    {"kind": "rate", "subject": "Pedals", "rate_hz": 10.0, "name": "Pedals come"},
    {"kind": "gap", "subject": "Pedals", "longest_s": 1.0},
    {"kind": "present", "subject": "Brakes"},
    {"kind": "condition", "subject": "Pedals.throttle > 9 and Pedals.brake > 0.4", "all_but_s": 2.0},
    {"kind": "limits", "subject": "throttle", "low": -1.0},
    {"kind": "limits", "subject": "Tires.fl", "high": 110.0},
]


def run(*arguments: object, code: int = 0) -> Result:
    done = CliRunner().invoke(checks, [*map(str, arguments)])
    assert done.exit_code == code, done.output
    return done


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "run.mcap").write_bytes(small_log(100))
    (tmp_path / "list.json").write_text(json.dumps({"name": "Systems", "rules": RULES}))
    return tmp_path / "run.mcap"


def test_a_log_without_a_service(log: Path) -> None:
    said = json.loads(run(log, "--list", log.with_name("list.json"), "--json", code=3).stdout)
    (found,) = said["items"]
    assert (found["name"], found["outcome"], found["failed"]) == ("Systems", "failed", 2)
    assert [rule["outcome"] for rule in found["rules"]] == [
        "failed", "passed", "passed", "failed", "passed", "passed", "skipped",
    ]  # fmt: skip
    (moment,) = found["rules"][0]["moments"]
    assert (moment["start_s"], moment["end_s"], moment["worst"]) == (4.1, 9.9, 9.9)
    shown = run(log, "--list", log.with_name("list.json"), code=3).stdout
    assert "Outside for 5.8 s, at worst 9.9." in shown and "4.1 s" in shown and "✓ passed" in shown
    good = log.with_name("good.json")
    good.write_text(json.dumps([{"name": "Systems", "rules": RULES[1:3]}]))
    run(log, "--list", good)


def test_what_is_missing_is_said(log: Path) -> None:
    assert "Which log" in run("--list", log.with_name("list.json"), code=2).output
    assert "By which checklists" in run(log, code=2).output
    bad = log.with_name("bad.json")
    for text, words in (
        ("{", "no checklist"),
        ("[]", "no checklist in it"),
        ("3", "no checklist"),
        ('{"name": "x", "rules": [{"kind": "gap", "subject": "x"}]}', "Rule 1"),
        ('{"name": "x", "rules": [{"kind": "odd", "subject": "x"}]}', "no checklist"),
    ):
        bad.write_text(text)
        done = CliRunner().invoke(checks, [str(log), "--list", str(bad)])
        assert isinstance(done.exception, Rejected) and words in done.exception.message


def test_over_the_service(log: Path, tmp_path: Path) -> None:
    with running(tmp_path / "data") as up, Client(up.url) as client:
        at = ("--server", up.url)
        run("--add", log.with_name("list.json"), *at)
        recording = client.upload(log).wait()
        wait_until(lambda: len(recording.checked()) == 1)
        assert "Outside for 5.8 s" in run(recording.id[:10], *at, code=3).stdout
        assert json.loads(run(recording.id, *at, "--json", code=3).stdout)["items"][0]["failed"] == 2
        assert "Pedals come" in run(*at).stdout
        # What the service says is what --list takes.
        log.with_name("team.json").write_text(run(*at, "--json").stdout)
        said = json.loads(run(log, "--list", log.with_name("team.json"), "--json", code=3).stdout)
        assert said["items"][0]["failed"] == 2
        (found,) = client.search(checks="failed")
        assert (found.id, found.failed_checks) == (recording.id, 2)
        asked = client.sql("select checks, failed_checks from recordings")
        assert asked.to_pylist() == [{"checks": "failed", "failed_checks": 2}]
        (checklist,) = client.checklists()
        assert (checklist.name, checklist.rules[0].high) == ("Systems", 4.0)
        client.check_all()
        recording.check()
        client.remove_checklist(checklist.id)
        assert client.checklists() == ()
