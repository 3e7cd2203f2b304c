"""A backup of one side restored into the other: how a team moves from a laptop to the cloud, and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddock.adapters.polling import PollingWork
from paddock.domain.backup import Opened
from paddock.ports.documents import Documents
from paddock.usecases.backup.create import create_backup
from paddock.usecases.backup.restore import restore_backup
from paddock.usecases.context import Context
from tests.adapters.test_documents_collections import MongoWithOneMore, Penalty, SqliteWithOneMore
from tests.scripts.search_at_scale import channel_count, made_contents, made_recordings, made_signals
from tests.usecases.backups import KEY, directory, everything

pytestmark = pytest.mark.anyio
RECORDINGS, SIGNALS = 40, 20


def context(documents: Documents, tmp_path: Path) -> Context:
    return Context(documents, directory(tmp_path / "objects"), PollingWork(), tmp_path / "scratch")


async def test_there_and_back_every_field_is_the_same(tmp_path: Path, mongodb_url: str) -> None:
    # With a collection that backups know by its row alone.
    embedded, cloud = SqliteWithOneMore(tmp_path / "a.sqlite"), MongoWithOneMore(mongodb_url)
    back = SqliteWithOneMore(tmp_path / "b.sqlite")
    await embedded.migrate()
    channels = channel_count(SIGNALS)
    await embedded.recordings.put_many(list(made_recordings(RECORDINGS, channels)))
    await embedded.contents.put_many([made_contents(number, channels) for number in range(RECORDINGS)])
    for number in range(RECORDINGS):
        await embedded.signals.put_many(made_signals(number, SIGNALS, channels))
    await embedded.penalties.insert(Penalty("cone", "Adam"))
    before = await everything(embedded)
    assert before["penalties"]
    place = directory(tmp_path / "backups")
    for source, target in ((embedded, cloud), (cloud, back)):
        manifest = await create_backup(context(source, tmp_path), place, KEY, place="there")
        await restore_backup(context(target, tmp_path), place, Opened(manifest, True), place="there")
        assert await everything(target) == before
    for documents in (embedded, cloud, back):
        await documents.close()
