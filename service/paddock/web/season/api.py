"""``/api/sql``: one SELECT over all recordings."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, Router, post
from litestar.params import JSONBody
from msgspec import Meta

from paddock.domain.names import content_disposition
from paddock.domain.roles import Permission
from paddock.usecases.season.answers import FILES, rows_of
from paddock.usecases.season.query import MAX_ROWS, MAX_TEXT, run_query
from paddock.web.kernel.injected import TheContext, refuse_unknown_parameters
from paddock.web.kernel.problems import responses

MAX_JSON_ROWS = 10_000


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked."""

    sql: Annotated[
        str,
        Meta(
            max_length=MAX_TEXT * 2,
            description="One SELECT of DuckDB over `recordings`, `signals` and `samples('a signal')`.",
            examples=["select driver, max(max_speed_m_s) from recordings group by driver"],
        ),
    ]
    format: Annotated[
        Literal["json", "csv", "parquet", "arrow"], Meta(description="How the answer comes.", examples=["json"])
    ] = "json"


class ColumnResource(msgspec.Struct, frozen=True):
    """One column of the answer."""

    name: str
    type: Annotated[str, Meta(description="Arrow's word for it.", examples=["double"])]


class AnswerResource(msgspec.Struct, frozen=True):
    """What was found, as JSON."""

    columns: tuple[ColumnResource, ...]
    rows: Annotated[list[list[Any]], Meta(description="A value per column; instants as RFC 3339.")]
    truncated: Annotated[
        bool,
        Meta(description=f"Whether there are more than {MAX_JSON_ROWS:,} rows; a file has up to {MAX_ROWS:,}."),
    ]


@post(
    "/",
    needs=Permission.READ,
    status_code=200,
    responses=responses(400, 422, 503),
    summary="Ask the season in SQL",
)
async def ask(context: TheContext, data: JSONBody[Query]) -> Response[AnswerResource] | Response[bytes]:
    """Reads only what this Paddock has, within a minute and the memory of one conversion."""
    if data.format != "json":
        media_type, write = FILES[data.format]
        answer = await run_query(context, data.sql)
        return Response(
            await asyncio.to_thread(write, answer.table),
            media_type=media_type,
            headers={
                "Content-Disposition": content_disposition(f"season.{data.format}"),
                "Paddock-Truncated": str(answer.truncated).lower(),
            },
        )
    answer = await run_query(context, data.sql, max_rows=MAX_JSON_ROWS)
    columns = tuple(ColumnResource(field.name, str(field.type)) for field in answer.table.schema)
    rows = await asyncio.to_thread(rows_of, answer.table)
    return Response(AnswerResource(columns, rows, answer.truncated))


ROUTER = Router("/api/sql", route_handlers=[ask], before_request=refuse_unknown_parameters, tags=["Season"])
