"""What a team made once for all recordings, as both Paddocks list and take it: maths channels, venues, worksheets.

Laps and derived signals do not go over: each Paddock computes them by these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Generic, TypeVar

import msgspec

from paddock.basestation.sync.side import Side
from paddock.domain.maths_channels import MathsText
from paddock.domain.questions import QuestionKind
from paddock.domain.venues import Course
from paddock.domain.worksheets import SheetSignal
from paddock.errors import NotFound


class SharedVenue(msgspec.Struct, frozen=True):
    """A venue as both may have it."""

    name: str
    courses: tuple[Course, ...]


class SharedWorksheet(msgspec.Struct, frozen=True):
    """A worksheet as both may have it; which one pages begin with is said on each."""

    name: str
    plots: tuple[tuple[SheetSignal, ...], ...]


Said = Mapping[str, list[dict[str, Any]]]
"""Things as the service says them, by kind."""
Thing = TypeVar("Thing", MathsText, SharedVenue, SharedWorksheet)


def team_things(side: Side) -> Said | None:
    """All of them in one answer; None where that Paddock is of a version that does not say them."""
    try:
        found: Said = side.connection.call("GET", "/api/sync/team")
    except NotFound:
        return None
    return found


@dataclass(frozen=True)
class Kind(Generic[Thing]):
    """How one kind of thing is listed, known by a name, and written."""

    question: QuestionKind
    label: str
    """Before a name in a sentence."""
    key: str
    """The key of the list, as ``team_things`` has it."""
    name: Callable[[Thing], str]
    read: Callable[[dict[str, Any]], Thing]
    """From what the service says."""
    body: Callable[[Thing], dict[str, Any]]
    """What it is told."""
    keeps: tuple[str, ...] = ("version",)
    """What is sent back as it was said, where one is replaced."""

    def known(self, said: Said) -> dict[str, dict[str, Any]]:
        """What the service says of each, by name and in its order."""
        named = ((self.name(self.read(each)), each) for each in said[self.key])
        return dict(sorted(named, key=itemgetter(0)))

    @property
    def path(self) -> str:
        """Where one is written."""
        return f"/api/{self.key}"

    def put(self, side: Side, thing: Thing, known: dict[str, Any] | None) -> None:
        """Add it, or have it replace what is known under its name."""
        if known is None:
            side.connection.call("POST", self.path, json=self.body(thing), tries=1)
        else:
            body = {**self.body(thing), **{name: known[name] for name in self.keeps}}
            side.connection.call("PUT", f"{self.path}/{known['id']}", json=body)

    def remove(self, side: Side, known: dict[str, Any]) -> None:
        """Take it away."""
        side.connection.call("DELETE", f"{self.path}/{known['id']}")


def _read_maths(item: dict[str, Any]) -> MathsText:
    said = {name: item[name] for name in MathsText.__struct_fields__}
    return msgspec.convert(said | ({} if item["unit_said"] else {"unit": ""}), MathsText)


def _read_venue(item: dict[str, Any]) -> SharedVenue:
    return msgspec.convert({"name": item["name"], "courses": item["courses"]}, SharedVenue)


def _read_worksheet(item: dict[str, Any]) -> SharedWorksheet:
    plots = [
        [{"name": name, "role": role} for name, role in zip(names, roles, strict=True)]
        for names, roles in zip(item["plots"], item["roles"], strict=True)
    ]
    return msgspec.convert({"name": item["name"], "plots": plots}, SharedWorksheet)


def _worksheet_body(sheet: SharedWorksheet) -> dict[str, Any]:
    return {
        "name": sheet.name,
        "recording": "",
        "plots": [[each.name for each in plot] for plot in sheet.plots],
        "roles": [[each.role.value for each in plot] for plot in sheet.plots],
    }


MATHS: Kind[MathsText] = Kind(
    QuestionKind.MATHS,
    "maths channel",
    "maths",
    lambda channel: f"{channel.name} ({channel.car})" if channel.car else channel.name,
    _read_maths,
    msgspec.to_builtins,
    keeps=("edition",),
)
VENUES: Kind[SharedVenue] = Kind(
    QuestionKind.VENUE, "venue", "venues", lambda venue: venue.name, _read_venue, msgspec.to_builtins
)
WORKSHEETS: Kind[SharedWorksheet] = Kind(
    QuestionKind.WORKSHEET,
    "worksheet",
    "worksheets",
    lambda sheet: sheet.name,
    _read_worksheet,
    _worksheet_body,
    keeps=("version", "is_default"),
)
