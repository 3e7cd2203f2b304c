"""The parameters of a search, the same for the list of recordings as a page and as JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from typing import Annotated, ClassVar
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from litestar.di import NamedDependency, Provide
from litestar.openapi.spec import OpenAPIType, Operation, Parameter, Schema
from litestar.params import QueryParameter, SkipValidation

from paddock.domain.fields import EVERY_TEAMS, Field, Fields
from paddock.domain.figures import FIGURES, read_figure
from paddock.domain.instants import from_rfc3339
from paddock.domain.setup_comparisons import read_setup_comparison
from paddock.errors import Rejected
from paddock.usecases.find.search import Checks, Health, Search, bounds_of, read_comparison
from paddock.web.kernel.injected import AnyRequest, TeamFields, parameters_of, unknown_parameter

ZONE_COOKIE = "zone"
MAX_QUERY_LENGTH = 16_000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

TheSearch = NamedDependency[SkipValidation[Search]]
Said = NamedDependency[SkipValidation[dict[str, tuple[str, ...]]]]
_Values = list[str] | None


@dataclass
class FieldsOperation(Operation):
    """A route that takes values of metadata fields, as OpenAPI has it: with a parameter for each of every team."""

    meaning: ClassVar[str] = "One of these values, in any case; may be repeated. Empty: any."

    def __post_init__(self) -> None:
        """Add what the route reads without naming it."""
        named = {each.name for each in self.parameters or () if isinstance(each, Parameter)}
        fields = [
            Parameter(
                name=field.name,
                param_in="query",
                description=self.meaning,
                schema=Schema(type=OpenAPIType.ARRAY, items=Schema(type=OpenAPIType.STRING)),
            )
            for field in EVERY_TEAMS.short
            if field.name not in named
        ]
        self.parameters = [*(self.parameters or ()), *fields]
        self.description = f"{self.description}\n\nFields that the team added (`/api/fields`) are parameters, too."


@dataclass
class SearchOperation(FieldsOperation):
    """A route that takes a search, as OpenAPI has it."""

    meaning: ClassVar[str] = "One of these values, in any case; may be repeated. Empty: nobody filled the field."


def zone_of(request: AnyRequest) -> tzinfo:
    """The reader's time zone, as ``web/kernel/zone.js`` left it in a cookie; UTC for programs and strangers."""
    try:
        return ZoneInfo(unquote(request.cookies.get(ZONE_COOKIE, "UTC")))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def read_day(text: str) -> date:
    """A date.

    Raises:
        Rejected: it is none (code ``bad_time``).
    """
    try:
        if not _DAY.fullmatch(text):
            raise ValueError("of another form")
        return date.fromisoformat(text)
    except ValueError:
        raise Rejected(f"{text[:40]!r} is no date: write it like 2026-04-18.", code="bad_time") from None


def search_of(
    request: AnyRequest,
    team_fields: TeamFields,
    q: Annotated[
        str, QueryParameter(max_length=10_000, description="Words to find in names, metadata and id.")
    ] = "",
    health: Annotated[
        list[Health] | None,
        QueryParameter(description="One of these; `unread` is what was not converted yet. May be repeated."),
    ] = None,
    checks: Annotated[
        list[Checks] | None,
        QueryParameter(
            description="What came of the team's checklists: one of these; `unchecked` is what was never checked, "
            "`skipped` what had nothing to check. May be repeated."
        ),
    ] = None,
    topic: Annotated[
        _Values, QueryParameter(description="A topic that the log has, spelled exactly. Repeated: all of them.")
    ] = None,
    signal: Annotated[
        _Values,
        QueryParameter(
            description="`max(BatteryPack.cell_temp) > 55`: `count`, `min`, `max`, `mean`, `first` or `last` of a "
            "signal, compared with a number by `<`, `<=`, `>`, `>=` or `=`. Repeated: all of them hold."
        ),
    ] = None,
    figure: Annotated[
        _Values,
        QueryParameter(
            description="`max_speed_m_s >= 25`: a figure of the run, compared with a number as `signal` is: "
            f"{', '.join(figure.name for figure in FIGURES)}. Repeated: all of them hold."
        ),
    ] = None,
    setup: Annotated[
        _Values,
        QueryParameter(
            description="`spring_front >= 35`, `spring_front = 30..40`, `tire_set = R25B`: a value of the setup "
            "sheet, compared with a number, or the same text in any case; `tire_set =` where nobody said. "
            "Repeated: all of them hold."
        ),
    ] = None,
    since: Annotated[
        str,
        QueryParameter(name="from", max_length=40, description="Started then or later: RFC 3339, or a date."),
    ] = "",
    until: Annotated[
        str,
        QueryParameter(
            name="to", max_length=40, description="Started before this RFC 3339 time, or on this date or before it."
        ),
    ] = "",
) -> Search:
    """What a request looks for. Dates without a time are in UTC, or in the zone of the cookie ``zone``.

    Every short metadata field is a parameter that may be repeated, the team's own ones too.

    Raises:
        Rejected: there is no such parameter, a time, a date or a comparison that cannot be read, or filters
            without end.
    """
    zone = zone_of(request)
    return Search(
        text=q,
        metadata=_metadata_of(request, team_fields),
        health=tuple(dict.fromkeys(health or ())),
        checks=tuple(dict.fromkeys(checks or ())),
        topics=_unique(topic),
        comparisons=tuple(read_comparison(text) for text in _unique(signal) if text.strip()),
        figures=tuple(read_figure(text) for text in _unique(figure) if text.strip()),
        setup=tuple(read_setup_comparison(text) for text in _unique(setup) if text.strip()),
        from_ns=_instant(since, zone, edge=0),
        before_ns=_instant(until, zone, edge=1),
    )


def wanted_metadata(request: AnyRequest, team_fields: TeamFields) -> dict[str, tuple[str, ...]]:
    """The values that metadata fields have to have, by field; one that is asked for without a value may have any.

    A field that is called like a parameter of the route is left to it.

    Raises:
        Rejected: there is no such parameter, or there are filters without end.
    """
    metadata = _metadata_of(request, team_fields)
    wanted = {name: tuple(filter(None, map(str.strip, values))) for name, values in metadata.items()}
    return {name: values for name, values in wanted.items() if values}


WITH_METADATA = {"said": Provide(wanted_metadata, sync_to_thread=False)}
"""What gives a route its ``said: Said``: the metadata that its address asks for."""


def filters_of(request: AnyRequest, team_fields: Fields) -> list[Field]:
    """The columns of the team that the forms of a route filter by."""
    named = parameters_of(request)
    return [field for field in team_fields.columns if field.name not in named]


def _metadata_of(request: AnyRequest, team_fields: Fields) -> dict[str, tuple[str, ...]]:
    given = request.query_params
    named = parameters_of(request)
    fields = [field.name for field in team_fields.short if field.name not in named]
    for name in given:
        if name not in named and name not in fields:
            raise unknown_parameter(name, [*named, *fields])
    if len(request.url.query) > MAX_QUERY_LENGTH:
        # A page has this address, with one filter less, in the chip of every filter.
        raise Rejected("This looks for too much at once: leave some filters out.", code="search_too_long")
    return {name: _unique(given.getall(name)) for name in fields if name in given}


def _unique(values: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values or ()))


def _instant(text: str, zone: tzinfo, *, edge: int) -> int | None:
    if not text.strip():
        return None
    if not _DAY.fullmatch(text):
        return from_rfc3339(text)
    return bounds_of(read_day(text), zone)[edge]
