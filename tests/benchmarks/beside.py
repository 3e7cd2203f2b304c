"""Two checkouts turn by turn, for a benchmark that is asked to run ``--beside OTHER``.

The benchmark runs in two processes: one has the ``paddock`` of this environment, the other that of
``OTHER/.venv``; the benchmark's own code is the same. Each case is done once by either, again and again, and who
begins alternates, so that whatever else the machine does slows both alike. Processor time counts all threads of the
process, and is what a busy machine distorts least. Where a process happens to have its memory makes some tenths, so
both are started more than once.
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
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path

Case = Callable[[], Awaitable[object]]
_Figures = tuple[float, float]
"""Seconds on the clock, and of processors."""
WARM_UP = 2


def beside_options(parser: argparse.ArgumentParser) -> None:
    """``--beside``, ``--rounds``, ``--starts``, and ``--turns``, with which ``compare`` starts either side."""
    parser.add_argument("--beside", type=Path, help="another checkout, with its .venv")
    parser.add_argument("--rounds", type=int, default=15, help="how often each case is done after a start")
    parser.add_argument("--starts", type=int, default=2, help="how often both are started anew")
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


def compare(module: str, arguments: Sequence[str], given: argparse.Namespace) -> None:
    """Print what each case takes here and in another checkout, and the ratios; below 1 is better here.

    Args:
        given: what was said to ``beside_options``.
    """
    took: dict[str, list[tuple[_Figures, _Figures]]] = {}
    for _ in range(given.starts):
        for case, rounds in _one_start(module, arguments, given.beside, given.rounds):
            took.setdefault(case, []).extend(rounds)
    print(f"{given.starts} × {given.rounds} rounds; the ratio is the median of the rounds' and that of the least")
    print(f"{'':<42}{'ms here':>9}{'there':>9}{'ratio':>13}{'cpu here':>11}{'there':>9}{'ratio':>13}")
    for case, rounds in took.items():
        row = f"{case:<42}"
        for kind in (0, 1):
            here, there = ([each[side][kind] * 1e3 for each in rounds] for side in (0, 1))
            ratio = statistics.median(mine / other for mine, other in zip(here, there, strict=True))
            row += f"{statistics.median(here):>{9 + 2 * kind}.2f}{statistics.median(there):>9.2f}"
            row += f"{ratio:>7.2f} {min(here) / min(there):.2f}".ljust(13)
        print(row.rstrip())


def _one_start(
    module: str, arguments: Sequence[str], other: Path, count: int
) -> Iterator[tuple[str, list[tuple[_Figures, _Figures]]]]:
    """Each case with what its rounds took here and there, from processes that begin and end with this."""
    command = ["-m", module, "--turns", *arguments]
    sides = [_Side([python, *command]) for python in (sys.executable, str(other / ".venv/bin/python"))]
    ours, theirs = (side.hear() for side in sides)
    for case in (each for each in ours if each in theirs):
        rounds = []
        for number in range(count + WARM_UP):
            first, second = sides if number % 2 else reversed(sides)
            figures = {first: first.do(case), second: second.do(case)}
            rounds.append((figures[sides[0]], figures[sides[1]]))
        yield case, rounds[WARM_UP:]
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

    def do(self, case: str) -> _Figures:
        assert self._process.stdin is not None and self._process.stdout is not None
        print(case, file=self._process.stdin, flush=True)
        wall, cpu = json.loads(self._process.stdout.readline())
        return wall, cpu

    def end(self) -> None:
        self._process.communicate()


def _say(what: object) -> None:
    print(json.dumps(what), flush=True)
