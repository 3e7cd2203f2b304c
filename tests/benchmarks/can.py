"""How fast a log of CAN frames becomes a .mat, beside python-can with cantools and scipy. Whole processes.

    python -m tests.benchmarks.can                   # 1 M frames with the peer, 5 M without it
    python -m tests.benchmarks.can 1000000 20000000  # other sizes; the first one with the peer
    python -m tests.benchmarks.can --readers         # each way of writing frames, read beside python-can
    uv run --with asammdf==8.8.28 python -m tests.benchmarks.can --mf4    # logs of CANedge, beside asammdf

The generated logs are kept in the temporary directory.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.convert import REPEATS, best_of, measured, ratio
from tests.readers.can import mf4

MESSAGES = 60
"""In the database, each with eight signals of a byte, half of them scaled."""
READ_FRAMES = 200_000
GVRET_DATA = ",".join(f"D{number}" for number in range(1, 9))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[1_000_000, 5_000_000], help="frames")
    parser.add_argument("--readers", action="store_true", help="frames per second of each reader")
    parser.add_argument("--mf4", action="store_true", help="MF4 logs, beside asammdf")
    parser.add_argument("--peer", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--asammdf", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    folder = Path(tempfile.gettempdir()) / "paddock-benchmark"
    folder.mkdir(exist_ok=True)
    if given.peer:
        _peer(*map(Path, given.peer))
    elif given.asammdf:
        _asammdf(*map(Path, given.asammdf))
    elif given.readers:
        _readers(folder)
    else:
        print(f"{os.cpu_count()} cores, best of {REPEATS}")
        for number, frames in enumerate(given.sizes):
            _one_size(frames, folder, with_peer=number == 0, as_mf4=given.mf4)


def _one_size(frames: int, folder: Path, *, with_peer: bool, as_mf4: bool) -> None:
    log, database = _generated(frames, folder)
    if as_mf4:
        log = _generated_mf4(frames, folder)
    target = folder / "can.mat"
    # Modules are compiled once, as those of an installed copy, not on every start.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "BENCHMARK_TARGET": str(target)}
    print(f"\n{frames:,} frames, {log.stat().st_size / 1e6:.0f} MB")
    convert = [sys.executable, "-m", "paddock", "convert", str(log), "--dbc", str(database), "-o", str(target)]
    paddock = best_of("paddock", [measured(convert, environment) for _ in range(REPEATS)])
    print(f"  {frames / paddock.seconds / 1e6:.2f} M frames/s")
    if with_peer and as_mf4:
        command = [sys.executable, "-m", "tests.benchmarks.can", "--asammdf", str(log), str(database), str(target)]
        ratio("asammdf / paddock", best_of("asammdf", [measured(command, environment)]), paddock, "required 2")
    elif with_peer:
        command = [sys.executable, "-m", "tests.benchmarks.can", "--peer", str(log), str(database), str(target)]
        ratio("peer / paddock", best_of("peer", [measured(command, environment)]), paddock, "required 20")


def _generated(frames: int, folder: Path) -> tuple[Path, Path]:
    """A log of candump and its database."""
    import numpy as np

    database = folder / "can.dbc"
    lines = []
    for message in range(MESSAGES):
        lines.append(f"BO_ {0x100 + message} M{message}: 8 X")
        scales = ("(1,0)", "(0.5,-40)")
        lines += [f' SG_ s{n} : {8 * n}|8@1+ {scales[n % 2]} [0|0] "" X' for n in range(8)]
    database.write_text("\n".join([*lines, ""]))
    log = folder / f"can-{frames}.log"
    if not log.exists():
        data = np.random.default_rng(1).integers(0, 1 << 63, frames, np.uint64)
        with log.open("w") as file:
            for number, value in enumerate(data.tolist()):
                seconds, rest = divmod(number * 250, 1_000_000)
                name = 0x100 + number % MESSAGES
                file.write(f"({1_760_000_000 + seconds}.{rest:06d}) can0 {name:03X}#{value:016X}\n")
    return log, database


def _generated_mf4(frames: int, folder: Path) -> Path:
    """The same frames as CANedge logs them, unfinished."""
    import numpy as np

    path = folder / f"can-{frames}.mf4"
    if path.exists():
        return path
    file = mf4.Blocks(is_finished=False)
    source = file.block(b"SI", [file.text("CAN"), file.text("CAN"), 0], bytes([2, 2, 0, 0, 0, 0, 0, 0]))
    variable = mf4.group(file, 0, record_id=mf4.VARIABLE, size=0, flags=1)
    channels = mf4.channels(file, "CAN_DataFrame", data_type=1, data_link=variable)
    group = mf4.group(file, channels, record_id=mf4.DATA, size=mf4.DATA_AT + 8)
    file.link(group, 3, source)
    whole = file.block(b"DG", [0, file.chained([group, variable]), 0, 0], bytes([1, 0, 0, 0, 0, 0, 0, 0]))
    file.link(file.header, 0, whole)
    file.link(whole, 2, file.block(b"DT", [], b"", size=24))
    kinds = ["u1", "f8", "u4", "u1", "u1", "u1", "u8", "u1", "u4", "u8"]
    records = np.zeros(frames, ",".join(f"<{kind}" for kind in kinds))
    numbers = np.arange(frames)
    data = np.random.default_rng(1).integers(0, 1 << 63, frames, np.uint64)
    columns = (
        mf4.DATA,
        numbers * 250_000.0,
        0x100 + numbers % MESSAGES,
        0x81,
        0,
        8,
        numbers * 12,
        mf4.VARIABLE,
        8,
        data,
    )
    for name, column in zip(records.dtype.names or (), columns, strict=True):
        records[name] = column
    path.write_bytes(bytes(file.content) + records.tobytes())
    return path


def _asammdf(log: Path, database: Path, target: Path) -> None:
    """As its documentation has it."""
    from asammdf import MDF  # type: ignore[import-not-found]

    with MDF(log) as mdf:
        decoded = mdf.extract_bus_logging({"CAN": [(str(database), 0)]})
        decoded.export("mat", target)


def _peer(log: Path, database: Path, target: Path) -> None:
    """As their documentations have it: frame by frame, lists, scipy."""
    from collections import defaultdict

    import can
    import cantools
    import scipy.io

    decoder = cantools.database.load_file(database)
    names = {message.frame_id: message.name for message in decoder.messages}  # type: ignore[union-attr]
    topics: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for frame in can.CanutilsLogReader(log):
        columns = topics[names[frame.arbitration_id]]
        columns["t"].append(frame.timestamp)
        decoded: Any = decoder.decode_message(frame.arbitration_id, bytes(frame.data))  # type: ignore[union-attr]
        for name, value in decoded.items():
            columns[name].append(value)
    scipy.io.savemat(target, {name: dict(columns) for name, columns in topics.items()})


def _readers(folder: Path) -> None:
    import can

    from paddock.readers.can import asc, blf, candump, csv, mf4, trc
    from paddock.readers.can.frame_reader import FoundInLog

    frames = [
        can.Message(
            timestamp=1_760_000_000 + number / 4000,
            arbitration_id=0x100 + number % MESSAGES,
            is_extended_id=False,
            data=number.to_bytes(8, "little"),
            channel=1,
        )
        for number in range(READ_FRAMES)
    ]
    for suffix, reader in (("log", candump), ("asc", asc), ("trc", trc), ("blf", blf)):
        path = folder / f"can-frames.{suffix}"
        with can.Logger(str(path)) as writer:
            for frame in frames:
                writer.on_message_received(frame)
        began = time.process_time()
        with path.open("rb") as log:
            count = sum(len(batch) for batch in reader.read_frames(log, FoundInLog(), lambda _: None))
        ours = time.process_time() - began
        began = time.process_time()
        with can.LogReader(path) as theirs:
            their_count = sum(1 for _ in theirs)
        peer = time.process_time() - began
        assert count == their_count
        rate = f"{count / ours / 1e6:6.2f} M frames/s, python-can {count / peer / 1e6:5.2f}"
        print(f"  {suffix:4} {rate}: {peer / ours:5.1f} ×")
    for name, reader, path in (
        ("WURacing", csv, _generated_csv(folder, "year,month,day,hour,min,sec,ms,id,data", _wuracing)),
        (
            "GVRET",
            csv,
            _generated_csv(folder, "Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,D3,D4,D5,D6,D7,D8", _gvret),
        ),
        ("MF4", mf4, _generated_mf4(READ_FRAMES, folder)),
    ):
        began = time.process_time()
        with path.open("rb") as log:
            count = sum(len(batch) for batch in reader.read_frames(log, FoundInLog(), lambda _: None))
        ours = time.process_time() - began
        print(f"  {name:8} {count / ours / 1e6:6.2f} M frames/s, which python-can alone does not read")


def _generated_csv(folder: Path, header: str, line: Callable[[int], str]) -> Path:
    path = folder / f"can-{line.__name__}.csv"
    path.write_text("\n".join([header, *map(line, range(READ_FRAMES))]) + "\n")
    return path


def _wuracing(number: int) -> str:
    minutes, millisecond = divmod(number // 4, 60_000)
    second, millisecond = divmod(millisecond, 1_000)
    return f"0,0,0,0,{minutes},{second},{millisecond},{0x100 + number % MESSAGES:08x},{number:016x}"


def _gvret(number: int) -> str:
    data = number.to_bytes(8, "big").hex(",")
    return f"{number * 250},{0x100 + number % MESSAGES:08X},false,Rx,0,8,{data},"


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(str(error))
