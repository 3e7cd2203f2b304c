"""Damaged logs of CAN frames, of every kind: read without an error, soon, in bounded memory; cut ones up to there.

python -m tests.scripts.fuzz_can                     # 10,000 of each kind
python -m tests.scripts.fuzz_can 2000 --kind blf     # some of one
python -m tests.scripts.fuzz_can --databases         # damaged databases instead, each decodes some frames
"""

from __future__ import annotations

import argparse
import io
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paddock.readers.can import asc, blf, candump, csv, mf4, trc
from paddock.readers.can.dbc import read_dbc
from paddock.readers.can.frame_reader import FoundInLog, FrameReader
from paddock.readers.can.message import MessageDecoder
from paddock.readers.can.spool import spool_frames
from tests.readers.can import blf as blf_files
from tests.readers.can import mf4 as mf4_files
from tests.readers.can.dbc import SMALL, handed
from tests.readers.can.test_frames import asc_log, candump_log, gvret_log, rows, trc_log, wuracing_log

_SLOW_S = 5.0
"""Processor time for some kilobytes: far more than any takes, on any machine."""
_GROWTH_BYTES = 400 << 20
_SPOOLED = 20
"""Every so many is decoded too."""


@dataclass(frozen=True)
class Kind:
    """A way to write frames, and a log of it."""

    read: FrameReader
    content: bytes
    is_in_order: bool = True
    """Whether a cut log has the first frames of the whole one."""


def kinds() -> dict[str, Kind]:
    """All of them by name."""
    objects = blf_files.frames(60)
    stream = b"".join(objects)
    parts = [stream[at : at + 300] for at in range(0, len(stream), 300)]
    frames = mf4_files.some_frames(80)
    return {
        "candump": Kind(candump.read_frames, candump_log(120).encode()),
        "wuracing": Kind(csv.read_frames, wuracing_log(120).encode()),
        "gvret": Kind(csv.read_frames, gvret_log(200).encode()),
        "asc": Kind(asc.read_frames, asc_log(200).encode()),
        "trc": Kind(trc.read_frames, trc_log(200).encode()),
        "blf": Kind(blf.read_frames, blf_files.file_of(*map(blf_files.container, parts))),
        "blf plain": Kind(blf.read_frames, blf_files.file_of(stream)),
        "mf4": Kind(mf4.read_frames, mf4_files.unsorted(frames)),
        "mf4 finished": Kind(
            mf4.read_frames, mf4_files.unsorted(frames, is_finished=True, packing="packed"), False
        ),
        "mf4 sorted": Kind(mf4.read_frames, mf4_files.sorted_by_kind(frames, packing="list"), False),
        "mf4 transposed": Kind(mf4.read_frames, mf4_files.sorted_by_kind(frames, packing="transposed"), False),
    }


def mutated(content: bytes, chosen: random.Random) -> bytes:
    """A log to which some things have happened."""
    changed = bytearray(content)
    for _ in range(chosen.choice((1, 1, 2, 4, 12))):
        if not changed:
            break
        at = chosen.randrange(len(changed))
        match chosen.randrange(7):
            case 0:
                changed[at] = chosen.randrange(256)
            case 1:
                changed[at] ^= 1 << chosen.randrange(8)
            case 2:
                del changed[at : at + chosen.choice((1, 3, 40, 400))]
            case 3:
                changed[at:at] = chosen.randbytes(chosen.choice((1, 4, 60)))
            case 4:
                changed[at : at + 8] = chosen.choice((b"\xff" * 8, bytes(8), b"\0\0\0\x80", b"99999999", b"\n\n"))
            case 5:
                other = chosen.randrange(len(changed))
                changed[at:at] = changed[other : other + chosen.choice((8, 64, 500))]
            case _:
                changed[at : at + 300] = bytes(len(changed[at : at + 300]))
    return bytes(changed)


def frames_of(kind: Kind, content: bytes) -> tuple[list[object], FoundInLog]:
    """All frames of a log."""
    found = FoundInLog()
    return [row for batch in kind.read(io.BytesIO(content), found, lambda _: None) for row in rows(batch)], found


def try_kind(kind: Kind, count: int, seed: int, folder: Path, fail: Callable[[str, bytes], None]) -> None:
    """Damage a log so many times, and cut it as often as that is a tenth of."""
    chosen = random.Random(seed)
    database = {"": read_dbc(SMALL.encode())}
    whole, _ = frames_of(kind, kind.content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(count):
        content = mutated(kind.content, chosen)
        began = time.process_time()
        try:
            frames, _ = frames_of(kind, content)
            if number % _SPOOLED == 0:
                spool_frames(kind.read, io.BytesIO(content), folder, databases=database).close()
        except BaseException as error:
            fail(f"{type(error).__name__}: {error}", content)
            continue
        if time.process_time() - began > _SLOW_S:
            fail("too slow", content)
        if len(frames) > 20 * len(whole):
            fail(f"{len(frames)} frames", content)
    if (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10 > _GROWTH_BYTES:
        fail("too much memory", b"")
    had = 0
    for cut in sorted(chosen.randrange(len(kind.content)) for _ in range(max(1, count // 10))):
        frames, _ = frames_of(kind, kind.content[:cut])
        if not kind.is_in_order:
            continue
        if frames != whole[: len(frames)] or len(frames) < had:
            fail(f"cut at {cut}: {len(frames)} frames, {had} before", kind.content[:cut])
        had = max(had, len(frames))


def try_databases(count: int, seed: int, fail: Callable[[str, bytes], None]) -> None:
    """Damage a small database and, where they are here, the public ones in turn, and decode frames by each."""
    chosen = random.Random(seed)
    whole = [SMALL.encode(), *(path.read_bytes() for path in handed())]
    data = np.frombuffer(chosen.randbytes(6 * 64), np.uint8).reshape(6, 64)
    length = np.array([0, 1, 5, 8, 40, 64], np.uint8)
    data = np.where(np.arange(64) < length[:, None], data, 0).astype(np.uint8)
    for number in range(count):
        content = mutated(whole[number % len(whole)][:20_000], chosen)
        began = time.process_time()
        try:
            for message in read_dbc(content).messages:
                decoded = MessageDecoder(message).decode(data, length)
                decoded.validate(full=True)
        except BaseException as error:
            fail(f"{type(error).__name__}: {error}", content)
        if time.process_time() - began > _SLOW_S:
            fail("too slow", content)


def main() -> int:
    """The exit code: 1 where anything failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("count", nargs="?", type=int, default=10_000)
    parser.add_argument("--kind", choices=kinds())
    parser.add_argument("--databases", action="store_true", help="databases in place of logs")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    failures = 0

    def fail(why: str, content: bytes) -> None:
        nonlocal failures
        failures += 1
        place = Path(tempfile.gettempdir()) / f"fuzz-can-{failures}"
        place.write_bytes(content)
        print(f"  {why}: {place}")

    if given.databases:
        try_databases(given.count, given.seed, fail)
        print(f"{given.count:,} damaged databases, {failures} failures")
        return int(failures > 0)
    with tempfile.TemporaryDirectory() as folder:
        for name, kind in kinds().items():
            if given.kind in (None, name):
                began = time.monotonic()
                try_kind(kind, given.count, given.seed, Path(folder), fail)
                print(f"{name}: {given.count:,} damaged logs in {time.monotonic() - began:.0f} s")
    print(f"{failures} failures")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
