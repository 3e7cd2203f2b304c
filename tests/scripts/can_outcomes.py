"""What becomes of every public CAN log with each database for it, and whether cantools says the same values.

    python -m tests.scripts.can_outcomes              # up to 1,000 frames of each message are compared
    python -m tests.scripts.can_outcomes --frames 50

The logs are those of ``PADDOCK_TEST_LOGS``; see ``tests/readers/can/dbc.py``.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from paddock.domain.can_database import CanDatabase, CanMessage
from paddock.readers.can import candump, csv, mf4
from paddock.readers.can.dbc import read_dbc
from paddock.readers.can.frame_reader import FoundInLog, FrameReader
from paddock.readers.can.frames import Frames
from paddock.readers.can.message import MessageDecoder
from paddock.readers.can.routes import Routes
from paddock.readers.can.spool import spool_frames
from tests.readers.can.dbc import FOLDER, as_cantools_reads
from tests.readers.can.test_message import reference_of, same

LOGS: Sequence[tuple[FrameReader, str, str]] = (
    (csv.read_frames, "wuracing/*.CSV", "wuracing/*.dbc"),
    (mf4.read_frames, "css/*/*.MF4", "css/dbc/*.dbc"),
    (candump.read_frames, "pretty_j1939/candump.log", "css/dbc/*J1939*.dbc"),
)
"""Their reader, the logs, and the databases."""

COUNTS = ("frames", "decoded", "unknown", "transport_frames", "too_short")


@dataclass
class Compared:
    """Values beside those of cantools."""

    values: int = 0
    differ: list[str] = field(default_factory=list)


def main() -> int:
    """The exit code: 1 where a value differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--frames", type=int, default=1_000, help="of each message")
    given = parser.parse_args()
    # It says of every database which of its messages have the same name.
    logging.getLogger("cantools").setLevel(logging.ERROR)
    print("| log | database | health | frames | decoded | unknown | long | too short | values compared | differ |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    differing = 0
    for reader, logs, databases in LOGS:
        for log in sorted(FOLDER.glob(logs)):
            batches = _frames(reader, log)
            for database in sorted(FOLDER.glob(databases)):
                said, health = _counts(reader, log, read_dbc(database.read_bytes()))
                compared = _compared(batches, database, given.frames)
                differing += len(compared.differ)
                row = [f"{log.parent.name}/{log.name}", database.name, health]
                row += [f"{int(said.get(name, 0)):,}" for name in COUNTS]
                row += [f"{compared.values:,}", str(len(compared.differ))]
                print(f"| {' | '.join(row)} |", *compared.differ[:3], flush=True)
    return int(differing > 0)


def _counts(reader: FrameReader, log: Path, database: CanDatabase) -> tuple[dict[str, str], str]:
    with (
        log.open("rb") as file,
        tempfile.TemporaryDirectory() as folder,
        spool_frames(reader, file, Path(folder), databases={"": database}) as columns,
    ):
        return columns.summary.facts.said, columns.summary.loss.health


def _frames(reader: FrameReader, log: Path) -> tuple[list[Frames], bool]:
    found = FoundInLog()
    with log.open("rb") as file:
        return list(reader(file, found, lambda _: None)), found.has_extended_flag


def _compared(batches: tuple[list[Frames], bool], database: Path, most: int) -> Compared:
    compared = Compared()
    theirs = as_cantools_reads(database)
    if theirs is None:
        return compared
    reference = {(each.frame_id, each.is_extended_frame): each for each in theirs.messages}
    for message, data in _by_message(*batches, read_dbc(database.read_bytes()), most):
        its = reference.get((message.id, message.is_extended))
        if its is None:
            continue
        length = np.array([len(each) for each in data], np.uint8)
        table = np.frombuffer(b"".join(each.ljust(64, b"\0") for each in data), np.uint8).reshape(-1, 64)
        for row, each in zip(MessageDecoder(message).decode(table, length).to_pylist(), data, strict=True):
            try:
                expected = reference_of(message, its, each)
            except Exception:  # no branch for the multiplexer's value: cantools has no values at all
                continue
            compared.values += len(row)
            for name, value in row.items():
                if not same(value, expected.get(name)):
                    compared.differ.append(f"{message.name}.{name}: {value}, cantools {expected.get(name)}")
    return compared


def _by_message(
    batches: list[Frames], has_extended_flag: bool, database: CanDatabase, most: int
) -> Iterator[tuple[CanMessage, list[bytes]]]:
    routes = Routes({"": database}, has_extended_flag)
    found: dict[str, tuple[CanMessage, list[bytes]]] = {}
    for frames in batches:
        keys = frames.id.astype(np.int64) | frames.is_extended.astype(np.int64) << 29
        for key in np.unique(keys[~frames.is_remote]).tolist():
            message = routes.route(0, "", bool(key >> 29), key & (1 << 29) - 1).message
            if message is None:
                continue
            rows = np.flatnonzero((keys == key) & ~frames.is_remote)
            some = found.setdefault(message.name, (message, []))[1]
            some += [bytes(frames.data[row, : frames.length[row]]) for row in rows[: most - len(some)].tolist()]
    yield from found.values()


if __name__ == "__main__":
    sys.exit(main())
