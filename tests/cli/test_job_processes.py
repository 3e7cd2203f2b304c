"""Jobs in processes of their own: what they may take, how they end, and what is said then."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from paddock.bootstrap import open_context
from paddock.cli import job_processes
from paddock.cli.job_processes import JobProcesses
from paddock.domain.job import Job
from paddock.errors import PaddockError, Rejected
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.usecases.jobs.attempt import Gauge
from tests.cli import strange_jobs
from tests.cli.running import wait_until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]
HANG_S = 60


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    async with open_context(Settings(data=tmp_path)) as opened:
        yield opened


@pytest.fixture
async def processes(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[JobProcesses]:
    monkeypatch.setattr(job_processes, "_main", strange_jobs.main)
    opened = JobProcesses(Settings(data=tmp_path, memory_bytes=1))
    yield opened
    opened.close()


def job(subject: str) -> Job:
    return Job(id=f"strange-{subject}", kind="strange", subject=subject, created_at=0, due_at=0)


async def test_one_process_does_one_job_after_the_other_and_tells_how_far_it_is(
    processes: JobProcesses, context: Context
) -> None:
    gauge = Gauge()
    await processes.run(context, job("half"), gauge)
    (idle,) = processes._idle
    with pytest.raises(Rejected) as refused:
        await processes.run(context, job("refuse"), Gauge())
    assert processes._idle == [idle]
    assert gauge.share == 0.5
    assert (refused.value.code, refused.value.permanent) == ("not_mcap", True)


@pytest.mark.parametrize(
    ("subject", "code", "permanent"),
    [
        ("crash", "internal_error", False),
        ("die", "worker_died", False),
        ("eat", "memory_limit", True),
        ("fill", "memory_limit", True),
    ],
)
async def test_whatever_happens_in_it_is_a_sentence_and_the_next_job_is_done(
    processes: JobProcesses,
    context: Context,
    subject: str,
    code: str,
    permanent: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job_processes, "_BESIDE_BYTES", 400 << 20)
    with pytest.raises(PaddockError) as failed:
        await processes.run(context, job(subject), Gauge())
    assert (failed.value.code, failed.value.permanent) == (code, permanent)
    assert "SIGKILL" in failed.value.message or subject != "die"
    await processes.run(context, job("nothing"), Gauge())


@pytest.mark.parametrize("subject", ["spin", "sleep"])
async def test_what_never_ends_is_ended(processes: JobProcesses, context: Context, subject: str) -> None:
    gauge = Gauge()
    running = asyncio.create_task(processes.run(context, job(subject), gauge))
    await asyncio.sleep(0.5)
    async with asyncio.timeout(HANG_S):
        while subject == "spin" and not (gauge.processor_s or 0) > 0.2:
            await asyncio.sleep(0.05)
    assert not running.done()
    assert subject == "spin" or (gauge.processor_s or 0) < 0.5, "who sleeps needs no processor"
    running.cancel()
    async with asyncio.timeout(HANG_S):
        with pytest.raises(asyncio.CancelledError):
            await running
    assert not list(context.scratch.rglob("half*")), "its files go with it"
    await processes.run(context, job("nothing"), Gauge())


async def test_what_a_worker_left_that_was_ended_as_well_is_removed(
    processes: JobProcesses, tmp_path: Path
) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    left = tmp_path / "scratch" / f"process-{gone.pid}"
    alive = tmp_path / "scratch" / f"process-{os.getpid()}"
    backup = tmp_path / "scratch" / "backup-killed"
    for folder in (left, alive, backup):
        folder.mkdir(parents=True)
        (folder / "made").write_bytes(b"half")
    await processes.start_ahead()
    assert alive.exists() and not left.exists() and not backup.exists()


def test_it_ends_with_the_worker_whatever_it_does(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from paddock.cli import job_processes\n"
        "from paddock.settings import Settings\n"
        "from paddock.usecases.jobs import attempt\n"
        "from tests.cli import strange_jobs, test_job_processes\n"
        "job_processes._main = strange_jobs.main\n"
        f"processes = job_processes.JobProcesses(Settings(data=Path({str(tmp_path)!r})))\n"
        "async def main():\n"
        "    await processes.start_ahead()\n"
        "    print(processes._idle[0]._process.pid, flush=True)\n"
        "    await processes.run(None, test_job_processes.job('spin'), attempt.Gauge())\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        pid = int(worker.stdout.readline())
        wait_until(lambda: _processor_time(pid) > 0.5)
        worker.send_signal(signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{pid}").exists() or _state(pid) == "Z")


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def _processor_time(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")
