"""Two checkouts turn by turn, for a benchmark that is asked to run ``--beside OTHER``.

The benchmark runs in two processes: one has the ``paddock`` of this environment, the other that of
``OTHER/.venv``; the benchmark's own code is the same. Each case is done once by either, again and again, and who
begins alternates, so that whatever else the machine does slows both alike. Processor time counts all threads of the
process, and is what a busy machine distorts least.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

Case = Callable[[], Awaitable[object]]
WARM_UP = 2


def beside_options(parser: argparse.ArgumentParser) -> None:
    """``--beside``, ``--rounds``, and ``--turns``, with which ``compare`` starts the benchmark for either side."""
    parser.add_argument("--beside", type=Path, help="another checkout, with its .venv")
    parser.add_argument("--rounds", type=int, default=30, help="how often each case is done beside another")
    parser.add_argument("--turns", action="store_true", help=argparse.SUPPRESS)


async def take_turns(cases: Mapping[str, Case]) -> None:
    """Do the case that each line of stdin names, and write how long it took, until stdin ends."""
    gc.collect()
    gc.freeze()
    _say(list(cases))
    while name := (await asyncio.to_thread(sys.stdin.readline)).rstrip("\n"):
        began, began_cpu = time.perf_counter(), time.process_time()
        await cases[name]()
        _say([time.perf_counter() - began, time.process_time() - began_cpu])


def compare(module: str, arguments: Sequence[str], other: Path, rounds: int) -> None:
    """Print what each case takes here and in another checkout, and the ratios; a smaller one is better for us."""
    command = ["-m", module, "--turns", *arguments]
    sides = [_Side([python, *command]) for python in (sys.executable, str(other / ".venv/bin/python"))]
    ours, theirs = (side.hear() for side in sides)
    print(f"{rounds} rounds, beside {other}; median (least)")
    print(f"{'':<42}{'ms here':>9}{'there':>9}{'ratio':>14}{'cpu here':>11}{'there':>9}{'ratio':>14}")
    for case in (each for each in ours if each in theirs):
        took: tuple[list[list[float]], list[list[float]]] = ([], [])
        for round_ in range(-WARM_UP, rounds):
            for place in (0, 1) if round_ % 2 else (1, 0):
                figures = sides[place].do(case)
                if round_ >= 0:
                    took[place].append(figures)
        row = f"{case:<42}"
        for kind in (0, 1):
            here, there = ([figures[kind] * 1e3 for figures in side] for side in took)
            middle = statistics.median(here), statistics.median(there)
            ratios = f"{middle[0] / middle[1]:.2f} ({min(here) / min(there):.2f})"
            row += f"{middle[0]:>{9 + 2 * kind}.2f}{middle[1]:>9.2f}{ratios:>14}"
        print(row, flush=True)
    for side in sides:
        side.end()


class _Side:
    """One of the two processes."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def hear(self) -> list[str]:
        assert self._process.stdout is not None
        found: list[str] = json.loads(self._process.stdout.readline())
        return found

    def do(self, case: str) -> list[float]:
        assert self._process.stdin is not None and self._process.stdout is not None
        print(case, file=self._process.stdin, flush=True)
        figures: list[float] = json.loads(self._process.stdout.readline())
        return figures

    def end(self) -> None:
        self._process.communicate()


def _say(what: object) -> None:
    print(json.dumps(what), flush=True)
