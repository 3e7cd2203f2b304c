"""How fast a log becomes a .mat, beside the official stack and the floor. Whole processes, turn by turn.

    python -m tests.benchmarks.convert                  # 1 M messages with the official stack, 5 M without it
    python -m tests.benchmarks.convert 1000000 4000000  # other sizes; the first one with the official stack
    python -m tests.benchmarks.convert --shapes plain   # the kinder log, without what costs most in a car's
    python -m tests.benchmarks.convert --beside ../old  # another checkout, with its .venv, has its turns too

The generated logs are kept in the temporary directory. Processor time is what a busy machine distorts least, but it
counts both of Paddock's processes. This process imports nothing large: the peak memory of a child counts what its
parent had.
"""

from __future__ import annotations

import argparse
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
    """One process, or the best of several: of wall and processor time each the least, and the least peak."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000_000, 5_000_000], help="messages")
    parser.add_argument("--shapes", choices=("car", "plain"), default="car", help="what is in the log")
    parser.add_argument("--beside", type=Path, help="another checkout, with its .venv")
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, best of {REPEATS}, {given.shapes} log")
    with tempfile.TemporaryDirectory(prefix="paddock-benchmark-") as folder:
        for number, messages in enumerate(given.sizes):
            _one_size(given.shapes, messages, given.beside, Path(folder), with_official=number == 0)


def _one_size(shapes: str, messages: int, beside: Path | None, folder: Path, *, with_official: bool) -> None:
    python = [sys.executable, "-m"]
    contestant = [*python, "tests.benchmarks.contestants"]
    made = subprocess.run(
        [*contestant, "generate", shapes, str(messages)], check=True, capture_output=True, text=True
    )
    log, target = made.stdout.strip(), str(folder / "out.mat")
    print(f"\n{messages:,} messages, {Path(log).stat().st_size / 1e6:.0f} MB")
    convert = ["paddock", "convert", log, "-o", target]
    commands = {"paddock": [*python, *convert], "floor": [*contestant, "floor", log, target]}
    if beside is not None:
        commands["beside"] = [str(beside / ".venv/bin/python"), "-m", *convert]
    # Modules are compiled once, as those of an installed copy, not on every start.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "BENCHMARK_TARGET": target}
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(REPEATS):
        for name, command in commands.items():
            runs[name].append(measured(command, environment))
    best = {name: best_of(name, each) for name, each in runs.items()}
    ratio("paddock / floor", best["paddock"], best["floor"], "at 5 M: required 3.5, wanted 2.5")
    if beside is not None:
        ratio("beside / floor", best["beside"], best["floor"])
        ratio("paddock / beside", best["paddock"], best["beside"])
    if with_official:
        official = best_of("official", [measured([*contestant, "official", log, target], environment)])
        ratio("official / paddock", official, best["paddock"], "at 1 M: required 25, wanted 40")


def best_of(name: str, runs: list[Run]) -> Run:
    """The least of each figure, printed."""
    best = Run(
        min(run.seconds for run in runs), min(run.cpu_seconds for run in runs), min(run.peak_mb for run in runs)
    )
    print(f"  {name:10} {best.seconds:8.2f} s   {best.cpu_seconds:8.2f} s of CPU   {best.peak_mb:6.0f} MB peak")
    return best


def ratio(name: str, one: Run, other: Run, wanted: str = "") -> None:
    """Print how many times the second one takes."""
    cpu = one.cpu_seconds / other.cpu_seconds
    print(f"  {name:18} {one.seconds / other.seconds:7.2f} ×   {cpu:7.2f} × of CPU   {wanted}")


def measured(command: list[str], environment: dict[str, str]) -> Run:
    """Run a command whose file is ``BENCHMARK_TARGET``.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
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
    main()
