"""Upload logs that were made to cost hours or gigabytes, all at once, and a good one right after them.

    python -m tests.scripts.hostile_uploads [FOLDER]

Measures how long the good log takes until it is ready, how the site answers meanwhile, how much memory the worker's
processes take, and what became of each hostile log. With FOLDER its files are sent instead of those built here.
"""

from __future__ import annotations

import json
import statistics
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import zstandard

from paddock.client import FoundRecording
from paddock.errors import PaddockError
from tests.cli.running import Running, running
from tests.logs import small_log
from tests.readers.mcap.builders import END, channel_record, chunk_record, header, message_record, schema_record

SETTLE_S = 900
EVERY_S = 0.05
BIG = 400_000_000


def looks_like_records() -> bytes:
    """Every few bytes begin a record whose length is just possible: who looks at each to its end never ends."""
    piece = b"\x03" + struct.pack("<Q", (1 << 15) - 1) + b"\xeb\x7f\0\0\xff"
    return (piece * (1 << 18))[: 1 << 20]


def json_log(*messages: object) -> bytes:
    rows = [message_record(1, number * 10**9, json.dumps(each).encode()) for number, each in enumerate(messages)]
    return header() + channel_record(1, "wide") + b"".join(rows)


def many_keys() -> bytes:
    return json_log(*({f"key_{number}_{row}": row for number in range(2000)} for row in range(20)))


def many_lists() -> bytes:
    return json_log({f"list_{number}": [number] for number in range(5000)})


def deep() -> bytes:
    text = '{"a":' * 5000 + "1" + "}" * 5000
    return header() + channel_record(1, "deep") + message_record(1, 1, text.encode())


def redefined_channels() -> bytes:
    pieces = [header()]
    for number in range(30_000):
        pieces += [channel_record(1, f"topic_{number}"), message_record(1, number, b"{}")]
    return b"".join(pieces)


def one_huge_message() -> bytes:
    payload = b'{"text": "' + b"a" * BIG + b'"}'
    records = channel_record(1, "huge") + message_record(1, 1, payload)
    return header() + chunk_record(records, zstandard.compress(records), "zstd")


def empty_messages() -> bytes:
    row = message_record(1, 1, b"{}")
    records = channel_record(1, "empty") + row * (BIG // 4 // len(row))
    return header() + chunk_record(records, zstandard.compress(records), "zstd")


def not_a_descriptor() -> bytes:
    """A schema of 4,000 fields on each of 500 topics, in a few kilobytes once compressed."""
    fields = b"".join(_field(number) for number in range(1, 4001))
    message = b"\x0a\x01M" + fields
    file = b"\x0a\x01f" + b"\x22" + _varint(len(message)) + message
    descriptor = b"\x0a" + _varint(len(file)) + file
    pieces = [schema_record(1, "M", "protobuf", descriptor)]
    for number in range(1, 501):
        pieces += [channel_record(number, f"t{number}", "protobuf", 1), message_record(number, number, b"\x08\x01")]
    records = b"".join(pieces)
    return header() + chunk_record(records, zstandard.compress(records), "zstd")


def _field(number: int) -> bytes:
    name = f"f{number}".encode()
    body = b"\x0a" + _varint(len(name)) + name + b"\x18" + _varint(number) + b"\x20\x01\x28\x05"
    return b"\x12" + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


BUILT: tuple[Callable[[], bytes], ...] = (
    looks_like_records,
    many_keys,
    many_lists,
    deep,
    redefined_channels,
    one_huge_message,
    empty_messages,
    not_a_descriptor,
)


def nothing_in_it() -> bytes:
    return header() + END


class Watch(threading.Thread):
    """Asks the site for pages as a person would, and looks at the memory of the worker's processes."""

    def __init__(self, up: Running) -> None:
        super().__init__(daemon=True)
        self.answers_s: list[float] = []
        self.largest_bytes = 0
        self._up = up
        self._ended = threading.Event()

    def run(self) -> None:
        with httpx.Client(base_url=self._up.url, timeout=60, trust_env=False) as site:
            while not self._ended.wait(EVERY_S):
                for page in ("/", "/api/recordings", "/jobs"):
                    begun = time.monotonic()
                    site.get(page)
                    self.answers_s.append(time.monotonic() - begun)
                self.largest_bytes = max(self.largest_bytes, *map(_resident_bytes, _below(self._up.process.pid)))

    def end(self) -> None:
        self._ended.set()
        self.join()


def _below(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [pid, *(below for child in children for below in _below(int(child)))]


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    except (FileNotFoundError, ProcessLookupError):
        return 0


def main(folder: Path | None) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        if folder is None:
            logs = [here / f"{build.__name__}.mcap" for build in (*BUILT, nothing_in_it)]
            for log, build in zip(logs, (*BUILT, nothing_in_it), strict=True):
                log.write_bytes(build())
        else:
            logs = sorted(path for path in folder.iterdir() if path.is_file())
        good = here / "good.mcap"
        good.write_bytes(small_log(5000))
        with running(here / "data") as up:
            watch = Watch(up)
            watch.start()
            _measure(up, watch, logs, good)


def _measure(up: Running, watch: Watch, logs: list[Path], good: Path) -> None:
    begun = time.monotonic()
    with up.client() as client, ThreadPoolExecutor(len(logs)) as senders:
        sending = {log: senders.submit(_send, up, log) for log in logs}
        sent = client.upload(good)
        accepted = time.monotonic()
        while client.get(sent.id).status not in ("ready", "failed"):
            time.sleep(0.05)
        print(f"good log: {client.get(sent.id).status} {time.monotonic() - accepted:.2f} s after it was accepted")
        ids = {log: sender.result() for log, sender in sending.items()}
        for log, recording_id in ids.items():
            while len(recording_id) == 64 and client.get(recording_id).status not in ("ready", "failed"):
                assert time.monotonic() - begun < SETTLE_S, f"{log.name} is still {client.get(recording_id).status}"
                time.sleep(0.2)
            print(
                f"  {log.name:<28} {_became(client.get(recording_id)) if len(recording_id) == 64 else recording_id}"
            )
        print(f"all settled after {time.monotonic() - begun:.1f} s")
    watch.end()
    answers = sorted(watch.answers_s)
    p95, p99 = (statistics.quantiles(answers, n=100)[place] for place in (94, 98))
    print(
        f"site: {len(answers)} answers, median {statistics.median(answers) * 1e3:.0f} ms, p95 {p95 * 1e3:.0f} ms, "
        f"p99 {p99 * 1e3:.0f} ms, slowest {answers[-1] * 1e3:.0f} ms"
    )
    print(f"largest process: {watch.largest_bytes / 1e6:.0f} MB")


def _send(up: Running, log: Path) -> str:
    """The recording's id, or why it was refused."""
    try:
        with up.client() as client:
            return client.upload(log).id
    except PaddockError as error:
        return f"refused: {error.message}"


def _became(recording: FoundRecording) -> str:
    return f"{recording.status}: {recording.error}" if recording.error else recording.status


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
