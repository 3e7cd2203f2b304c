"""Backups and second copies below a prefix of a bucket, beside other people's objects."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from paddock.bootstrap import open_context, open_store
from paddock.domain.backup import Keep
from paddock.domain.job import Job
from paddock.errors import PaddockError, Rejected
from paddock.settings import Settings
from paddock.usecases.backup.create import create_backup
from paddock.usecases.backup.files import newest_own
from paddock.usecases.backup.restore import restore_backup
from paddock.usecases.backup.retention import apply_retention, list_backups
from paddock.usecases.context import Context
from paddock.usecases.storage.mirror import mirror
from tests.adapters.s3_sides import client, make_bucket
from tests.logs import small_log
from tests.servers.versitygw import REGION, S3Server
from tests.usecases.backups import KEY, everything
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio


class Place(NamedTuple):
    server: S3Server
    bucket: str

    @property
    def url(self) -> str:
        where = f"endpoint={self.server.endpoint}&path_style=true&region={REGION}"
        return f"s3://{self.bucket}/team/copies?{where}"

    def all_keys(self) -> list[str]:
        found = client(self.server).list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return [each["Key"] for each in found]


@pytest.fixture(params=["moto", "versitygw"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Place:
    server = request.getfixturevalue(f"{request.param}_server")
    return Place(server, make_bucket(server, monkeypatch))


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    async with open_context(Settings(data=tmp_path / "data")) as opened:
        yield opened


async def test_a_bucket_keeps_backups_and_logs_for_another_paddock(
    place: Place, context: Context, tmp_path: Path
) -> None:
    team = Team(context)
    await team.upload(small_log())
    await team.work()
    settings = Settings(data=tmp_path / "data")
    client(place.server).put_object(Bucket=place.bucket, Key="theirs", Body=b"1")
    async with open_store(settings, place.url) as store:
        first = await create_backup(context, store, KEY, place=place.url)
        later = replace(context, now=lambda: first.made_at + 2 * 86_400 * 10**9)
        second = await create_backup(later, store, KEY, place=place.url)
        assert {each.id for each in await list_backups(store, KEY) if each.usable} == {first.id, second.id}
        gone = await apply_retention(context, store, KEY, Keep(1, 0, 0))
        assert gone == [first.id]
        assert (await mirror(context, store)).copied == 1
        assert (await mirror(context, store, verify=True)).there == 1
    keys = place.all_keys()
    assert "theirs" in keys
    assert {"/".join(key.split("/")[:3]) for key in keys} == {"theirs", "team/copies/backups", "team/copies/raw"}

    new = Settings(data=tmp_path / "new")
    async with open_context(new, migrate=False) as empty, open_store(new, place.url) as store:
        opened = await newest_own(store, KEY)
        await restore_backup(empty, store, opened, place=place.url)
        assert await everything(empty.documents) == await everything(context.documents)
        back = await mirror(empty, store, back=True)
        assert (back.copied, back.missing, back.damaged) == (1, (), ())


async def test_a_bucket_that_is_not_there_is_a_sentence(place: Place, context: Context, tmp_path: Path) -> None:
    gone = place.url.replace(place.bucket, "there-is-no-such-bucket")
    await context.documents.jobs.insert(Job("j", "ingest", "s", 0, 0))
    async with open_store(Settings(data=tmp_path / "data"), gone) as store:
        with pytest.raises(PaddockError, match="there-is-no-such-bucket"):
            await create_backup(context, store, KEY, place=gone)


async def test_a_paddock_is_no_copy_of_itself(place: Place, tmp_path: Path) -> None:
    own = Settings(data=tmp_path, s3_bucket=place.bucket, s3_endpoint=place.server.endpoint)
    endpoint = place.server.endpoint
    for same in (
        *(f"s3://{place.bucket}", f"s3://{place.bucket}/?endpoint={endpoint}"),
        *(f"s3://{place.bucket}/raw", f"s3://{place.bucket}/incoming/copies?endpoint={endpoint}/"),
    ):
        with pytest.raises(Rejected, match="its own objects"):
            async with open_store(own, same):
                pass
