"""What three signals of a long recording cost to take away: ``python -m tests.benchmarks.exports``.

It uploads and converts the generated log in an embedded Paddock and makes each export twice, turn by turn: from the
stored columns, as a worker does, and from the log itself, as it was done before and still is where the columns will
not do.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from paddock.bootstrap import open_context
from paddock.columns.columns import LogSummary
from paddock.domain.export import ExportRequest
from paddock.domain.recording import Recording
from paddock.formats.registry import RunInfo, canonical
from paddock.settings import Settings
from paddock.usecases.catalogue.catalogue import signals_of
from paddock.usecases.context import Context
from paddock.usecases.take_away import export
from tests.benchmarks.generated_log import generated_log
from tests.usecases.conftest import Team

FORMATS = ("mat", "csv", "parquet")
TURNS = 5


async def run(messages: int, folder: Path) -> None:
    """Print the least of the turns of each export, in seconds, and the ratios."""
    async with open_context(Settings(data=folder)) as context:
        team = Team(context)
        sent = await team.upload(generated_log("car", messages).read_bytes())
        await team.work()
        recording = await team.recording(sent.id)
        signals = [signal.name for signal in await signals_of(context, recording) if signal.dtype == "float"]
        three = tuple(signals[place * len(signals) // 3] for place in range(3))
        print(f"{recording.message_count:,} messages; {', '.join(three)}")
        for form in FORMATS:
            for words, chosen in (("three signals", three), ("everything", ())):
                await _compare(context, recording, ExportRequest(format=form, signals=chosen), words, folder)


async def _compare(
    context: Context, recording: Recording, request: ExportRequest, words: str, folder: Path
) -> None:
    target = folder / "made"
    least: dict[str, tuple[float, float]] = {}

    def said(_: LogSummary) -> RunInfo:
        return RunInfo()

    for _ in range(TURNS):
        for name, make in (("log", export._from_log), ("columns", export._from_columns)):
            wall, processor = time.perf_counter(), time.process_time()
            made = await make(context, recording, canonical(request), said, target, lambda _: None)
            assert made is not None, "the columns will not do"
            took = time.perf_counter() - wall, time.process_time() - processor
            least[name] = min(took, least.get(name, took))
    (log_s, log_cpu), (columns_s, columns_cpu) = least["log"], least["columns"]
    print(
        f"{request.format:8} {words:14} from the log {log_s:6.2f} s, from columns {columns_s:6.2f} s: "
        f"{log_s / columns_s:5.1f} times as fast, own processor {log_cpu:.2f} and {columns_cpu:.2f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("messages", nargs="*", type=int, default=[1_000_000, 5_000_000])
    for messages in parser.parse_args().messages:
        with tempfile.TemporaryDirectory() as directory:
            asyncio.run(run(messages, Path(directory)))


if __name__ == "__main__":
    main()
