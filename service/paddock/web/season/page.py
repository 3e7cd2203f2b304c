"""The page where the season is asked in SQL."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from paddock.domain.roles import Permission
from paddock.ports.documents import Sort
from paddock.usecases.catalogue.fields import load_fields
from paddock.usecases.context import Context
from paddock.usecases.season.query import MAX_TEXT
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import TheContext, ThePrincipal
from paddock.web.kernel.pages import pages

EXAMPLES = (
    (
        "Kilometres by driver",
        "select driver, count(*) as runs, round(sum(distance_m) / 1000, 1) as km\nfrom recordings\n"
        "where driven\ngroup by driver\norder by km desc",
    ),
    (
        "Signals with the highest peaks",
        "select name, unit, max(max) as peak, count(*) as recordings\nfrom signals\nwhere unit <> ''\n"
        "group by name, unit\norder by peak desc\nlimit 20",
    ),
)


@get("/sql", needs=Permission.READ)
async def sql_page(
    context: TheContext, principal: ThePrincipal, q: Annotated[str, QueryParameter(max_length=MAX_TEXT)] = ""
) -> Page:
    """A text for the query, examples with signals that are here, and what tables there are; ``sql.js`` asks."""
    return Page(
        "season/sql.html",
        principal=principal,
        asked=q,
        examples=[*EXAMPLES, *await _with_samples(context)],
        fields=[field.name for field in await load_fields(context)],
        max_length=MAX_TEXT,
    )


async def _with_samples(context: Context) -> list[tuple[str, str]]:
    """An example over the values of some signal that recordings have."""
    page = await context.documents.signal_names.find([], sort=Sort("search"), limit=500)
    known = next((each.id for each in page.items if each.dtype in ("double", "float")), None)
    if known is None:
        return []
    quoted = known.replace("'", "''")
    return [
        (
            "Minutes by hour of the day",
            f"select date_trunc('hour', time) as hour, count(*) as samples, avg(value) as mean\n"
            f"from samples('{quoted}')\ngroup by hour\norder by hour",
        )
    ]


ROUTER = pages(sql_page)
