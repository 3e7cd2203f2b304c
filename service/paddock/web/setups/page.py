"""The pages of setups: the book of all runs, some side by side, and the fields of the sheet."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from litestar import get
from litestar.params import QueryParameter

from paddock.domain.own_fields import MAX_CHOICES, MAX_NAME
from paddock.domain.roles import Permission
from paddock.domain.setup_fields import MAX_LABEL, MAX_UNIT
from paddock.domain.setup_values import Value
from paddock.usecases.setups.book import Book, setup_book
from paddock.usecases.setups.compare import MAX_COMPARED, compare_setups
from paddock.usecases.setups.fields import load_setup_fields
from paddock.web.find.search_parameters import WITH_METADATA, Said, zone_of
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import After, AnyRequest, TeamFields, TheContext, ThePrincipal
from paddock.web.kernel.pages import pages
from paddock.web.setups.resources import field_resource

SHOWN = 50
_SHORT = 16


@get("/setups", needs=Permission.READ, dependencies=WITH_METADATA)
async def book_page(
    request: AnyRequest,
    context: TheContext,
    principal: ThePrincipal,
    team_fields: TeamFields,
    said: Said,
    after: After = None,
) -> Page:
    """Runs that have a sheet, the latest first; what is the same in all of them takes no column."""
    book = await setup_book(context, metadata=said, limit=SHOWN, after=after)
    names, same = _columns(book)
    return Page(
        "setups/book.html",
        principal=principal,
        book=book,
        names=names,
        same=same,
        said=said,
        query=urlencode(said, doseq=True),
        columns=team_fields.columns,
        zone=str(zone_of(request)),
    )


@get("/setups/compare", needs=Permission.READ)
async def comparison_page(
    request: AnyRequest,
    context: TheContext,
    principal: ThePrincipal,
    recordings: Annotated[list[str] | None, QueryParameter(max_length=MAX_COMPARED)] = None,
    whole: Annotated[bool, QueryParameter(name="all")] = False,
) -> Page:
    """What differs between the setups of some runs, or all that their sheets and logs say."""
    ids = [each.strip() for text in recordings or () for each in text.split(",") if each.strip()]
    compared = await compare_setups(context, ids)
    return Page(
        "setups/compare.html",
        principal=principal,
        compared=compared,
        rows=[row for row in compared.rows if whole or row.differs],
        log=[row for row in compared.log if whole or row.differs],
        ids=",".join(each.id[:_SHORT] for each in compared.recordings),
        whole=whole,
        zone=str(zone_of(request)),
    )


@get("/setups/fields", needs=Permission.READ)
async def fields_page(context: TheContext, principal: ThePrincipal) -> Page:
    """What a sheet asks for; edited by ``fields.js`` over the API that programs use."""
    fields = await load_setup_fields(context)
    return Page(
        "setups/fields.html",
        principal=principal,
        fields=[field_resource(field) for group in fields.groups.values() for field in group],
        groups=list(fields.groups),
        max_name=MAX_NAME,
        max_label=MAX_LABEL,
        max_unit=MAX_UNIT,
        max_choices=MAX_CHOICES,
    )


def _columns(book: Book) -> tuple[list[str], list[tuple[str, Value]]]:
    """The fields that differ between the runs, and what is the same in all of them."""
    sheets = [entry.recording.setup_values for entry in book.entries]
    names, same = [], []
    for name in book.fields.named(*sheets):
        values = {sheet.get(name) for sheet in sheets}
        if len(values) > 1 or (len(sheets) == 1 and values != {None}):
            names.append(name)
        elif (value := next(iter(values), None)) is not None:
            same.append((name, value))
    return names, same


ROUTER = pages(book_page, comparison_page, fields_page)
