"""``/api/sql``: one SELECT over all recordings."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.params import JSONBody, PathParameter
from msgspec import Meta

from paddock.domain.instants import to_rfc3339
from paddock.domain.names import content_disposition
from paddock.domain.roles import Permission
from paddock.usecases.season.answers import FILES, rows_of
from paddock.usecases.season.query import MAX_ROWS, MAX_TEXT, run_query
from paddock.web.kernel.injected import TheContext, ThePrincipal, refuse_unknown_parameters
from paddock.web.kernel.problems import responses
from paddock.web.recordings.resources import Instant

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
    id: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z0-9-]{0,40}$",
            max_length=40,
            description="Of your own choice: by it `DELETE /api/sql/{id}` ends the query.",
        ),
    ] = ""


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


class AskedResource(msgspec.Struct, frozen=True, kw_only=True):
    """A query that runs or waits."""

    id: Annotated[str, Meta(description="By which it is ended.")]
    sql: Annotated[str, Meta(description="What is asked.")]
    asked_at: Instant
    state: Literal["running", "waiting"]
    notice: Annotated[str, Meta(description="Why it waits; empty for one that runs.")]


class AskedList(msgspec.Struct, frozen=True):
    """The queries of whoever asks for this list."""

    items: tuple[AskedResource, ...]


@get("/", needs=Permission.READ, summary="Your queries that run or wait")
async def list_asked(context: TheContext, principal: ThePrincipal) -> AskedList:
    """One of each person runs at a time; of those who wait, whoever had a turn least recently is next."""
    return AskedList(
        tuple(
            AskedResource(
                id=each.id,
                sql=each.sql,
                asked_at=to_rfc3339(each.asked_at),
                state="running" if each.runs else "waiting",
                notice=context.queries.why_it_waits(each),
            )
            for each in context.queries.of(principal)
        )
    )


@delete("/{query_id:str}", needs=Permission.READ, responses=responses(404, 422), summary="End a query of yours")
async def cancel(
    context: TheContext,
    principal: ThePrincipal,
    query_id: Annotated[str, PathParameter(max_length=100, description="As in the list.")],
) -> None:
    """Whoever waits for its answer is told that it was cancelled."""
    context.queries.cancel(principal, query_id)


@post(
    "/",
    needs=Permission.READ,
    status_code=200,
    responses=responses(400, 409, 422, 503),
    summary="Ask the season in SQL",
)
async def ask(
    context: TheContext, principal: ThePrincipal, data: JSONBody[Query]
) -> Response[AnswerResource] | Response[bytes]:
    """Reads only what this Paddock has, within a minute and the memory of one conversion."""
    if data.format != "json":
        media_type, write = FILES[data.format]
        answer = await run_query(context, data.sql, principal=principal, query_id=data.id)
        return Response(
            await asyncio.to_thread(write, answer.table),
            media_type=media_type,
            headers={
                "Content-Disposition": content_disposition(f"season.{data.format}"),
                "Paddock-Truncated": str(answer.truncated).lower(),
            },
        )
    answer = await run_query(context, data.sql, max_rows=MAX_JSON_ROWS, principal=principal, query_id=data.id)
    columns = tuple(ColumnResource(field.name, str(field.type)) for field in answer.table.schema)
    rows = await asyncio.to_thread(rows_of, answer.table)
    return Response(AnswerResource(columns, rows, answer.truncated))


ROUTER = Router(
    "/api/sql", route_handlers=[list_asked, ask, cancel], before_request=refuse_unknown_parameters, tags=["Season"]
)
