"""Kill `paddock backup create` and `restore` at many moments, on either side, then look at what is left.

    python -m tests.scripts.kill_backups [moments] [recordings]

A killed backup must be no backup. A killed restore must leave a database that is empty, whole, or that refuses to
be used until the restore was gone on with; gone on with, every field must be what it was.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import msgspec

from paddock.bootstrap import open_context
from paddock.errors import Unavailable
from paddock.settings import Settings
from paddock.usecases.backup.files import backup_ids, open_backup
from paddock.usecases.backup.verify import verify_backup
from paddock.usecases.storage.fsck import fsck
from tests.scripts.search_at_scale import fill
from tests.servers import ferretdb
from tests.usecases.backups import KEY, backed_up, directory, everything

Everything = dict[str, list[msgspec.Struct]]
SIGNALS = 20
KILLED_AT = """
import contextlib, os, signal, sys
from paddock.cli import backup, main

last, steps = int(sys.argv.pop(1)), 0

@contextlib.contextmanager
def progress():
    def tell(*_):
        global steps
        steps += 1
        if steps == last:
            os.kill(os.getpid(), signal.SIGKILL)
    yield tell

backup._progress = progress
try:
    main()
finally:
    print(steps)
"""
"""The command line, which ends as by ``kill -9`` when it would show a step of its progress."""
HANG_S = 300


async def main(moments: int, recordings: int) -> None:
    with tempfile.TemporaryDirectory() as name, ferretdb.running(Path(name) / "mongo") as server:
        folder = Path(name)
        before = await made(folder, recordings)
        for side, servers in (("SQLite", None), ("FerretDB", server)):
            found = await killed_restores(folder, servers, moments, before)
            print(
                f"restore into {side}, killed {moments} times: {dict(found)}; gone on with, all is there",
                flush=True,
            )
        print(f"create, killed {moments} times: {dict(await killed_creates(folder, moments))}")


async def made(folder: Path, recordings: int) -> Everything:
    """What is backed up below the folder."""
    async with open_context(Settings(data=folder / "source")) as context:
        await fill(context.documents, recordings, SIGNALS)
    # Opened again and looked at, as a restore does in the end: there are no logs, which recordings then say.
    async with open_context(Settings(data=folder / "source")) as context:
        assert [finding async for finding in fsck(context)]
        await backed_up(context, folder / "backups")
        return await everything(context.documents)


async def killed_restores(
    folder: Path, server: ferretdb.FerretServer | None, moments: int, before: Everything
) -> Counter[str]:
    """What was found after each kill; without a server in SQLite."""
    place, found = folder / "backups", Counter[str]()
    steps = 0
    for number in range(-1, moments):
        data = folder / f"restored-{'mongo' if server else 'sqlite'}-{number}"
        url = server.url(f"restored{number + 1}") if server else ""
        settings = Settings(data=data, mongodb_url=url, backup_key=KEY.decode())
        if number < 0:  # the first is let run, to learn of how many steps it is
            steps = _run("restore", place, settings)
        else:
            _run("restore", place, settings, killed_at=_step(number, moments, steps))
            found[state := await _state(settings)] += 1
            if state != "whole":
                _run("restore", place, settings)
        async with open_context(settings) as context:
            assert await everything(context.documents) == before, f"moment {number}"
    return found


async def killed_creates(folder: Path, moments: int) -> Counter[str]:
    """What was found after each kill."""
    settings = Settings(data=folder / "source", backup_key=KEY.decode())
    found: Counter[str] = Counter()
    steps = _run("create", folder / "whole", settings)
    for number in range(moments):
        place = folder / f"created-{number}"
        _run("create", place, settings, killed_at=_step(number, moments, steps))
        ids = await backup_ids(directory(place))
        for backup_id in ids:
            async with open_context(settings) as context:
                opened = await open_backup(directory(place), backup_id, KEY)
                await verify_backup(context, directory(place), opened.manifest)
        found["a whole backup" if ids else "no backup"] += 1
    return found


def _step(number: int, moments: int, steps: int) -> int:
    """Spread over all of its work, the first and the last step included."""
    return 1 + round(number * (steps - 1) / max(moments - 1, 1))


def _run(verb: str, place: Path, settings: Settings, *, killed_at: int = 0) -> int:
    """How many steps a command takes; killed at one of them, it need not succeed."""
    given = {"PADDOCK_BACKUP_KEY": settings.backup_key, "PADDOCK_MONGODB_URL": settings.mongodb_url}
    run = subprocess.run(
        [sys.executable, "-c", KILLED_AT, str(killed_at), "backup", verb, place, "--data", settings.data],
        env={**os.environ, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert run.returncode == (-signal.SIGKILL if killed_at else 0), run.stdout
    return killed_at or int(run.stdout.split()[-1])


async def _state(settings: Settings) -> str:
    """What a Paddock that starts finds."""
    try:
        async with open_context(settings) as context:
            return "empty" if await context.documents.is_empty() else "whole"
    except Unavailable as error:
        assert error.code == "half_restored", error
        return "refused"


if __name__ == "__main__":
    asyncio.run(main(*(int(text) for text in sys.argv[1:])) if len(sys.argv) == 3 else main(20, 300))
