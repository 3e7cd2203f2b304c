"""S3 that is busy, slow, cut off or not S3 at all: repeated, then ``Unavailable``, never another exception."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from paddock.errors import NotFound, Unavailable
from paddock.ports.objects import Objects
from tests.adapters import s3_sides
from tests.adapters.faulty_proxy import FaultyProxy, proxying
from tests.servers.versitygw import S3Server

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024
SIZE = 12 * MIB


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """And copies and files in small parts."""
    s3_sides.retry_without_pauses(monkeypatch)
    monkeypatch.setattr("paddock.adapters.s3.COPY_PART_BYTES", 5 * MIB)
    monkeypatch.setattr("paddock.adapters.s3.part_size_for", lambda size_bytes: 5 * MIB)
    monkeypatch.setattr("paddock.adapters.s3.PART_SIZE_BYTES", 5 * MIB)


def tries() -> int:
    from paddock.adapters.s3 import TRIES

    return TRIES


@pytest.fixture
def proxy(versitygw_server: S3Server) -> Iterator[FaultyProxy]:
    with proxying(versitygw_server.endpoint) as started:
        yield started


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("faults") / "log.mcap"
    path.write_bytes(bytes(range(256)) * (SIZE // 256))
    return path


@pytest.fixture
def bucket(versitygw_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    return s3_sides.make_bucket(versitygw_server, monkeypatch)


@pytest.fixture
async def objects(
    proxy: FaultyProxy, versitygw_server: S3Server, bucket: str, file: Path
) -> AsyncIterator[Objects]:
    opened = s3_sides.objects_on(versitygw_server, bucket, endpoint=proxy.endpoint)
    await opened.put_file("incoming/a", file)
    yield opened
    proxy.fail("none")
    await opened.close()


async def _read(objects: Objects) -> None:
    assert sum([len(piece) async for piece in objects.read("incoming/a")]) == SIZE


async def _stream(objects: Objects) -> None:
    with await objects.open("incoming/a") as stream:
        assert len(stream.read()) == SIZE


async def _list(objects: Objects) -> None:
    assert [info.key async for info in objects.list("incoming/")] == ["incoming/a"]


ACTIONS: dict[str, Callable[[Objects, Path], Awaitable]] = {
    "stat": lambda objects, file: objects.stat("incoming/a"),
    "read": lambda objects, file: _read(objects),
    "stream": lambda objects, file: _stream(objects),
    "list": lambda objects, file: _list(objects),
    "put_small": lambda objects, file: objects.put_file("raw/s", Path(__file__)),
    "put_large": lambda objects, file: objects.put_file("raw/l", file),
    "move": lambda objects, file: objects.move("incoming/a", "raw/a"),
    "delete": lambda objects, file: objects.delete("raw/nothing"),
    "begin": lambda objects, file: objects.begin_upload("incoming/b", 10, 10),
    "parts": lambda objects, file: objects.parts("incoming/b", "10-10-x"),
    "complete": lambda objects, file: objects.complete_upload("incoming/a", f"{SIZE}-{5 * MIB}-x"),
    "abort": lambda objects, file: objects.abort_upload("incoming/b", "10-10-x"),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("fault", ["busy", "cut"])
async def test_two_faults_are_not_noticed(
    objects: Objects, proxy: FaultyProxy, file: Path, fault: str, action: str
) -> None:
    proxy.fail(fault, failures=2)
    await ACTIONS[action](objects, file)
    assert proxy.requests > 2


async def test_two_times_of_silence_are_not_noticed(
    versitygw_server: S3Server, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    """All of them wait at the same time, each with a proxy and a bucket of its own."""
    # Longer than the answers of twelve at once take on a slow machine, shorter than the silence.
    read_timeout_s = 2

    async def waits(action: Callable[[Objects, Path], Awaitable]) -> None:
        bucket = s3_sides.make_bucket(versitygw_server, monkeypatch)
        with proxying(versitygw_server.endpoint) as proxy:
            objects = s3_sides.objects_on(
                versitygw_server, bucket, endpoint=proxy.endpoint, read_timeout_s=read_timeout_s
            )
            await objects.put_file("incoming/a", file)
            proxy.fail("slow", failures=2)
            await action(objects, file)
            assert proxy.requests > 2
            await objects.close()

    await asyncio.gather(*map(waits, ACTIONS.values()))


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("fault", ["busy", "cut"])
async def test_a_lasting_fault_is_unavailable(
    objects: Objects, proxy: FaultyProxy, file: Path, fault: str, action: str
) -> None:
    proxy.fail(fault)
    with pytest.raises(Unavailable):
        await ACTIONS[action](objects, file)
    assert proxy.requests >= tries()
    proxy.fail("none")
    await ACTIONS[action](objects, file)


async def test_a_store_that_says_nothing_is_unavailable(
    versitygw_server: S3Server, bucket: str, proxy: FaultyProxy
) -> None:
    objects = s3_sides.objects_on(versitygw_server, bucket, endpoint=proxy.endpoint, read_timeout_s=0.2)
    proxy.fail("slow")
    with pytest.raises(Unavailable):
        await objects.stat("incoming/a")
    assert proxy.requests == tries()
    await objects.close()


@pytest.mark.parametrize("action", ["stat", "read", "stream", "list", "begin", "put_large", "move"])
async def test_what_is_not_s3_is_unavailable(objects: Objects, proxy: FaultyProxy, file: Path, action: str) -> None:
    proxy.fail("nonsense")
    with pytest.raises(Unavailable):
        await ACTIONS[action](objects, file)


@pytest.mark.parametrize("action", ACTIONS)
async def test_an_answer_cut_anywhere_is_no_other_exception(
    objects: Objects, proxy: FaultyProxy, file: Path, action: str
) -> None:
    """Even within its headers, where Python's HTTP takes what came for all of it.

    Not within the 25 bytes of a ``100 Continue``: there botocore 1.44 loops for ever.
    """
    for half_bytes in (60, 200, 450):
        proxy.half_bytes = half_bytes
        proxy.fail("half", failures=2)
        with contextlib.suppress(Unavailable, NotFound):
            await ACTIONS[action](objects, file)


async def test_bodies_that_break_off_are_read_to_the_end(objects: Objects, proxy: FaultyProxy) -> None:
    """Each block breaks off after a while, once."""
    proxy.half_bytes = MIB
    for action in (_read, _stream):
        proxy.fail("half", failures=3)
        await action(objects)
        assert proxy.requests > 3


async def test_bodies_that_always_break_off_are_unavailable(objects: Objects, proxy: FaultyProxy) -> None:
    stream = await objects.open("incoming/a")
    proxy.half_bytes = 100_000
    proxy.fail("half")
    with pytest.raises(Unavailable):
        await _read(objects)
    with stream, pytest.raises(Unavailable):
        stream.read()


async def test_nobody_listens(versitygw_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = s3_sides.make_bucket(versitygw_server, monkeypatch)
    with proxying(versitygw_server.endpoint) as gone:
        pass
    objects = s3_sides.objects_on(versitygw_server, bucket, endpoint=gone.endpoint)
    with pytest.raises(Unavailable):
        await objects.stat("raw/a")
    await objects.close()
