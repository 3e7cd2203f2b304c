"""How fast a log becomes a .mat, beside the official stack and the floor. Whole processes, one after the other.

    python -m tests.benchmarks.convert                  # 1 M messages with the official stack, 5 M without it
    python -m tests.benchmarks.convert 1000000 4000000  # other sizes; the first one with the official stack

The generated logs are kept in the temporary directory. This process imports nothing large: the peak memory of a
child counts what its parent had.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

REPEATS = 5
"""The best of so many runs; the official stack runs once."""


@dataclass(frozen=True)
class Run:
    """One process, or the best of several."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def main(sizes: list[int]) -> None:
    """Print a table."""
    python = [sys.executable, "-m"]
    print(f"{os.cpu_count()} cores, best of {REPEATS}")
    with tempfile.TemporaryDirectory(prefix="paddock-benchmark-") as folder:
        target = str(Path(folder) / "out.mat")
        environment = _as_installed(Path(folder)) | {"BENCHMARK_TARGET": target}
        for number, messages in enumerate(sizes):
            made = [*python, "tests.benchmarks.contestants", "generate", str(messages)]
            log = subprocess.run(made, check=True, capture_output=True, text=True).stdout.strip()
            print(f"\n{messages:,} messages, {Path(log).stat().st_size / 1e6:.0f} MB")
            paddock = _best([*python, "paddock", "convert", log, "-o", target], environment)
            floor = _best([*python, "tests.benchmarks.contestants", "floor", log, target], environment)
            ratio = paddock.seconds / floor.seconds
            print(f"  paddock / floor     {ratio:8.2f} ×   (at 5 M: required 3.5, wanted 2.5)")
            if number == 0:
                official = _best([*python, "tests.benchmarks.contestants", "official", log, target], environment, 1)
                ratio = official.seconds / paddock.seconds
                print(f"  official / paddock  {ratio:8.1f} ×   (at 1 M: required 25, wanted 40)")


def _best(command: list[str], environment: dict[str, str], repeats: int = REPEATS) -> Run:
    name = next(word for word in command if word in ("paddock", "floor", "official"))
    best = min((_run(command, environment) for _ in range(repeats)), key=lambda run: run.seconds)
    print(f"  {name:10} {best.seconds:8.2f} s   {best.cpu_seconds:8.2f} s of CPU   {best.peak_mb:6.0f} MB peak")
    return best


def _as_installed(folder: Path) -> dict[str, str]:
    """The environment of an installed copy, for every contestant alike.

    Modules are compiled once, not on every start; and pandas, which pyarrow imports wherever it finds it, is there
    for the tests only.
    """
    (folder / "pandas.py").write_text("raise ImportError\n")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return environment | {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "PYTHONPATH": str(folder)}


def _run(command: list[str], environment: dict[str, str]) -> Run:
    # Every run makes a new file on an idle disk: nobody pays for what the run before has left to write or to free.
    Path(environment["BENCHMARK_TARGET"]).unlink(missing_ok=True)
    os.sync()
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [1_000_000, 5_000_000])
