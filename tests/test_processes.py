"""What every process of Paddock's own does without."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from mcap.writer import CompressionType, Writer

from tests.cli.running import running, wait_until
from tests.logs import STARTED_NS, small_log

LARGE_BYTES = 17 << 20
"""A log of this size is decoded in a process of its own."""


def large_log() -> bytes:
    target = io.BytesIO()
    writer = Writer(target, compression=CompressionType.NONE)
    writer.start()
    json_channel = writer.register_channel("Pedals", "json", 0)
    camera = writer.register_channel("Camera", "pictures", 0)
    for number in range(17):
        writer.add_message(camera, STARTED_NS + number, bytes(LARGE_BYTES // 17), STARTED_NS + number)
        writer.add_message(json_channel, STARTED_NS + number, json.dumps({"throttle": number}).encode(), STARTED_NS)
    writer.finish()
    return target.getvalue()


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that says which processes, at any depth, have imported pandas: there is none as long as none has."""
    folder, caught = tmp_path / "installed", tmp_path / "caught"
    folder.mkdir()
    (folder / "pandas.py").write_text(
        f"import sys, traceback\nwith open({str(caught)!r}, 'a') as file:\n"
        "    print(sys.orig_argv, file=file)\n    traceback.print_stack(file=file)\nraise ImportError\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]))
    return caught


def said(caught: Path) -> str:
    return caught.read_text() if caught.exists() else ""


def test_pyarrow_falls_into_the_trap(trap: Path) -> None:
    """Else the tests below would show nothing."""
    subprocess.run([sys.executable, "-c", "import pyarrow; pyarrow.array([1])"], check=True)
    assert "pyarrow" in said(trap)


def test_no_conversion_imports_pandas(trap: Path, tmp_path: Path) -> None:
    (tmp_path / "large.mcap").write_bytes(large_log())
    for driver in ("Adam", "Zoe"):
        (tmp_path / f"{driver}.mcap").write_bytes(small_log(driver=driver))
    convert = [sys.executable, "-m", "paddock", "convert"]
    for arguments in (["large.mcap"], ["Adam.mcap", "Zoe.mcap", "-j", "2"]):
        subprocess.run([*convert, *arguments], cwd=tmp_path, check=True, capture_output=True)
        assert not said(trap), arguments


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_no_site_or_job_imports_pandas(trap: Path, tmp_path: Path) -> None:
    log = tmp_path / "run.mcap"
    log.write_bytes(large_log())
    with running(tmp_path / "data") as up, up.client() as client:
        sent = client.upload(log)
        run = wait_until(lambda: found if (found := client.get(sent.id)).status == "ready" else None)
        seconds, throttle = run.signal("Pedals.throttle").numpy()
        assert len(seconds) == len(throttle) == 17
        plot = {"signal": "Pedals.throttle"}
        assert httpx.get(f"{up.url}/api/recordings/{sent.id}/plot", params=plot).status_code == 200
        assert httpx.get(f"{up.url}/recordings/{sent.id}").status_code == 200
        run.export("parquet", signals=["Pedals.*"]).wait()
    assert not said(trap)


def test_no_function_imports_pandas(trap: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom paddock.functions import Container\n"
        "from paddock.settings import Settings\n"
        "Container(Settings(data=Path(sys.argv[1])))\n"
        "import pyarrow\npyarrow.array([1])\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "data")], check=True)
    assert not said(trap)


def test_pandas_stays_for_users_of_the_client_and_of_the_modules() -> None:
    code = "import paddock, paddock.cli, importlib.util\npaddock.Client\nassert importlib.util.find_spec('pandas')"
    subprocess.run([sys.executable, "-c", code], check=True)
