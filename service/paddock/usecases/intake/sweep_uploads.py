"""Uploads that nobody looks after: those that are whole are taken in, those that were abandoned are dropped."""

from __future__ import annotations

from paddock.domain.instants import NS_PER_S
from paddock.domain.keys import INCOMING
from paddock.domain.upload import Upload
from paddock.ports.documents import Between, Condition, Equals, Sort
from paddock.usecases.contained import logged
from paddock.usecases.context import Context
from paddock.usecases.intake.adopt import adopt

STRANGER_AGE_NS = 60 * NS_PER_S


async def sweep_uploads(context: Context) -> None:
    """Take in what is whole although nobody said so, and drop uploads that were abandoned long ago."""
    await _take_in(context)
    await _drop_abandoned(context)
    await _forget_completed(context)


async def _take_in(context: Context) -> None:
    async for found in context.objects.list(INCOMING):
        with logged("not_taken_in", key=found.key):
            # A file that somebody copies into a directory may still be growing, and then its time is about now; one
            # of the future was written by a wrong clock. What we put there is whole.
            announced = await context.documents.uploads.get(found.key.removeprefix(INCOMING)) is not None
            if announced or abs(context.now() - found.modified_at) > STRANGER_AGE_NS:
                await adopt(context, found.key)


async def _drop_abandoned(context: Context) -> None:
    after = None
    while True:
        page = await context.documents.uploads.find(
            [Equals("completed_at", None)], sort=Sort("created_at"), limit=100, after=after
        )
        for upload in page.items:
            with logged("upload_not_dropped", upload=upload.id):
                await _drop_if_abandoned(context, upload)
        if page.next is None:
            return
        after = page.next


async def _drop_if_abandoned(context: Context, upload: Upload) -> None:
    age_ns = context.now() - upload.created_at
    if age_ns > context.upload_expires_s * NS_PER_S:
        await context.objects.abort_upload(upload.key, upload.store_upload)
        await context.documents.uploads.delete([Equals("id", upload.id)])
    elif -age_ns > context.upload_expires_s * NS_PER_S:
        # A clock that was ahead wrote it: its time begins now, not in years.
        await context.documents.uploads.change(upload.id, {"created_at": context.now()})


async def _forget_completed(context: Context) -> None:
    """Those whose bytes still wait to be hashed are kept, however long: nobody else knows their metadata."""
    old: list[Condition] = [Between("completed_at", below=context.now() - context.upload_expires_s * NS_PER_S)]
    after = None
    while True:
        page = await context.documents.uploads.find(old, sort=Sort("completed_at"), limit=100, after=after)
        for upload in page.items:
            if await context.objects.stat(upload.key) is None:
                await context.documents.uploads.delete([Equals("id", upload.id)])
        if page.next is None:
            return
        after = page.next
