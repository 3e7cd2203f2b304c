"""What a list of recordings costs whose logs have many channels: ``python -m tests.benchmarks.lists [channels]``.

A list of 500 is decoded on the event loop, where everybody else waits meanwhile: that may take 20 ms at most.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from paddock.bootstrap import open_context
from paddock.domain.recording import Recording
from paddock.ports.documents import MAX_PAGE
from paddock.settings import Settings
from paddock.usecases.find.contents import contents_of
from paddock.usecases.find.recordings import find_recordings
from tests.web.builders import STARTED_NS, build_channel, build_contents, build_recording

TIMES = 9
_LONGEST_S = 0.001
"""How long the loop is left alone when nothing holds it up."""


async def run(channels: int) -> None:
    """Print what is decoded, and how long the event loop is held up by it."""
    with tempfile.TemporaryDirectory() as directory:
        async with open_context(Settings(data=Path(directory))) as context:
            recordings = [build_recording(number, uploaded_at=STARTED_NS + number) for number in range(MAX_PAGE)]
            inside = tuple(
                build_channel(f"Topic{number}", others=("state.flags", "raw")) for number in range(channels)
            )
            await context.documents.recordings.put_many(recordings)
            await context.documents.contents.put_many(
                [build_contents(each, channels=inside) for each in recordings]
            )
            texts = [msgspec.json.encode(each) for each in recordings]
            one = len(msgspec.json.encode(build_contents(recordings[0], channels=inside)))
            print(f"{MAX_PAGE} recordings of {channels} channels")
            print(f"{'a recording':<40}{len(texts[0]) / 1e3:>8.1f} kB, its contents {one / 1e3:.1f} kB")
            decoder = msgspec.json.Decoder(Recording)
            began = [_timed(lambda: [decoder.decode(text) for text in texts]) for _ in range(TIMES)]
            print(f"{'decoding all of them':<40}{statistics.median(began) * 1e3:>8.1f} ms")
            await _measure("a list of them", lambda: find_recordings(context, limit=MAX_PAGE))
            await _measure("the contents of one", lambda: contents_of(context.documents, recordings[0]))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


async def _measure(name: str, ask: Callable[[], Awaitable[object]]) -> None:
    took, held = [], []
    for _ in range(TIMES):
        watch = asyncio.create_task(_held_up())
        await asyncio.sleep(0)
        began = time.perf_counter()
        await ask()
        took.append(time.perf_counter() - began)
        watch.cancel()
        held.append(max(await watch))
    row = f"{name:<40}{statistics.median(took) * 1e3:>8.1f} ms"
    print(f"{row}, the loop held up for {max(0.0, statistics.median(held)) * 1e3:.1f} ms")


async def _held_up() -> list[float]:
    """How much later than it should it has its turn, each time, until it is cancelled."""
    late = [0.0]
    try:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(_LONGEST_S)
            late.append(time.perf_counter() - began - _LONGEST_S)
    except asyncio.CancelledError:
        late.append(time.perf_counter() - began - _LONGEST_S)
        return late


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("channels", nargs="?", type=int, default=200)
    asyncio.run(run(parser.parse_args().channels))


if __name__ == "__main__":
    main()
