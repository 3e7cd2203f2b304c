"""Logs in a directory, whatever they are called and whatever lies beside them."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from paddock.basestation.sources.directory import DirectorySource
from paddock.basestation.sources.source import SeenFile
from paddock.errors import Conflict, NotFound, Unavailable

T = TypeVar("T")


def done(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def names(folder: Path) -> set[str]:
    return {seen.name for seen in done(DirectorySource(folder).look())}


def seen(folder: Path, name: str) -> SeenFile:
    return next(each for each in done(DirectorySource(folder).look()) if each.name == name)


async def read(folder: Path, file: SeenFile, offset: int = 0) -> bytes:
    return b"".join([piece async for piece in DirectorySource(folder).read(file, offset)])


@pytest.mark.parametrize(
    "name",
    [
        "1.mcap",
        "RUN.MCAP",
        "Jörg's läp 🏎.mcap",
        " leading and trailing .mcap",
        "two\nlines\r.mcap",
        "-rf --.mcap",
        "per%20cent?&#;$HOME`x`.mcap",
        os.fsdecode(b"latin-\xe4\xff.mcap"),
        "day 1/run\t2.mcap",
        "a\\b.mcap",
        "x" * 250 + ".mcap",
    ],
)
def test_any_name(folder: Path, name: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"a log")
    file = seen(folder, name)
    assert file.size_bytes == 5
    assert done(read(folder, file)) == b"a log"
    assert done(read(folder, file, 2)) == b"log"
    done(DirectorySource(folder).remove(file))
    assert not path.exists()


def test_what_is_no_log(folder: Path) -> None:
    for name in (".hidden.mcap", "._1.mcap", "notes.txt", "1.mcap.part", "1.mcap.crdownload", "mcap"):
        (folder / name).write_bytes(b"x")
    for name in (".Trashes", "System Volume Information", "folder.mcap"):
        (folder / name).mkdir()
    (folder / ".Trashes/1.mcap").write_bytes(b"x")
    (folder / "System Volume Information/1.mcap").write_bytes(b"x")
    os.mkfifo(folder / "pipe.mcap")
    assert names(folder) == set()


def test_links(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.mcap"
    outside.write_bytes(b"not on the stick")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/2.mcap").write_bytes(b"not on the stick")
    (folder / "day").mkdir()
    (folder / "day/1.mcap").write_bytes(b"one")
    (folder / "day/data.bin").write_bytes(b"two")
    for link, target in {
        "latest.mcap": "day/1.mcap",
        "named.mcap": "day/data.bin",
        "named again.mcap": "day/data.bin",
        "out.mcap": "../outside.mcap",
        "absolute.mcap": str(outside),
        "nowhere.mcap": "gone.mcap",
        "loop.mcap": "loop.mcap",
        "round.mcap": "trip.mcap",
        "trip.mcap": "round.mcap",
        "inside": "day",
        "outside": "../other",
        "day/up": "..",
    }.items():
        (folder / link).symlink_to(target)
    found = names(folder)
    assert found in ({"day/1.mcap", "named.mcap"}, {"day/1.mcap", "named again.mcap"})
    (named,) = found - {"day/1.mcap"}
    assert done(read(folder, seen(folder, named))) == b"two"


def test_a_link_that_leads_out_since_it_was_seen_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"two")
    (folder / "data.bin").write_bytes(b"two")
    (folder / "1.mcap").symlink_to("data.bin")
    file = seen(folder, "1.mcap")
    (folder / "1.mcap").unlink()
    (folder / "1.mcap").symlink_to(tmp_path / "secret")
    with pytest.raises(NotFound):
        done(read(folder, file))


def test_two_names_of_one_file_are_read_once(folder: Path) -> None:
    (folder / "1.mcap").write_bytes(b"one")
    os.link(folder / "1.mcap", folder / "2.mcap")
    assert names(folder) == {"1.mcap"}


@pytest.mark.parametrize("time_ns", [0, 10**9, 4_102_444_800 * 10**9, 15_000_000_000 * 10**9])
def test_times_of_clocks_that_lie(folder: Path, time_ns: int) -> None:
    (folder / "1.mcap").write_bytes(b"one")
    os.utime(folder / "1.mcap", ns=(time_ns, time_ns))
    assert done(read(folder, seen(folder, "1.mcap"))) == b"one"


def test_a_stick_comes_and_goes(tmp_path: Path) -> None:
    source = DirectorySource(tmp_path / "stick")
    with pytest.raises(Unavailable, match="stick is not there: No such file or directory"):
        done(source.look())
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick/1.mcap").write_bytes(b"one")
    (file,) = done(source.look())
    (tmp_path / "stick").rename(tmp_path / "pulled out")
    with pytest.raises(Unavailable):
        done(read(tmp_path / "stick", file))


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "stick").write_bytes(b"")
    with pytest.raises(Unavailable, match="Not a directory"):
        done(DirectorySource(tmp_path / "stick").look())


def test_what_cannot_be_read_is_seen_with_its_trouble(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "bad").mkdir()
    (folder / "good.mcap").write_bytes(b"x")
    scandir = os.scandir

    def failing(path: Path) -> Any:
        if Path(path).name == "bad":
            raise OSError(5, "Input/output error")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", failing)
    troubles = {each.name: each.trouble for each in done(DirectorySource(folder).look())}
    assert troubles == {"bad": "bad cannot be read: Input/output error.", "good.mcap": None}


def test_a_bad_block_is_said_with_its_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "1.mcap").write_bytes(b"x" * 10)
    file = seen(folder, "1.mcap")

    def failing(descriptor: int, count: int, offset: int) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", failing)
    with pytest.raises(Unavailable, match=r"1\.mcap cannot be read: Input/output error\. At byte 3\.") as raised:
        done(read(folder, file, 3))
    assert raised.value.code == "unreadable"


def test_a_log_that_is_written_meanwhile(folder: Path) -> None:
    path = folder / "1.mcap"
    path.write_bytes(b"x" * 3_000_000)
    file = seen(folder, "1.mcap")

    async def read_while_it_grows() -> None:
        pieces = DirectorySource(folder).read(file, 0)
        await anext(pieces)
        with path.open("ab") as log:
            log.write(b"more")
        async for _ in pieces:
            pass

    with pytest.raises(Conflict):
        done(read_while_it_grows())
    with pytest.raises(Conflict):
        done(read(folder, file))
    with pytest.raises(Conflict):
        done(DirectorySource(folder).remove(file))
    assert path.exists()
    path.unlink()
    with pytest.raises(NotFound):
        done(read(folder, file))


def test_a_beginning_is_hashed(folder: Path) -> None:
    (folder / "1.mcap").write_bytes(b"0123456789")
    source = DirectorySource(folder)
    file = seen(folder, "1.mcap")
    assert done(source.beginning_sha256(file, 4)) == hashlib.sha256(b"0123").hexdigest()


def test_a_sidecar_is_read_and_goes_with_its_log(folder: Path) -> None:
    (folder / "1.mcap").write_bytes(b"one")
    sidecar = folder / "1.mcap.json"
    sidecar.write_text('{"metadata": {"driver": "Adam"}, "clock_offset_ns": 5}')
    file = seen(folder, "1.mcap")
    assert (file.metadata, file.clock_offset_ns) == ({"driver": "Adam"}, 5)
    sidecar.write_text("not JSON")
    file = seen(folder, "1.mcap")
    assert (file.metadata, file.clock_offset_ns) == ({}, None)
    done(DirectorySource(folder).remove(file))
    assert not list(folder.iterdir())
