"""All documents of a collection, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeVar

import msgspec

from paddock.ports.documents import BY_ID, MAX_PAGE, Collection, Sort, Where

T = TypeVar("T", bound=msgspec.Struct)


async def every(collection: Collection[T], where: Where = (), sort: Sort = BY_ID) -> AsyncIterator[T]:
    """What matches, by id unless otherwise sorted; what is added meanwhile may be missed."""
    after = None
    while True:
        page = await collection.find(where, sort=sort, limit=MAX_PAGE, after=after)
        for document in page.items:
            yield document
        if page.next is None:
            return
        after = page.next
