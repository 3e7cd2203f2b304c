"""What is S3's alone: links, 200 MB, checksums, the stream that reads ahead, kill -9."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from paddock.domain.names import content_disposition
from paddock.errors import Conflict, NotFound, Rejected, Unavailable
from paddock.ports.objects import Objects
from tests.adapters import s3_sides
from tests.servers.versitygw import S3Server

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024


@pytest.fixture
def bucket(versitygw_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    return s3_sides.make_bucket(versitygw_server, monkeypatch)


@pytest.fixture
async def objects(versitygw_server: S3Server, bucket: str) -> AsyncIterator[Objects]:
    opened = s3_sides.objects_on(versitygw_server, bucket)
    yield opened
    await opened.close()


@pytest.fixture
def small_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paddock.adapters.s3.COPY_PART_BYTES", 5 * MIB)


def sparse(path: Path, size_bytes: int) -> Path:
    """Mostly holes, with a mark that differs every 5 MiB, so that parts in a wrong order are noticed."""
    with path.open("wb") as file:
        file.truncate(size_bytes)
        for offset in range(0, size_bytes - 16, 5 * MIB):
            file.seek(offset)
            file.write(offset.to_bytes(8, "big"))
    return path


def sha256_of(stream: io.BufferedIOBase) -> str:
    return hashlib.file_digest(stream, "sha256").hexdigest()


def unfinished(server: S3Server, bucket: str) -> list[str]:
    found = s3_sides.client(server).list_multipart_uploads(Bucket=bucket)
    return [upload["Key"] for upload in found.get("Uploads", [])]


async def test_200_mb_in_parts_through_links(objects: Objects, tmp_path: Path) -> None:
    path = sparse(tmp_path / "log.mcap", 200_000_001)
    part_size = 16 * MIB
    count = -(-200_000_001 // part_size)
    upload = await objects.begin_upload("incoming/a", 200_000_001, part_size)

    async def send(number: int) -> None:
        with path.open("rb") as file:
            body = os.pread(file.fileno(), part_size, (number - 1) * part_size)
        url = await objects.part_link("incoming/a", upload, number, len(body), 60)
        assert await s3_sides.put(url, body) == 200

    await asyncio.gather(*(send(number) for number in range(1, count, 2)))
    with pytest.raises(Conflict, match=f"^{count // 2} parts"):
        await objects.complete_upload("incoming/a", upload)
    arrived = {part.number for part in await objects.parts("incoming/a", upload)}
    await asyncio.gather(*(send(number) for number in range(1, count + 1) if number not in arrived))
    assert (await objects.complete_upload("incoming/a", upload)).size_bytes == 200_000_001
    await objects.move("incoming/a", "raw/a")
    stream = await objects.open("raw/a")
    with stream, path.open("rb") as file:
        assert await asyncio.to_thread(sha256_of, stream) == sha256_of(file)


async def test_a_large_file_is_put_and_copied_in_parts(
    objects: Objects, tmp_path: Path, small_copies: None, versitygw_server: S3Server, bucket: str
) -> None:
    path = sparse(tmp_path / "log.mcap", 40 * MIB + 3)
    put = await objects.put_file("incoming/a", path)
    await objects.move("incoming/a", "raw/a")
    moved = await objects.stat("raw/a")
    assert moved is not None and moved.size_bytes == put.size_bytes == 40 * MIB + 3
    stream = await objects.open("raw/a")
    with stream, path.open("rb") as file:
        assert await asyncio.to_thread(sha256_of, stream) == sha256_of(file)
    assert await objects.stat("incoming/a") is None
    assert unfinished(versitygw_server, bucket) == []


async def test_many_moves_to_one_place_lose_nothing(objects: Objects, tmp_path: Path, small_copies: None) -> None:
    path = sparse(tmp_path / "log.mcap", 12 * MIB)
    await objects.put_file("incoming/a", path)
    moves = (objects.move("incoming/a", "raw/a") for _ in range(6))
    done = await asyncio.gather(*moves, return_exceptions=True)
    assert None in done
    assert all(result is None or isinstance(result, NotFound | Unavailable) for result in done), done
    assert [info.key async for info in objects.list("")] == ["raw/a"]
    assert b"".join([piece async for piece in objects.read("raw/a")]) == path.read_bytes()


async def test_moving_to_its_own_place_keeps_it(objects: Objects, tmp_path: Path) -> None:
    await objects.put_file("raw/a", sparse(tmp_path / "a", 100))
    await objects.move("raw/a", "raw/a")
    assert await objects.stat("raw/a") is not None


async def test_the_store_compares_checksums(objects: Objects) -> None:
    upload = await objects.begin_upload("incoming/a", 10, 10)
    url = await objects.part_link("incoming/a", upload, 1, 10, 60)
    right = base64.b64encode(hashlib.md5(b"0123456789").digest()).decode()
    wrong = base64.b64encode(hashlib.md5(b"0123456780").digest()).decode()
    assert await s3_sides.put(url, b"0123456789", **{"Content-MD5": wrong}) == 403
    # What was not signed must not be there: this is why a link carries no x-amz-checksum.
    assert await s3_sides.put(url, b"0123456789", **{"x-amz-checksum-crc32": "AAAAAA=="}) == 403
    assert await objects.parts("incoming/a", upload) == []
    assert await s3_sides.put(url, b"0123456789", **{"Content-MD5": right}) == 200


@pytest.mark.parametrize("size_bytes", [10, 17 * MIB])
async def test_what_we_send_carries_its_checksum(
    objects: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size_bytes: int
) -> None:
    monkeypatch.setattr("paddock.adapters.s3.crc32", lambda data: "AAAAAA==")
    with pytest.raises((Unavailable, Rejected)):
        await objects.put_file("raw/a", sparse(tmp_path / "a", size_bytes))
    assert await objects.stat("raw/a") is None


async def test_a_link_gives_the_name_type_and_range(objects: Objects, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    await objects.put_file("raw/a", path)
    name = 'HT09 "ü"; 東京\'.mcap'
    url = await objects.link("raw/a", file_name=name, expires_s=60)
    answer = httpx.get(url, headers={"Range": "bytes=2-4"}, trust_env=False)
    assert (answer.status_code, answer.content) == (206, b"234")
    assert answer.headers["content-range"] == "bytes 2-4/10"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == content_disposition(name)
    assert "filename*=UTF-8''HT09%20%22%C3%BC%22%3B%20" in content_disposition(name)


async def test_links_begin_with_the_public_endpoint(versitygw_server: S3Server, bucket: str) -> None:
    objects = s3_sides.objects_on(versitygw_server, bucket, public_endpoint="https://logs.paddock.test")
    get = urlsplit(await objects.link("raw/a", file_name="a", expires_s=10**9))
    put = urlsplit(await objects.part_link("raw/a", "10-10-x", 1, 10, 60))
    assert {get.netloc, put.netloc} == {"logs.paddock.test"}
    assert get.path == f"/{bucket}/raw/a"
    assert parse_qs(get.query)["X-Amz-Expires"] == ["604800"]
    assert parse_qs(put.query)["X-Amz-SignedHeaders"] == ["content-length;host"]
    await objects.close()


async def test_a_bucket_in_the_host_name_where_the_store_has_it_there(bucket: str) -> None:
    from paddock.adapters.s3 import S3Objects

    objects = S3Objects("paddock-logs", region="eu-central-1")
    url = await objects.link("raw/a", file_name="a", expires_s=60)
    assert urlsplit(url).netloc == "paddock-logs.s3.eu-central-1.amazonaws.com"
    await objects.close()


async def test_a_reader_never_mixes_two_versions(objects: Objects, tmp_path: Path) -> None:
    path = sparse(tmp_path / "a", 20 * MIB)
    await objects.put_file("raw/a", path)
    stream = await objects.open("raw/a")
    pieces = objects.read("raw/a")
    assert await anext(pieces) and stream.read(10)
    await objects.put_file("raw/a", sparse(tmp_path / "b", 21 * MIB))
    with stream, pytest.raises(Unavailable) as changed:
        stream.read()
    assert changed.value.code == "object_changed"
    with pytest.raises(Unavailable):
        [piece async for piece in pieces]
    await objects.put_file("raw/b", path)
    gone = await objects.open("raw/b")
    await objects.delete("raw/b")
    with gone, pytest.raises(NotFound):
        gone.read()


@pytest.mark.parametrize("seed", range(8))
def test_the_stream_is_a_file(seed: int) -> None:
    """Against a file in memory, at random, with blocks of a few bytes."""
    from paddock.adapters import s3_stream

    chance = random.Random(seed)
    data = chance.randbytes(5_000)
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as threads:
        patch.setattr(s3_stream, "FIRST_BLOCK_BYTES", 16)
        patch.setattr(s3_stream, "BLOCK_BYTES", 128)
        patch.setattr(s3_stream, "_BUFFER_BYTES", 24)
        asked: list[int] = []

        def piece(start: int, end: int) -> bytes:
            asked.append(end - start)
            return data[start:end]

        ours, theirs = s3_stream.stream(piece, len(data), threads), io.BytesIO(data)
        for _ in range(400):
            if chance.random() < 0.2:
                place = (chance.randrange(5_200), io.SEEK_SET)
                if chance.random() < 0.3:
                    place = (-chance.randrange(5_000), io.SEEK_END)
                assert ours.seek(*place) == theirs.seek(*place)
            size = chance.choice([0, 1, 7, 30, 300])
            assert ours.read(size) == theirs.read(size)
            assert ours.tell() == theirs.tell()
        with pytest.raises(ValueError):
            ours.seek(-1)
        assert max(asked) <= 128
        ours.close()


def test_the_stream_asks_for_little_after_a_seek_and_ahead_when_read_on() -> None:
    from paddock.adapters import s3_stream

    asked: list[tuple[int, int]] = []

    def piece(start: int, end: int) -> bytes:
        asked.append((start, end))
        return bytes(end - start)

    size = 100 * MIB
    with ThreadPoolExecutor(1) as threads:
        stream = s3_stream.stream(piece, size, threads)
        stream.seek(-100, io.SEEK_END)
        assert len(stream.read(1000)) == 100
        stream.seek(0)
        stream.read(1000)
        assert asked == [(size - 100, size), (0, s3_stream.FIRST_BLOCK_BYTES)]
        while stream.read(MIB):
            pass
    assert max(end - start for start, end in asked) == s3_stream.BLOCK_BYTES
    assert sum(end - start for start, end in asked) == size + 100, "every byte is fetched once"


async def test_a_wrong_key_is_a_clear_permanent_error(
    versitygw_server: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a wrong secret")
    objects = s3_sides.objects_on(versitygw_server, bucket)
    for attempt in (objects.stat("raw/a"), objects.put_file("raw/a", sparse(tmp_path / "a", 9))):
        with pytest.raises(Rejected) as refused:
            await attempt
        assert refused.value.code == "store_denied"
        assert repr(bucket) in refused.value.message
        assert "secret" not in refused.value.message
        assert versitygw_server.access_key not in refused.value.message
    await objects.close()


async def test_a_missing_bucket_and_missing_credentials(
    versitygw_server: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    objects = s3_sides.objects_on(versitygw_server, "paddock-not-there")
    with pytest.raises(Rejected) as missing:
        await objects.put_file("raw/a", sparse(tmp_path / "a", 9))
    assert missing.value.code == "no_such_bucket"
    with pytest.raises(Rejected):
        await objects.prepare_bucket([])
    await objects.close()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    objects = s3_sides.objects_on(versitygw_server, bucket)
    for attempt in (objects.stat("raw/a"), objects.link("raw/a", file_name="a", expires_s=1)):
        with pytest.raises(Unavailable) as anonymous:
            await attempt
        assert anonymous.value.code == "no_credentials"
    await objects.close()


async def test_objects_of_others_are_listed_when_they_have_a_key(
    objects: Objects, versitygw_server: S3Server, bucket: str
) -> None:
    other = s3_sides.client(versitygw_server)
    other.put_object(Bucket=bucket, Key="incoming/by hand +1.mcap", Body=b"x")
    other.put_object(Bucket=bucket, Key="incoming/folder/", Body=b"")
    assert [info.key async for info in objects.list("incoming/")] == ["incoming/by hand +1.mcap"]


@pytest.fixture
def process(versitygw_server: S3Server, bucket: str) -> Iterator:
    started: list[subprocess.Popen] = []

    def start(verb: str, *arguments: object) -> subprocess.Popen:
        script = Path(__file__).with_name("s3_process.py")
        command = [sys.executable, script, verb, versitygw_server.endpoint, bucket, *map(str, arguments)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert started[-1].stdout.readline() == "begins\n"
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


@pytest.mark.parametrize("moment", [0.0, 0.3, 0.6, 0.9])
async def test_kill_9_during_a_put_shows_the_old_object_or_the_new(
    objects: Objects, process, tmp_path: Path, moment: float
) -> None:
    old, new = sparse(tmp_path / "old", 20), sparse(tmp_path / "new", 96 * MIB)
    begun = time.monotonic()
    await objects.put_file("raw/y", new)
    usual_s = time.monotonic() - begun
    await objects.put_file("raw/x", old)
    other = process("put", new)
    await asyncio.sleep(moment * usual_s)
    other.kill()
    other.wait()
    info = await objects.stat("raw/x")
    assert info is not None and info.size_bytes in (20, 96 * MIB)
    await objects.put_file("raw/x", new)
    stream = await objects.open("raw/x")
    with stream, new.open("rb") as file:
        assert await asyncio.to_thread(sha256_of, stream) == sha256_of(file)


@pytest.mark.parametrize("moment", [0.0, 0.2, 0.5, 0.8, 1.0])
async def test_kill_9_during_a_move_loses_nothing(
    objects: Objects, process, tmp_path: Path, moment: float, small_copies: None
) -> None:
    log = sparse(tmp_path / "log", 96 * MIB)
    await objects.put_file("incoming/y", log)
    begun = time.monotonic()
    await objects.move("incoming/y", "raw/y")
    usual_s = time.monotonic() - begun
    await objects.put_file("incoming/x", log)
    other = process("move")
    await asyncio.sleep(moment * usual_s)
    other.kill()
    other.wait()
    if await objects.stat("incoming/x") is not None:
        await objects.move("incoming/x", "raw/x")
    assert [info.key async for info in objects.list("")] == ["raw/x", "raw/y"]
    stream = await objects.open("raw/x")
    with stream, log.open("rb") as file:
        assert await asyncio.to_thread(sha256_of, stream) == sha256_of(file)
