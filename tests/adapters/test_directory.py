"""What is the directory's alone: kill -9, full disks, leftovers, late writers, readable names."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from paddock.adapters.directory import DirectoryObjects
from paddock.adapters.directory_uploads import PROMISE_S
from paddock.adapters.signed_links import GetGrant, PutGrant, SignedLinks
from paddock.errors import Conflict, NotFound, Rejected, Unavailable
from tests.adapters.conftest import BASE_URL, SECRET
from tests.adapters.other_process import SIZE

pytestmark = pytest.mark.anyio


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def objects(root: Path) -> DirectoryObjects:
    return DirectoryObjects(root, SECRET, BASE_URL, reserve_bytes=0)


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def leftovers(root: Path) -> list[str]:
    return sorted(path.name for path in (root / ".aside").iterdir())


async def content(objects: DirectoryObjects, key: str) -> bytes:
    return b"".join([piece async for piece in objects.read(key)])


async def test_plain_keys_are_plain_paths(objects: DirectoryObjects, root: Path, file: Path) -> None:
    """People, DuckDB and backups read the directory as it is."""
    key = "columns/channel=vn_data-1234abcd/recording=a3f9/b-1.parquet"
    await objects.put_file(key, file)
    assert (root / key).read_bytes() == b"0123456789"
    await objects.delete(key)
    assert sorted(path.name for path in root.iterdir()) == [".aside", "columns"]
    assert list((root / "columns").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["run (2).mcap", "ü 🏎 z.mcap", "50%.mcap", "a%20b.mcap", "two\nlines.mcap", "#1.mcap"]
)
async def test_what_another_program_drops_is_found_by_its_key(
    objects: DirectoryObjects, root: Path, name: str
) -> None:
    for folder in ("incoming", "files"):
        (root / folder).mkdir(parents=True)
        (root / folder / name).write_bytes(b"log")
    (found,) = [info async for info in objects.list("incoming/")]
    assert await content(objects, found.key) == b"log"
    assert await objects.stat(found.key) == found
    await objects.move(found.key, "raw/a")
    assert await content(objects, "raw/a") == b"log"
    assert [info async for info in objects.list("incoming/")] == []
    assert len([info async for info in objects.list("files/")]) == 1
    assert (root / "files" / name).exists(), "elsewhere nobody's file gets another name"


async def test_an_object_is_not_also_a_folder(objects: DirectoryObjects, root: Path, file: Path) -> None:
    await objects.put_file("raw/a", file)
    with pytest.raises(ValueError, match="folder"):
        await objects.put_file("raw/a/b", file)
    with pytest.raises(ValueError, match="folder"):
        await objects.put_file("raw", file)
    assert leftovers(root) == []


async def test_kill_9_during_put(objects: DirectoryObjects, root: Path, another_process: Callable) -> None:
    for _ in range(4):
        other = another_process("put", root)
        for _ in range(random.randint(1, 25)):
            other.stdout.readline()
        other.kill()
        other.communicate()
        assert await content(objects, "raw/x.mcap") in (b"a" * SIZE, b"b" * SIZE)
        assert [info.key async for info in objects.list("")] == ["raw/x.mcap"]
    await objects.sweep(-60)
    assert leftovers(root) == []


async def test_kill_9_during_uploads(objects: DirectoryObjects, root: Path, another_process: Callable) -> None:
    expected = b"".join(str(number).encode() * (SIZE // 3) for number in (1, 2, 3))
    for _ in range(4):
        other = another_process("complete", root)
        promises = [other.stdout.readline() for _ in range(random.randint(1, 12))]
        other.kill()
        promises += other.communicate()[0].splitlines(keepends=True)
        uploads = {}
        for promise in promises:
            if promise.endswith("\n"):
                state, key, upload = promise.split()
                uploads[key] = (state, upload)
        for key, (state, upload) in uploads.items():
            assert state == "parts" or await objects.stat(key) is not None
            assert (await objects.complete_upload(key, upload)).size_bytes == SIZE
        async for info in objects.list(""):
            assert await content(objects, info.key) == expected
        shutil.rmtree(root / "incoming")
    await objects.sweep(-60)
    assert leftovers(root) == []


async def test_a_part_that_is_cut_off_does_not_count(objects: DirectoryObjects) -> None:
    async def cut_off() -> AsyncIterator[bytes]:
        yield b"x" * 2_000_000
        raise ConnectionResetError

    upload = await objects.begin_upload("incoming/a", 3_000_000, 3_000_000)
    with pytest.raises(ConnectionResetError):
        await objects.write_part(upload, 1, cut_off(), 3_000_000)
    assert await objects.parts("incoming/a", upload) == []
    with pytest.raises(Conflict):
        await objects.complete_upload("incoming/a", upload)
    await objects.write_part(upload, 1, pieces(b"y" * 1_500_000, b"", b"z" * 1_500_000), 3_000_000)
    await objects.complete_upload("incoming/a", upload)
    assert await content(objects, "incoming/a") == b"y" * 1_500_000 + b"z" * 1_500_000


async def test_what_came_of_a_part_before_it_was_cut_off_is_not_sent_again(objects: DirectoryObjects) -> None:
    data = bytes(range(256)) * 12_000
    half = len(data) // 2

    async def cut_off() -> AsyncIterator[bytes]:
        yield data[half : half + 1_200_000]
        yield data[half + 1_200_000 : half + 1_200_007]
        raise Rejected("The connection ended.")

    upload = await objects.begin_upload("incoming/a", len(data), half)
    with pytest.raises(Rejected, match="connection"):
        await objects.write_part(upload, 2, cut_off(), half)
    assert await objects.beginnings("incoming/a", upload) == {2: 1_200_007}
    assert await objects.parts("incoming/a", upload) == []
    url = await objects.part_link("incoming/a", upload, 2, half - 1_200_007, 60, 1_200_007)
    grant = objects.links.verify_put(url.partition("?")[2])
    assert (grant.number, grant.size_bytes, grant.skip_bytes) == (2, half - 1_200_007, 1_200_007)
    with pytest.raises(Rejected, match="exactly"):
        await objects.write_part(upload, 2, pieces(data[half:]), half, grant.skip_bytes)
    rest = pieces(data[half + grant.skip_bytes :])
    await objects.write_part(upload, 2, rest, grant.size_bytes, grant.skip_bytes)
    assert await objects.beginnings("incoming/a", upload) == {}
    await objects.write_part(upload, 1, pieces(data[:half]), half)
    await objects.complete_upload("incoming/a", upload)
    assert await content(objects, "incoming/a") == data


async def test_a_service_that_is_killed_loses_the_last_of_a_part(objects: DirectoryObjects) -> None:
    seen: list[object] = []

    async def slow() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b"x" * 2**20
            seen.append(await objects.beginnings("incoming/a", upload))

    upload = await objects.begin_upload("incoming/a", 17 * 2**20, 17 * 2**20)
    await objects.write_part(upload, 1, slow(), 17 * 2**20)
    assert seen == [{}] * 7 + [{1: 8 * 2**20}] * 8 + [{1: 16 * 2**20}] * 2


async def test_no_such_part(objects: DirectoryObjects) -> None:
    upload = await objects.begin_upload("incoming/a", 10, 4)
    for number, size_bytes in ((0, 4), (-1, 4), (4, 4), (10**9, 4), (3, 4), (1, 3)):
        with pytest.raises(Rejected):
            await objects.write_part(upload, number, pieces(b"0123"), size_bytes)
    for unknown in ("", "../x", "0" * 32):
        with pytest.raises(NotFound):
            await objects.write_part(unknown, 1, pieces(b"0123"), 4)


async def test_what_is_no_file_is_no_object(objects: DirectoryObjects, root: Path) -> None:
    (root / "raw" / "folder").mkdir(parents=True)
    os.mkfifo(root / "raw" / "pipe")
    for name in ("folder", "pipe", "nothing", "pipe/below"):
        with pytest.raises(NotFound):
            await content(objects, f"raw/{name}")


@pytest.mark.parametrize("ending", ["complete", "abort"])
async def test_a_late_writer_never_touches_the_object(objects: DirectoryObjects, ending: str) -> None:
    going_on = asyncio.Event()
    begun = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * 1_500_000
        begun.set()
        await going_on.wait()
        yield b"x" * 1_500_000

    upload = await objects.begin_upload("incoming/a", 3_000_000, 3_000_000)
    late = asyncio.create_task(objects.write_part(upload, 1, slow(), 3_000_000))
    await begun.wait()
    await objects.write_part(upload, 1, pieces(b"y" * 3_000_000), 3_000_000)
    if ending == "complete":
        await objects.complete_upload("incoming/a", upload)
    else:
        await objects.abort_upload("incoming/a", upload)
    going_on.set()
    with pytest.raises(NotFound):
        await late
    if ending == "complete":
        assert await content(objects, "incoming/a") == b"y" * 3_000_000


async def test_what_is_announced_and_not_sent_takes_no_room_from_others_for_long(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [time.time()]
    objects = DirectoryObjects(root, SECRET, BASE_URL, reserve_bytes=1_000, now=lambda: clock[0])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=30_000))
    abandoned = await objects.begin_upload("incoming/a", 20_000, 10_000)
    with pytest.raises(Unavailable):
        await objects.begin_upload("incoming/b", 20_000, 10_000)
    clock[0] += PROMISE_S + 1
    await objects.begin_upload("incoming/b", 20_000, 10_000)
    assert await objects.parts("incoming/a", abandoned) == [], "it may go on all the same"


async def test_room_is_promised_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = DirectoryObjects(root, SECRET, BASE_URL, reserve_bytes=1_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10_000))
    first = await objects.begin_upload("incoming/a", 6_000, 6_000)
    with pytest.raises(Unavailable, match=r"are free.*are needed") as full:
        await objects.begin_upload("incoming/b", 6_000, 6_000)
    assert (full.value.code, full.value.permanent) == ("disk_full", False)
    await objects.begin_upload("incoming/c", 3_000, 3_000)
    await objects.abort_upload("incoming/a", first)
    await objects.begin_upload("incoming/b", 6_000, 6_000)
    assert len(leftovers(root)) == 2


def full(*args: object, **kwargs: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def test_a_full_disk_leaves_nothing_behind(
    objects: DirectoryObjects, root: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await objects.begin_upload("incoming/a", 10, 10)
    await objects.put_file("raw/a", file)
    for target in ("shutil.copyfileobj", "os.fsync", "pathlib.Path.replace"):
        with monkeypatch.context() as patch, pytest.raises(Unavailable) as raised:
            patch.setattr(target, full)
            await objects.put_file("raw/a", file)
        assert raised.value.code == "disk_full"
    with monkeypatch.context() as patch, pytest.raises(Unavailable) as raised:
        patch.setattr(os, "pwrite", full)
        await objects.write_part(upload, 1, pieces(b"0123456789"), 10)
    assert raised.value.code == "disk_full"
    with monkeypatch.context() as patch, pytest.raises(Unavailable) as raised:
        patch.setattr(os, "fsync", full)
        await objects.begin_upload("incoming/b", 10, 10)
    assert raised.value.code == "disk_full"
    assert leftovers(root) == [f"upload-{upload}"]
    assert await objects.parts("incoming/a", upload) == []
    assert await content(objects, "raw/a") == b"0123456789"


async def test_a_source_that_is_missing_is_the_callers_mistake(objects: DirectoryObjects, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await objects.put_file("raw/a", tmp_path / "missing")


async def test_the_sweep_spares_what_is_alive(root: Path) -> None:
    clock = [0.0]
    objects = DirectoryObjects(root, SECRET, BASE_URL, reserve_bytes=0, now=lambda: clock[0])
    alive = await objects.begin_upload("incoming/alive", 10, 4)
    dead = await objects.begin_upload("incoming/dead", 10, 4)
    await objects.write_part(alive, 1, pieces(b"0123"), 4)
    (root / ".aside" / "put-left").write_bytes(b"half")
    (root / ".aside" / f"upload-{'0' * 32}").mkdir()
    for path in (root / ".aside").rglob("*"):
        os.utime(path, (1_000, 1_000))
    (root / ".aside" / f"upload-{'0' * 32}").touch()
    os.utime(root / ".aside" / f"upload-{'0' * 32}", (1_000, 1_000))
    os.utime(root / ".aside" / f"upload-{alive}" / "bytes", (5_000, 5_000))
    clock[0] = 5_100
    assert await objects.sweep(1_000) == 3
    assert leftovers(root) == [f"upload-{alive}"]
    assert await objects.parts("incoming/dead", dead) == ()
    assert len(await objects.parts("incoming/alive", alive)) == 1


class TestSignedLinks:
    def test_both_ways(self) -> None:
        links = SignedLinks(SECRET, BASE_URL + "/", now=lambda: 1_000.5)
        get, put = GetGrant("raw/ü&=%.mcap", 'a"b\n ü.mcap'), PutGrant("incoming/a", "0" * 32, 3, 16 * 1024**2)
        url = links.get_url(get, 60)
        assert url.startswith(f"{BASE_URL}/objects/get/a_b_.mcap?key=")
        assert links.verify_get(url.partition("?")[2]) == get
        url = links.put_url(put, 60)
        assert url.startswith(f"{BASE_URL}/objects/put?key=")
        assert links.verify_put(url.partition("?")[2]) == put

    def test_codes(self) -> None:
        clock = [1_000.0]
        links = SignedLinks(SECRET, BASE_URL, now=lambda: clock[0])
        query = links.get_url(GetGrant("raw/a", "a"), 60).partition("?")[2]
        changed = query.replace("expires=1060", "expires=9999")
        clock[0] = 1_060.0
        for text, code in ((query, "link_expired"), (changed, "link_tampered")):
            with pytest.raises(Rejected) as refused:
                links.verify_get(text)
            assert refused.value.code == code

    def test_a_link_is_for_one_method_and_one_secret(self) -> None:
        links = SignedLinks(SECRET, BASE_URL)
        get = links.get_url(GetGrant("raw/a", "a"), 60).partition("?")[2]
        put = links.put_url(PutGrant("raw/a", "u", 1, 1), 60).partition("?")[2]
        for verify, query in ((links.verify_put, get), (links.verify_get, put)):
            with pytest.raises(Rejected):
                verify(query)
        with pytest.raises(Rejected):
            SignedLinks(b"another secret of a test", BASE_URL).verify_get(get)
        with pytest.raises(ValueError, match="16 bytes"):
            SignedLinks(b"short", BASE_URL)

    @pytest.mark.parametrize(
        "edit", ["", "x", "&&&", "key=%ff", "a=1&" * 1000, "key=a&key=a", "=", "%", "signature=é"]
    )
    def test_garbage(self, edit: str) -> None:
        links = SignedLinks(SECRET, BASE_URL)
        query = links.get_url(GetGrant("raw/a", "a"), 60).partition("?")[2]
        for text in (edit, f"{query}&{edit or 'x=1'}", f"{edit or 'x=1'}&{query}", query + "0"):
            with pytest.raises(Rejected) as refused:
                links.verify_get(text)
            assert refused.value.code == "link_tampered"
