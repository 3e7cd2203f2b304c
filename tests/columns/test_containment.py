"""Everything that decodes, counts or stores messages fails at every place, and only what is at fault is lost."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pyarrow as pa
import pytest

from paddock.columns import statistics
from paddock.columns.columns import LogSummary
from paddock.columns.containment import each_alone
from paddock.columns.limits import Limits, OverLimit
from paddock.columns.list_statistics import ListStatistics
from paddock.columns.signal_statistics import SignalStatistics
from paddock.columns.spool_file import Extent, Rows, SpoolFile
from paddock.readers.decoders import json as json_decoder
from paddock.readers.decoders import registry
from paddock.readers.decoders.decoded import Decoded
from paddock.readers.mcap import spool as spool_module
from paddock.readers.mcap import spool_process
from tests.readers.mcap.builders import LogBuilder, spool

pytestmark = pytest.mark.slow("every error at every place")
MESSAGES = 12


class PanicException(BaseException):
    """As the panics of Rust come to Python: no ``Exception``."""


def undecodable() -> UnicodeDecodeError:
    return UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")


ERRORS: list[Callable[[], BaseException]] = [
    ValueError,
    KeyError,
    AssertionError,
    RecursionError,
    MemoryError,
    StopIteration,
    undecodable,
    lambda: pa.ArrowInvalid("offset overflow\nand a second line"),
    lambda: pa.ArrowCapacityError("array cannot contain more"),
    lambda: PanicException("called `Option::unwrap()` on a `None` value"),
]


@pytest.fixture(params=["here", pytest.param("apart", marks=pytest.mark.slow("forks a process"))])
def process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages are decoded here, or in another process, which has what a test put in place."""
    if request.param == "apart":
        if sys.platform != "linux":
            pytest.skip("nowhere else a process is forked")
        monkeypatch.setattr(spool_module, "_PROCESS_FROM_BYTES", 0)
        monkeypatch.setattr(os, "cpu_count", lambda: 2)
        monkeypatch.setattr(spool_process, "_Spawned", spool_process._Forked)
    monkeypatch.setattr(spool_module, "_WAITING_BYTES", 400)


class Faulty(json_decoder.JsonDecoder):
    """JSON, with an accident at one place."""

    place = ""
    at = 0
    error: Callable[[], BaseException] = ValueError

    def __getattribute__(self, name: str) -> Any:
        if name == type(self).place:
            raise type(self).error()
        return super().__getattribute__(name)

    def decode(self, payloads: pa.BinaryArray) -> Decoded:
        if self.place == "a message" and b'{"n": %d,' % self.at in b"".join(payloads.to_pylist()):
            raise self.error()
        decoded = super().decode(payloads)
        if self.place == "a message too few":
            return replace(decoded, messages=decoded.messages[1:])
        return decoded

    @property
    def conform(self) -> Any:
        conform = super().conform

        def faulty(messages: pa.StructArray) -> pa.StructArray:
            if self.place == "an early message" and self.at in messages.field("n").to_pylist():
                raise self.error()
            return conform(messages)

        return faulty


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> type[Faulty]:
    """The decoder of the messages of one of the two topics of ``log``."""

    class Mine(Faulty):
        pass

    def decoder(_: object, limits: Limits) -> Mine:
        if Mine.place == "decoder":
            raise Mine.error()
        return Mine({}, limits)

    monkeypatch.setitem(registry._modules(), "faulty", SimpleNamespace(decoder=decoder))
    return Mine


def log() -> bytes:
    """Two topics with the same messages; in the last of them a whole number becomes one with a fraction.

    That one is as large as a batch, so that no other is in the same.
    """
    built = LogBuilder(chunk_size=200)
    channels = [built.channel("bad", "faulty"), built.channel("good")]
    for number in range(MESSAGES):
        x = number if number < MESSAGES - 1 else number + 0.5
        for channel in channels:
            text = f"s{number}" if number < MESSAGES - 1 else "s" * 400
            built.add(channel, number, {"n": number, "x": x, "s": text, "l": [number, x], "o": {"y": x}})
    return built.finish()


def everything(tmp_path: Path, data: bytes) -> tuple[dict[str, list[Any]], LogSummary]:
    with spool(data, tmp_path) as columns:
        rows = {
            channel.topic: [row for batch in columns.read(channel) for row in batch.messages.to_pylist()]
            for channel in columns.channels
        }
        assert all(columns.rows(channel) == len(rows[channel.topic]) for channel in columns.channels)
        return rows, columns.summary


def statistics_of(summary: LogSummary, topic: str) -> dict[str, tuple[Any, ...]]:
    return {
        each.name.removeprefix(topic): (
            each.dtype,
            each.count,
            each.min,
            each.max,
            each.mean,
            each.first,
            each.last,
        )
        for each in summary.signals
        if each.name.startswith(f"{topic}.")
    }


@pytest.mark.usefixtures("process")
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("place", ["a message", "an early message"])
def test_a_decoder_that_fails_at_a_message_costs_that_message(
    tmp_path: Path, faulty: type[Faulty], place: str, error: Callable[[], BaseException]
) -> None:
    faulty.place, faulty.error = place, staticmethod(error)  # type: ignore[assignment]
    for faulty.at in (0, 5, MESSAGES - 2) if error is not ValueError else range(MESSAGES - 1):
        rows, summary = everything(tmp_path, log())
        assert rows["bad"] == [row for row in rows["good"] if row["n"] != faulty.at]
        assert [row["n"] for row in rows["good"]] == list(range(MESSAGES))
        assert (summary.loss.undecodable, summary.message_count) == ({"bad": 1}, 2 * MESSAGES - 1)
        name = type(error()).__name__
        [notice] = [each for each in summary.notices if "failed" in each]
        assert notice.startswith(f"bad: the decoder failed at 1 messages ({name}") and "\n" not in notice
        assert statistics_of(summary, "bad")[".n"][1] == MESSAGES - 1


@pytest.mark.usefixtures("process")
@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("decoder", OSError),
        ("decoder", OverLimit),
        *((place, ValueError) for place in ("decoder", "fields", "enums", "notice", "conform")),
        *((place, PanicException) for place in ("decoder", "fields", "enums", "notice", "conform")),
    ],
)
def test_a_decoder_that_cannot_say_what_it_makes_has_its_channel_kept_as_bytes(
    tmp_path: Path, faulty: type[Faulty], place: str, error: type[BaseException]
) -> None:
    faulty.place, faulty.error = place, error
    rows, summary = everything(tmp_path, log())
    assert [list(row) for row in rows["bad"]] == [["data"]] * MESSAGES
    assert [row["n"] for row in rows["good"]] == list(range(MESSAGES))
    assert [each for each in summary.notices if "kept as bytes" in each]
    assert not summary.loss.undecodable


@pytest.mark.usefixtures("process")
@pytest.mark.parametrize("place", ["decode", "max_rows", "a message too few"])
def test_a_decoder_that_fails_at_every_message_costs_its_channel(
    tmp_path: Path, faulty: type[Faulty], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty.place = place
    rows, summary = everything(tmp_path, log())
    assert (rows["bad"], len(rows["good"])) == ([], MESSAGES)
    assert summary.loss.undecodable == {"bad": MESSAGES}
    monkeypatch.setattr("paddock.readers.mcap.decoding._MOST_FAILURES", 3)
    rows, summary = everything(tmp_path, log())
    assert [list(row) for row in rows["bad"]] == [["data"]] * MESSAGES
    assert not summary.loss.undecodable
    assert [each for each in summary.notices if "kept as bytes: its decoder fails at most messages" in each]


@pytest.mark.usefixtures("process")
def test_what_a_decoder_takes_too_much_for_is_kept_as_bytes(tmp_path: Path, faulty: type[Faulty]) -> None:
    faulty.place, faulty.at = "a message", 7
    faulty.error = staticmethod(lambda: OverLimit("it is too large"))  # type: ignore[assignment]
    rows, summary = everything(tmp_path, log())
    assert [list(row) for row in rows["bad"]] == [["data"]] * MESSAGES
    assert len(rows["good"]) == MESSAGES
    assert "bad is kept as bytes: it is too large." in summary.notices


@pytest.mark.usefixtures("process", "faulty")
@pytest.mark.parametrize("method", ["add", "signal"])
@pytest.mark.parametrize("error", [ValueError, PanicException])
def test_statistics_that_fail_cost_one_signal_its_statistics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, error: type[BaseException]
) -> None:
    whole = statistics_of(everything(tmp_path, log())[1], "good")
    real = getattr(SignalStatistics, method)
    failing = {".n": "int64", ".s": "string"}
    for name, dtype in failing.items():

        def faulty(self: SignalStatistics, *values: Any, dtype: str = dtype) -> Any:
            column = values[0]
            if (str(column.type) == dtype) if method == "add" else (self.count and self.dtype == dtype):
                raise error("no")
            return real(self, *values)

        monkeypatch.setattr(SignalStatistics, method, faulty)
        rows, summary = everything(tmp_path, log())
        assert rows["bad"] == rows["good"] and len(rows["good"]) == MESSAGES
        found = statistics_of(summary, "good")
        assert found.keys() == whole.keys()
        assert found[name] == (dtype, 0, None, None, None, None, None)
        assert {each: found[each] for each in whole if each != name} == {
            each: whole[each] for each in whole if each != name
        }
        for topic in ("bad", "good"):
            assert f"{topic}{name} has no statistics ({error.__name__}: no)." in summary.notices
        assert not summary.loss.undecodable


@pytest.mark.usefixtures("process", "faulty")
@pytest.mark.parametrize("place", [(ListStatistics, "add"), (ListStatistics, "signals"), (statistics, "_columns")])
def test_statistics_that_fail_as_a_whole_cost_no_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: tuple[Any, str]
) -> None:
    def fail(*_: Any) -> NoReturn:
        raise MemoryError

    monkeypatch.setattr(*place, fail)
    rows, summary = everything(tmp_path, log())
    assert rows["bad"] == rows["good"] and len(rows["good"]) == MESSAGES
    assert [each for each in summary.notices if each.endswith("no statistics (MemoryError).")]
    assert {"good.n", "good.x", "good.s", "good.l", "good.o.y"} <= {each.name for each in summary.signals}


@pytest.mark.usefixtures("process", "faulty")
@pytest.mark.parametrize("number", range(MESSAGES))
def test_rows_that_cannot_be_stored_cost_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    write = SpoolFile.write

    def fail(self: SpoolFile, rows: Rows, ordinal: int) -> Extent:
        if number in rows.messages.field("n").to_pylist():
            raise pa.ArrowInvalid("cannot be written")
        return write(self, rows, ordinal)

    monkeypatch.setattr(SpoolFile, "write", fail)
    rows, summary = everything(tmp_path, log())
    assert [row["n"] for row in rows["good"]] == [each for each in range(MESSAGES) if each != number]
    assert rows["bad"] == rows["good"]
    assert summary.loss.undecodable == {"bad": 1, "good": 1}


@pytest.mark.usefixtures("process", "faulty")
def test_a_full_disk_is_nobodys_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "writev", fail)
    with pytest.raises(OSError, match="No space left"):
        spool(log(), tmp_path)


def test_each_row_that_fails_is_named_once() -> None:
    done: list[int] = []
    failed: list[tuple[int, str]] = []

    def attempt(first: int, stop: int) -> int:
        some = list(range(first, min(stop, first + 7)))
        if not {2, 3, 40, 99}.isdisjoint(some):
            raise PanicException
        done.extend(some)
        return len(some)

    each_alone(100, attempt, lambda row, why: failed.append((row, why)))
    assert failed == [(row, "PanicException") for row in (2, 3, 40, 99)]
    assert done == [row for row in range(100) if row not in (2, 3, 40, 99)]
    each_alone(0, attempt, lambda *_: None)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, OSError])
def test_what_ends_the_program_is_not_contained(error: type[BaseException]) -> None:
    def attempt(*_: int) -> int:
        raise error

    with pytest.raises(error):
        each_alone(3, attempt, lambda *_: None)
