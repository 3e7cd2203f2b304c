"""All documents of a collection, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeVar

import msgspec

from paddock.ports.documents import MAX_PAGE, Collection, Sort

T = TypeVar("T", bound=msgspec.Struct)


async def every(collection: Collection[T]) -> AsyncIterator[T]:
    """By id; what is added meanwhile may be missed."""
    after = None
    while True:
        page = await collection.find(sort=Sort("id"), limit=MAX_PAGE, after=after)
        for document in page.items:
            yield document
        if page.next is None:
            return
        after = page.next
