"""What commands print of paths is the path: brackets in it are no markup, and long ones are not broken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from paddock import Client
from tests.logs import small_log
from tests.web.browsing import served


def printed(folder: Path, *arguments: str | Path) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "paddock", *map(str, arguments)], cwd=folder, capture_output=True, text=True
    )
    assert run.returncode in (0, 3), run.stderr
    return run.stdout


@pytest.fixture
def log(tmp_path: Path) -> Path:
    # The slash of the closing tag makes a folder of the first half.
    log = tmp_path / f"[bold]run[/bold] :car: {'long' * 30} [x].mcap"
    log.parent.mkdir()
    log.write_bytes(small_log())
    return log


def test_of_files_here(tmp_path: Path, log: Path) -> None:
    assert f"  {log.with_suffix('.mat')}\n" in printed(tmp_path, "convert", log)
    clean = log.with_name("clean [red].mcap")
    assert f"  {clean}  50 messages\n" in printed(tmp_path, "recover", log, "-o", clean)
    simulated = tmp_path / "[green]sim[x].mcap"
    assert f"  {simulated}\n" in printed(tmp_path, "simulate", "-o", simulated, "--duration", "1")
    assert f"{log.name} is intact" in printed(tmp_path, "doctor", log)
    log.write_bytes(small_log()[:-200])
    assert f"paddock recover {log} -o clean.mcap\n" in printed(tmp_path, "doctor", log)
    log.write_bytes(small_log(topic="[red]x[/red]"))
    shown = printed(tmp_path, "info", log)
    assert "[bold]" not in shown and ":car:" in shown and "[red]x[/red]" in shown


def test_of_files_at_a_service(tmp_path: Path, log: Path) -> None:
    with served(tmp_path / "data", with_worker=True) as site:
        sent = printed(tmp_path, "upload", log, "--server", site.url)
        assert sent.endswith(f"  {log.name}\n")
        with Client(site.url) as client:
            client.get(sent[:10]).wait()
        target = tmp_path / "[bold]out[x].mat"
        assert f"  {target}\n" in printed(tmp_path, "export", sent[:10], "-o", target, "--server", site.url)
        log.write_bytes(small_log(driver="Mei"))
        other = printed(tmp_path, "upload", log, "--server", site.url)
        with Client(site.url) as client:
            client.get(other[:10]).wait()
        folder = tmp_path / "all [of] them"
        lines = printed(tmp_path, "export", sent[:10], other[:10], "-o", folder, "--server", site.url).splitlines()
        assert sorted(line[10:] for line in lines) == sorted(map(str, folder.iterdir()))
