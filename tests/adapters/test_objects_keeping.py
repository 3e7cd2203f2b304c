"""What ``ports/objects.py`` promises of putting, reading, moving and listing, on every side."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest

from paddock.errors import NotFound
from paddock.ports.objects import Objects
from tests.adapters.builders import MIB, content, keys
from tests.adapters.conftest import Side

pytestmark = pytest.mark.anyio


async def test_put_stat_read(objects: Objects, file: Path) -> None:
    assert await objects.stat("raw/a.mcap") is None
    put = await objects.put_file("raw/a.mcap", file)
    assert put == await objects.stat("raw/a.mcap")
    assert (put.key, put.size_bytes, file.read_bytes()) == ("raw/a.mcap", 10, b"0123456789")
    assert put.etag and '"' not in put.etag
    assert await content(objects, "raw/a.mcap") == b"0123456789"
    stream = await objects.open("raw/a.mcap")
    with stream:
        assert stream.seek(-3, io.SEEK_END) == 7
        assert stream.read(2) == b"78"
    assert await objects.stat("raw") is None


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((0, 3), b"012"),
        ((7,), b"789"),
        ((3, 3), b""),
        ((5, 99), b"56789"),
        ((10,), b""),
        ((99,), b""),
        ((4, 2), b""),
    ],
)
async def test_a_range_ends_before_its_end(
    objects: Objects, file: Path, span: tuple[int, ...], expected: bytes
) -> None:
    await objects.put_file("raw/a", file)
    assert await content(objects, "raw/a", *span) == expected


async def test_large_objects_come_in_pieces(objects: Objects, file: Path) -> None:
    data = bytes(range(256)) * 12_000
    file.write_bytes(data)
    await objects.put_file("raw/a", file)
    pieces = [piece async for piece in objects.read("raw/a", 1)]
    assert b"".join(pieces) == data[1:]
    assert max(map(len, pieces)) <= MIB


async def test_an_empty_object_is_an_object(objects: Objects, file: Path) -> None:
    file.write_bytes(b"")
    assert (await objects.put_file("raw/a", file)).size_bytes == 0
    assert await content(objects, "raw/a") == b""


async def test_other_bytes_have_another_etag(objects: Objects, file: Path) -> None:
    etags = set()
    for letter in b"abcdefgh":
        file.write_bytes(bytes([letter]) * 10)
        etags.add((await objects.put_file("raw/a", file)).etag)
    assert len(etags) == 8


async def test_what_is_missing_is_not_found(objects: Objects) -> None:
    with pytest.raises(NotFound):
        await content(objects, "raw/a")
    with pytest.raises(NotFound):
        await objects.open("raw/a")
    with pytest.raises(NotFound):
        await objects.move("raw/a", "raw/b")
    await objects.delete("raw/a")
    assert await keys(objects) == []


async def test_move_replaces_and_is_done_once(objects: Objects, file: Path) -> None:
    await objects.put_file("incoming/a", file)
    file.write_bytes(b"old")
    await objects.put_file("raw/a", file)
    await objects.move("incoming/a", "raw/a")
    assert await content(objects, "raw/a") == b"0123456789"
    assert await keys(objects) == ["raw/a"]
    with pytest.raises(NotFound):
        await objects.move("incoming/a", "raw/a")
    assert await content(objects, "raw/a") == b"0123456789"


@pytest.mark.not_on("moto", "versitygw", why="S3 copies and deletes: of moves to several places all may win")
async def test_of_many_moves_one_wins(objects: Objects, file: Path) -> None:
    await objects.put_file("incoming/a", file)
    moves = (objects.move("incoming/a", f"raw/{i}/x") for i in range(8))
    done = await asyncio.gather(*moves, return_exceptions=True)
    assert sum(result is None for result in done) == 1
    assert all(result is None or isinstance(result, NotFound) for result in done)
    assert len(await keys(objects)) == 1


@pytest.mark.not_on("versitygw", why="a folder vanishing under it is a 409 there: Unavailable, to be retried")
async def test_delete_and_put_at_once_in_one_folder(objects: Objects, file: Path) -> None:
    async def churn(name: str) -> None:
        for _ in range(15):
            await objects.put_file(f"columns/c/r/{name}", file)
            await objects.delete(f"columns/c/r/{name}")

    await asyncio.gather(*(churn(str(i)) for i in range(4)))
    assert await keys(objects) == []


async def test_a_reader_sees_one_version_whole(objects: Objects, file: Path, tmp_path: Path) -> None:
    sources = []
    for letter in b"ab":
        path = tmp_path / chr(letter)
        path.write_bytes(bytes([letter]) * (2 * MIB + 1))
        sources.append(path)
    await objects.put_file("raw/a", sources[0])

    async def write() -> None:
        for i in range(8):
            await objects.put_file("raw/a", sources[i % 2])

    async def read() -> None:
        for _ in range(8):
            data = await content(objects, "raw/a")
            assert data in (b"a" * (2 * MIB + 1), b"b" * (2 * MIB + 1))

    await asyncio.gather(write(), read(), read())


async def test_list_is_by_key_and_by_text_prefix(side: Side, file: Path) -> None:
    objects = side.objects
    written = [
        "a/b",
        "a.b",
        "a-b",
        "a/b!",
        "ab/c",
        "a0",
        "a/a/z",
        "a/a.z",
        "é/x",
        "Z/x",
        "a/c/" + "ж" * min(300, side.longest_segment_bytes // 2),
        "a/c/ж",
    ]
    for key in written:
        await objects.put_file(key, file)
    assert await keys(objects) == sorted(written)
    for prefix in ["a", "a/", "a/b", "a/a", "a/a/", "a/c/ж", "é", "zz", "a/b/"]:
        assert await keys(objects, prefix) == sorted(key for key in written if key.startswith(prefix)), prefix
    infos = [info async for info in objects.list("a.")]
    assert infos == [await objects.stat("a.b")]
