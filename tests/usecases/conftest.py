"""Use cases run on the embedded adapters, in a directory of their own."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from paddock.adapters.directory import DirectoryObjects
from paddock.bootstrap import open_context
from paddock.domain.contents import Contents
from paddock.domain.principal import LOCAL_USER
from paddock.domain.recording import Recording
from paddock.domain.upload import SaidAlong
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.usecases.find.contents import contents_of
from paddock.usecases.intake import uploads
from paddock.usecases.jobs import leases
from paddock.usecases.jobs.attempt import do
from tests.empty_database import put_empty_database


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    await put_empty_database(tmp_path)
    async with open_context(Settings(data=tmp_path)) as opened:
        yield opened


@dataclass
class Team:
    """Somebody who uploads logs, and a worker."""

    context: Context
    metadata: dict[str, str] = field(default_factory=dict)

    async def announce(self, log: bytes, name: str = "run.mcap", sha256: str = "") -> uploads.UploadPlan:
        return await uploads.announce(
            self.context,
            LOCAL_USER,
            sha256=sha256 or hashlib.sha256(log).hexdigest(),
            size_bytes=len(log),
            name=name,
            said=SaidAlong(self.metadata),
        )

    async def send(self, log: bytes, plan: uploads.UploadPlan) -> None:
        assert plan.upload is not None
        objects = self.context.objects
        assert isinstance(objects, DirectoryObjects)
        for part in plan.parts:

            async def pieces(part: uploads.PartPlan = part) -> AsyncIterator[bytes]:
                yield log[part.offset : part.offset + part.size_bytes]

            await objects.write_part(plan.upload.store_upload, part.number, pieces(), part.size_bytes)

    async def upload(self, log: bytes, name: str = "run.mcap", sha256: str = "") -> Recording:
        plan = await self.announce(log, name, sha256)
        if plan.recording is not None:
            return plan.recording
        await self.send(log, plan)
        assert plan.upload is not None
        return await uploads.complete(self.context, plan.upload.id)

    async def work(self) -> list[str]:
        """Do every job that is due; their kinds in order."""
        kinds = []
        while job := await leases.take(self.context, "test"):
            await do(self.context, job)
            kinds.append(job.kind)
        return kinds

    async def recording(self, recording_id: str) -> Recording:
        found = await self.context.documents.recordings.get(recording_id)
        assert found is not None
        return found

    async def contents(self, recording_id: str) -> Contents:
        return await contents_of(self.context.documents, await self.recording(recording_id))

    async def keys(self) -> list[str]:
        return [info.key async for info in self.context.objects.list("")]


@pytest.fixture
def team(context: Context) -> Team:
    return Team(context)
