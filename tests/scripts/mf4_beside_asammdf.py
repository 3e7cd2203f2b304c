"""Every frame of MF4 logs beside asammdf, the reference for that format.

    uv run --with asammdf==8.8.28 python -m tests.scripts.mf4_beside_asammdf RUN.MF4 …

Without a file it makes logs of its own, in each way that the tests lay them out.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from paddock.readers.can import mf4
from paddock.readers.can.frame_reader import FoundInLog
from tests.readers.can.mf4 import some_frames, sorted_by_kind, unsorted

_NS = 1_000
"""Its times are seconds as doubles: so many nanoseconds are no difference."""


def main() -> int:
    """The exit code: 1 where any frame differs."""
    files = [Path(name) for name in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        found = [_differences(file) for file in files or _made(Path(folder))]
    return int(any(found))


def _made(folder: Path) -> list[Path]:
    frames = some_frames(1_000)
    contents = {"unfinished": unsorted(frames), "finished": unsorted(frames, is_finished=True)}
    for packing in ("one", "list", "packed", "transposed"):
        contents[f"sorted-{packing}"] = sorted_by_kind(frames, packing=packing, piece=50_000)
        contents[f"fixed-{packing}"] = sorted_by_kind(frames, packing=packing, in_stream=False, piece=50_000)
    for name, content in contents.items():
        (folder / f"{name}.mf4").write_bytes(content)
    return sorted(folder.iterdir())


def _differences(path: Path) -> int:
    ours, theirs = _ours(path), _theirs(path)
    bad = sum(not _same(a, b) for a, b in zip(ours, theirs, strict=False)) + abs(len(ours) - len(theirs))
    print(f"{path.name}: {len(ours):,} frames, asammdf {len(theirs):,}; {bad:,} differ")
    for a, b in zip(ours, theirs, strict=False):
        if not _same(a, b):
            print("  ours", a, "\n  asammdf", b)
            break
    return bad


def _same(ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> bool:
    return abs(ours[0] - theirs[0]) < _NS and ours[1:] == theirs[1:]


def _ours(path: Path) -> list[tuple[Any, ...]]:
    found = FoundInLog()
    rows: list[tuple[Any, ...]] = []
    for frames in mf4.read_frames(io.BytesIO(path.read_bytes()), found, lambda _: None):
        data = [bytes(each[:size]) for each, size in zip(frames.data, frames.length, strict=True)]
        columns = (frames.time_ns, frames.bus, frames.id, frames.is_extended, frames.is_remote)
        rows += zip(*(each.tolist() for each in columns), data, strict=True)
    return sorted(rows)


def _theirs(path: Path) -> list[tuple[Any, ...]]:
    from asammdf import MDF  # type: ignore[import-not-found]

    rows: list[tuple[Any, ...]] = []
    with MDF(path) as mdf:
        began_ns = int(mdf.header.abs_time)
        for what in ("CAN_DataFrame", "CAN_RemoteFrame"):
            for group, index in mdf.channels_db.get(what, ()):
                signal = mdf.get(what, group=group, index=index)
                fields = {name.rpartition(".")[2]: signal.samples[name] for name in signal.samples.dtype.names}
                times = began_ns + np.rint(signal.timestamps * 1e9).astype(np.int64)
                for number in range(len(times)):
                    data = b""
                    if what == "CAN_DataFrame":
                        data = bytes(fields["DataBytes"][number][: int(fields["DataLength"][number])])
                    rows.append(
                        (
                            int(times[number]),
                            int(fields["BusChannel"][number]),
                            int(fields["ID"][number]),
                            bool(fields["IDE"][number]),
                            what == "CAN_RemoteFrame",
                            data,
                        )
                    )
    return sorted(rows)


if __name__ == "__main__":
    sys.exit(main())
