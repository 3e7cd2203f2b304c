"""A second copy of the logs: proved, never less than before, and the way back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from paddock.domain.keys import ARTIFACTS, COLUMNS, file_key, parse_raw_key, raw_key
from paddock.domain.original import Original
from paddock.domain.principal import LOCAL_USER
from paddock.errors import Unavailable
from paddock.usecases.edit.files import add_file
from paddock.usecases.storage.fsck import fsck
from paddock.usecases.storage.mirror import mirror
from tests.logs import small_log
from tests.usecases.backups import directory
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio


@pytest.fixture
async def keys(team: Team) -> list[str]:
    """The keys of two logs and of a file beside the first."""
    ids = [(await team.upload(small_log(driver=driver))).id for driver in ("Adam", "Mei")]
    await team.work()

    async def sheet() -> AsyncIterator[bytes]:
        yield b"wing 12"

    file = await add_file(team.context, LOCAL_USER, ids[0], "setup.txt", sheet())
    return sorted([file_key(ids[0], file.id), *map(raw_key, ids)])


async def there(place: Path) -> list[str]:
    return [info.key async for info in directory(place).list("")]


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


async def test_logs_and_files_are_copied_once_and_with_all_the_rest(
    team: Team, keys: list[str], tmp_path: Path
) -> None:
    place = tmp_path / "disk"
    first = await mirror(team.context, directory(place))
    assert (first.copied, first.there, first.missing, first.damaged) == (3, 0, (), ())
    assert await there(place) == keys
    again = await mirror(team.context, directory(place), verify=True)
    assert (again.copied, again.there) == (0, 3)
    whole = await mirror(team.context, directory(place), derived=True)
    assert whole.there == 3 and not whole.missing
    assert {key for key in await team.keys() if key.startswith((ARTIFACTS, COLUMNS))} <= set(await there(place))


async def test_what_is_wrong_there_is_copied_again_and_what_is_wrong_here_never_goes_there(
    team: Team, keys: list[str], tmp_path: Path
) -> None:
    place, here = tmp_path / "disk", tmp_path / "objects"
    await mirror(team.context, directory(place))
    good = (here / keys[1]).read_bytes()
    for key in keys:
        flip(place / key)
    assert (await mirror(team.context, directory(place))).copied == 0, "sizes are right"
    mended = await mirror(team.context, directory(place), verify=True)
    assert (mended.copied, mended.damaged) == (3, ())
    (here / keys[1]).write_bytes(good[:-5])
    (here / keys[2]).unlink()
    assert len([finding async for finding in fsck(team.context)]) == 2
    wrong = await mirror(team.context, directory(place))
    assert (wrong.damaged, wrong.missing) == ((keys[1],), ())
    assert (place / keys[1]).read_bytes() == good
    back = await mirror(team.context, directory(place), back=True)
    assert (back.copied, back.missing, back.damaged) == (2, (), ())
    assert (here / keys[1]).read_bytes() == good
    assert {one.original_fault for one in (await team.context.documents.recordings.find()).items} == {None}


async def test_what_an_interrupted_way_back_brought_is_there_again(
    team: Team, keys: list[str], tmp_path: Path
) -> None:
    place, key = tmp_path / "disk", keys[1]
    await mirror(team.context, directory(place))
    (tmp_path / "objects" / key).unlink()
    assert len([finding async for finding in fsck(team.context)]) == 1
    # Brought, and cut off before it was said.
    (tmp_path / "objects" / key).write_bytes((place / key).read_bytes())
    assert (await mirror(team.context, directory(place), back=True)).copied == 0
    recording = await team.recording(parse_raw_key(key)[0])
    assert (recording.original, recording.original_fault) == (Original.KEPT, None)


async def test_what_is_nowhere_is_missing(team: Team, keys: list[str], tmp_path: Path) -> None:
    (tmp_path / "objects" / keys[2]).unlink()
    assert (await mirror(team.context, directory(tmp_path / "disk"))).missing == (keys[2],)


async def test_what_documents_no_longer_name_does_not_come_back(
    team: Team, keys: list[str], tmp_path: Path
) -> None:
    place = tmp_path / "disk"
    await mirror(team.context, directory(place))
    purged = raw_key("f" * 64)
    (place / purged).write_bytes(b"somebody's")
    await team.context.objects.delete(keys[0])
    assert (await mirror(team.context, directory(place), back=True)).copied == 1
    assert purged not in await team.keys() and purged in await there(place)


class Lossy:
    """A place that goes away at one of its writes, or keeps other bytes than it was given."""

    def __init__(self, inner: Any, at: int, folder: Path | None = None) -> None:
        self._inner = inner
        self._at = at
        self._calls = 0
        self._folder = folder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def put_file(self, key: str, path: Path) -> Any:
        self._calls += 1
        strikes = self._calls == self._at
        if strikes and self._folder is None:
            raise Unavailable("The disk went away.")
        stored = await self._inner.put_file(key, path)
        if strikes and self._folder is not None:
            flip(self._folder / key)
        return stored


async def test_interrupted_it_goes_on_where_it_was(team: Team, keys: list[str], tmp_path: Path) -> None:
    place = tmp_path / "disk"
    with pytest.raises(Unavailable, match="went away"):
        await mirror(team.context, Lossy(directory(place), 2))
    done = await mirror(team.context, directory(place))
    assert done.copied >= 1 and done.copied + done.there == 3
    assert await there(place) == keys
    assert not list((tmp_path / "scratch").iterdir())


async def test_a_copy_that_is_read_back_otherwise_is_said(team: Team, keys: list[str], tmp_path: Path) -> None:
    place = tmp_path / "disk"
    done = await mirror(team.context, Lossy(directory(place), 2, place))
    assert len(done.damaged) == 1 and done.copied == 2 and done.missing == done.damaged
    assert (await mirror(team.context, directory(place))).copied == 1
