"""What this Paddock and another one had alike at their last syncs, for the next merge to begin from."""

from __future__ import annotations

from collections.abc import Sequence

from paddock.domain.questions import Agreement
from paddock.ports.documents import Equals, OneOf, Sort
from paddock.usecases.context import Context

KEPT = 5
"""Between two Paddocks. More than one, because a sync may end before the other has its copy."""
LISTED = 200


async def agreements(context: Context) -> Sequence[Agreement]:
    """The last ones, the newest first."""
    page = await context.documents.agreements.find(sort=Sort("at", descending=True), limit=LISTED)
    return page.items


async def agree(context: Context, agreement: Agreement) -> None:
    """Keep one, and of the older ones between the same two only the last."""
    await context.documents.agreements.put_many([agreement])
    page = await context.documents.agreements.find(
        [Equals("between", agreement.between)], sort=Sort("at", descending=True), limit=LISTED
    )
    if old := [each.id for each in page.items[KEPT:]]:
        await context.documents.agreements.delete([OneOf("id", tuple(old))])
