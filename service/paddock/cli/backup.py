"""``paddock backup``: make, list, prove and restore backups of all documents."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import click

from paddock.bootstrap import backup_key, open_context, open_store
from paddock.cli.terminal import complain, local_time, out, print_json, print_rows, progress_bar
from paddock.data_directory import private_directory
from paddock.domain.backup import Manifest, Opened, parse_keep
from paddock.domain.instants import to_rfc3339
from paddock.domain.words import counted, size
from paddock.errors import NotFound, PaddockError, Rejected
from paddock.ports.objects import Store
from paddock.settings import Settings, read_settings
from paddock.usecases.backup.create import create_backup, note_no_place
from paddock.usecases.backup.files import Progress, newest_own, open_backup
from paddock.usecases.backup.restore import restore_backup
from paddock.usecases.backup.retention import Listed, apply_retention, list_backups
from paddock.usecases.backup.verify import Verified, verify_backup
from paddock.usecases.context import Context
from paddock.usecases.people.revoke_all import Access, count_access, revoke_all
from paddock.usecases.storage.fsck import Fault, fsck

FAULTY = 3
_LISTED_FAULTS = 20

Command = Callable[..., Any]


def _shared(command: Command) -> Command:
    place = click.argument("place", required=False)
    data = click.option(
        "--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything."
    )
    return place(data(command))


@click.group("backup")
def command() -> None:
    """Back up all documents, and restore them.

    PLACE is a directory or s3://bucket/prefix; without it, PADDOCK_BACKUP_TO. The logs themselves lie in the object
    store: `paddock mirror` keeps a second copy of them.
    """


@command.command("create")
@_shared
@click.option("--keep", help="Days, weeks and months of which the last backup stays.  [default: 7,4,12]")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def create(place: str | None, data: Path | None, keep: str | None, as_json: bool) -> None:
    """Make a backup now; then remove those that are kept no longer."""
    settings = read_settings(data=data)
    keeping = parse_keep(keep or settings.backup_keep)
    where = _place(settings, place)

    async def run() -> tuple[Manifest | None, list[str]]:
        async with contextlib.AsyncExitStack() as opened:
            context = await opened.enter_async_context(open_context(settings))
            try:
                store = await opened.enter_async_context(open_store(settings, where, make=True))
            except PaddockError as error:
                await note_no_place(context, where, error)
                raise
            key = backup_key(settings, make=True)
            assert key is not None
            with _progress() as progress:
                try:
                    manifest = await create_backup(context, store, key, place=where, progress=progress)
                except NotFound as nothing:
                    # No fault of a timer on a new machine.
                    complain(nothing.message)
                    return None, []
                return manifest, await apply_retention(context, store, key, keeping, progress, made=manifest.id)

    manifest, gone = asyncio.run(run())
    if manifest is None:
        return
    if as_json:
        print_json(
            {
                "id": manifest.id,
                "documents": manifest.documents,
                "size_bytes": manifest.size_bytes,
                "one_state": manifest.one_state,
                "removed": gone,
            }
        )
        return
    out.print(
        f"Backup {manifest.id} in {where}: {counted(manifest.documents, 'document')}, {size(manifest.size_bytes)}.",
        soft_wrap=True,
    )
    if gone:
        out.print(f"{counted(len(gone), 'older backup')} removed, as --keep says.")
    if not manifest.one_state:
        complain(
            "this MongoDB server stands alone and shows no single moment, so what was written meanwhile may be in "
            "the backup in part: make it a replica set, even of one node."
        )


@command.command("list")
@_shared
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_(place: str | None, data: Path | None, as_json: bool) -> None:
    """Show the backups there are, the newest first."""
    settings = read_settings(data=data)

    async def run() -> list[Listed]:
        async with open_store(settings, _place(settings, place)) as store:
            return await list_backups(store, backup_key(settings, make=False))

    found = asyncio.run(run())
    if as_json:
        print_json([_as_json(each) for each in found])
    elif not found:
        out.print("There is no backup there.")
    else:
        print_rows(
            ("Backup", "Made", "Documents", "Size", "State"), map(_row, found), numbers=("Documents", "Size")
        )


def _as_json(each: Listed) -> dict[str, object]:
    manifest = each.manifest
    return {
        "id": each.id,
        "own": each.own,
        "fault": each.fault,
        "made_at": manifest and to_rfc3339(manifest.made_at),
        "documents": manifest and manifest.documents,
        "size_bytes": manifest and manifest.size_bytes,
        "one_state": manifest and manifest.one_state,
    }


def _row(each: Listed) -> tuple[str, ...]:
    if each.manifest is None:
        return each.id, "", "", "", each.fault
    manifest = each.manifest
    state = each.fault or ("good" if each.own else "signed with another key")
    return each.id, local_time(manifest.made_at), f"{manifest.documents:,}", size(manifest.size_bytes), state


@command.command("key")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
def key(data: Path | None) -> None:
    """Print the key that signs backups, so that another machine can tell them from forged ones.

    Keep it where backups are not; a restore reads it from PADDOCK_BACKUP_KEY_FILE.
    """
    settings = read_settings(data=data)
    with private_directory(settings.data):
        found = backup_key(settings, make=True)
    assert found is not None
    click.echo(found.decode())


@command.command("verify")
@_shared
@click.option("--backup", "backup_id", help="Which one.  [default: the newest]")
@click.option("--all", "every", is_flag=True, help="Hash every original, not 20 by chance.")
def verify(place: str | None, data: Path | None, backup_id: str | None, every: bool) -> None:
    """Prove a backup without restoring it, and originals by their hashes. Exit code 3 when any is not right."""
    settings = read_settings(data=data)

    async def run() -> tuple[Opened, Verified]:
        async with open_context(settings) as context, _opened(settings, place, backup_id) as (store, opened):
            with _progress() as progress:
                found = await verify_backup(context, store, opened.manifest, every=every, progress=progress)
            return opened, found

    opened, found = asyncio.run(run())
    manifest = opened.manifest
    out.print(
        f"Backup {manifest.id} is whole: {counted(found.documents, 'document')}, {size(manifest.size_bytes)}; "
        f"{counted(found.hashed, 'original')} of today's object store hashed, {size(found.hashed_bytes)}.",
        soft_wrap=True,
    )
    if not opened.own:
        complain("it was signed with another key: its bytes agree with each other, but anybody may have made it.")
    for what, keys in (("missing", found.missing), ("damaged", found.damaged)):
        for key in keys[:_LISTED_FAULTS]:
            complain(f"{key} is {what} in the object store.")
        if len(keys) > _LISTED_FAULTS:
            complain(f"{len(keys) - _LISTED_FAULTS:,} more are {what}.")
    if found.missing or found.damaged:
        raise click.exceptions.Exit(FAULTY)


@command.command("restore")
@_shared
@click.option("--backup", "backup_id", help="Which one.  [default: the newest]")
@click.option("--foreign", is_flag=True, help="Take a backup that was signed with another key.")
@click.option("--revoke", is_flag=True, help="Let nobody in by a session, link or token of then; passwords stay.")
def restore(place: str | None, data: Path | None, backup_id: str | None, foreign: bool, revoke: bool) -> None:
    """Restore all documents into an empty database, SQLite or MongoDB, whichever they came from.

    Objects are not in a backup: in the end it says which are missing, and `paddock mirror --back` brings them.
    Sessions and tokens that were revoked since the backup let in again, unless --revoke ends all of them.
    """
    settings = read_settings(data=data)
    where = _place(settings, place)

    async def run() -> tuple[Manifest, int, Access, Counter[Fault]]:
        async with (
            # Not migrated: an interrupted restore goes on here.
            open_context(settings, migrate=False) as context,
            _opened(settings, place, backup_id) as (store, opened),
        ):
            with _progress() as progress:
                written = await restore_backup(
                    context, store, opened, place=where, foreign=foreign, progress=progress
                )
        async with open_context(settings) as context:
            access = await (revoke_all(context) if revoke else count_access(context))
            return opened.manifest, written, access, await _missing(context)

    manifest, written, access, faults = asyncio.run(run())
    out.print(f"Backup {manifest.id} is restored: {counted(written, 'document')}.")
    _say_access(access, revoked=revoke)
    _say_faults(faults)


def _say_access(access: Access, *, revoked: bool) -> None:
    if not any(access):
        return
    people, devices = access
    if revoked:
        out.print(
            f"Everybody signs in anew ({people:,} sessions, links and tokens are revoked), and "
            f"{counted(devices, 'device')} need a new token."
        )
        return
    out.print(
        f"As when it was made, {people:,} sessions, links and tokens of people and {devices:,} of devices let in, "
        "also those that were revoked since: revoke them on the pages Users and Devices, or restore with --revoke."
    )


async def _missing(context: Context) -> Counter[Fault]:
    faults: Counter[Fault] = Counter()
    async for finding in fsck(context):
        faults[finding.fault] += 1
    return faults


def _say_faults(faults: Counter[Fault]) -> None:
    if not faults:
        out.print("Documents and objects agree.")
        return
    out.print("Of the objects that it names, here are not, or are others:")
    for fault, number in faults.items():
        out.print(f"  {fault:<17} {number:,}")
    out.print(
        "`paddock mirror --back PLACE` brings objects back from a second copy, then `paddock fsck --mend` makes "
        "again what can be made; `paddock fsck` names each.",
        soft_wrap=True,
    )


def _place(settings: Settings, place: str | None) -> str:
    if where := place or settings.backup_to:
        return where
    raise Rejected(
        "Say where backups are: a directory or s3://bucket/prefix, here or in PADDOCK_BACKUP_TO.", code="no_place"
    )


@contextlib.asynccontextmanager
async def _opened(
    settings: Settings, place: str | None, backup_id: str | None
) -> AsyncIterator[tuple[Store, Opened]]:
    """The place and one backup in it."""
    async with open_store(settings, _place(settings, place)) as store:
        key = backup_key(settings, make=False)
        if backup_id:
            yield store, await open_backup(store, backup_id, key)
        else:
            yield store, await newest_own(store, key, complain)


@contextlib.contextmanager
def _progress() -> Iterator[Progress]:
    """One bar that says what is being done."""
    with progress_bar() as bar:
        task = bar.add_task("", total=None)

        def tell(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        yield tell
