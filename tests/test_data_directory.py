"""The data directory: private whatever the umask, and a sentence for whatever is in the way."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from paddock.bootstrap import open_context
from paddock.data_directory import only_user_of
from paddock.errors import PaddockError
from paddock.settings import Settings
from paddock.usecases.backup.files import scratch_folder
from tests.logs import small_log
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio
LOG = small_log()


@pytest.mark.parametrize("umask", [0o000, 0o022])
async def test_what_is_written_there_is_the_owners_alone(tmp_path: Path, umask: int) -> None:
    data = tmp_path / "data"
    before = os.umask(umask)
    try:
        with only_user_of(data):
            async with open_context(Settings(data=data)) as context:
                await Team(context).upload(LOG)
                await Team(context).announce(LOG[:-1])
                await Team(context).work()
                check_private(data)
    finally:
        assert os.umask(before) == umask, "what is written elsewhere has the user's own rights"


def check_private(data: Path) -> None:
    found = [data, *data.rglob("*")]
    assert {"secret", "paddock.sqlite", "paddock.sqlite-wal", "raw", "lock"} <= {path.name for path in found}
    for path in found:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


async def test_an_older_directory_becomes_private_at_the_next_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with only_user_of(data):
        async with open_context(Settings(data=data)) as context:
            await Team(context).upload(LOG)
            await Team(context).work()
    for path in (data, *data.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    with only_user_of(data):
        async with open_context(Settings(data=data)) as context:
            await context.documents.recordings.count()
            check_private(data)


def test_a_start_removes_what_was_left_and_nothing_that_a_backup_works_on(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    (scratch / "left").mkdir(parents=True)
    (scratch / "left" / "half").touch()
    (scratch / "file").touch()
    with scratch_folder(scratch) as at_work:
        (at_work / "part").touch()
        with only_user_of(tmp_path):
            assert list(scratch.iterdir()) == [at_work]
            assert (at_work / "part").exists()
    assert not list(scratch.iterdir())


def in_the_way(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        data = folder / "data"
        (data / name).mkdir(parents=True)
        return data

    return make


def a_file(name: str, content: bytes = b"") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = Path(os.path.normpath(folder / "data" / name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return folder / "data"

    return make


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (a_file("../data"), "data"),
        (lambda folder: Path("/proc/paddock"), "/proc/paddock"),
        (in_the_way("lock"), "lock"),
        (a_file("objects/.aside"), "disk"),
        (a_file("objects"), "object"),
        (in_the_way("secret"), "secret"),
        (a_file("secret"), "holds no key"),
        (a_file("secret", b"short"), "holds no key"),
        (in_the_way("paddock.sqlite"), "database"),
        (a_file("paddock.sqlite", b"no database" * 500), "database"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_whatever_is_in_the_way_is_a_sentence(
    tmp_path: Path, make: Callable[[Path], Path], said: str
) -> None:
    data = make(tmp_path)
    with pytest.raises(PaddockError) as refused, only_user_of(data):
        async with open_context(Settings(data=data)):
            pass
    assert said in refused.value.message
    assert refused.value.message.endswith(".")


async def test_a_short_key_in_the_settings_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PaddockError, match="PADDOCK_SECRET"):
        async with open_context(Settings(data=tmp_path, secret="short")):
            pass
