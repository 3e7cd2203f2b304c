"""Venues: where a team drives, and the lines across the track that its laps are timed by."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from math import cos, hypot, radians
from typing import Annotated

import msgspec
from msgspec import Meta

from paddock.errors import Rejected

METRES_PER_DEGREE = 111_195.0
NEAR_M = 3_000.0
"""A recording that begins so far from a venue's place is one of it: circuits are up to 7 km long."""
MAX_SECTOR_LINES = 20
MAX_CONFIGURATIONS = 100
_WORD = 200
_LONGEST_LINE_M = 300.0
_SHORTEST_LINE_M = 1.0
_FURTHEST_M = 30_000.0

Latitude = Annotated[float, Meta(ge=-90, le=90, description="Degrees north.", examples=[42.0664])]
Longitude = Annotated[float, Meta(ge=-180, le=180, description="Degrees east.", examples=[-84.2414])]


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A point on the ground, WGS 84."""

    latitude: Latitude
    longitude: Longitude


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A straight line across the track; it counts when it is crossed with ``left`` on the left."""

    left: Annotated[Place, Meta(description="End on the left of who drives over it.")]
    right: Annotated[Place, Meta(description="The other end.")]

    def flipped(self) -> Line:
        """The same line for cars that come from the other side."""
        return Line(self.right, self.left)

    @property
    def middle(self) -> Place:
        """Half way between its ends."""
        left, right = self.left, self.right
        return Place((left.latitude + right.latitude) / 2, (left.longitude + right.longitude) / 2)


class ReferenceLap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lap that others at the venue are compared with."""

    recording: Annotated[str, Meta(max_length=64, description="Id of the recording.")]
    number: Annotated[int, Meta(ge=0, le=1_000_000, description="Of the lap in it.")]


class Course(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One configuration of a venue: Saturday's course is another one."""

    id: Annotated[str, Meta(max_length=_WORD, description="Unique within the venue.")] = ""
    name: Annotated[str, Meta(max_length=_WORD, description="For people.", examples=["Autocross 2026"])] = ""
    valid_from: Annotated[
        str,
        Meta(max_length=10, description="First day that it was driven; empty for always.", examples=["2026-04-18"]),
    ] = ""
    valid_until: Annotated[str, Meta(max_length=10, description="Last such day.", examples=["2026-04-19"])] = ""
    event: Annotated[
        str,
        Meta(max_length=_WORD, description="Only for runs of this event; empty for all.", examples=["autocross"]),
    ] = ""
    start: Annotated[Line, Meta(description="Start line, which on a circuit is the finish as well.")]
    finish: Annotated[
        Line | None,
        Meta(description="A finish elsewhere, as of an acceleration run or an autocross; null on a circuit."),
    ] = None
    sectors: Annotated[
        tuple[Line, ...],
        Meta(max_length=MAX_SECTOR_LINES, description="Lines between the sectors, in the order of driving."),
    ] = ()
    reference: Annotated[ReferenceLap | None, Meta(description="What laps here are compared with.")] = None

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every line: the start, those between sectors, and a finish elsewhere."""
        return (self.start, *self.sectors, *((self.finish,) if self.finish else ()))

    def reversed(self) -> Course:
        """The same course driven the other way round."""
        finish = self.finish
        return msgspec.structs.replace(
            self,
            start=(finish or self.start).flipped(),
            finish=self.start.flipped() if finish else None,
            sectors=tuple(line.flipped() for line in reversed(self.sectors)),
        )


class Venue(msgspec.Struct, frozen=True, kw_only=True):
    """A place that the team drives at, as a document."""

    id: str
    name: str
    latitude: float
    longitude: float
    courses: tuple[Course, ...]
    """In the order in which they were made."""
    found_in: str = ""
    """The recording that it was found in, or empty for one that a person made."""
    version: int = 1
    changed_at: int = 0
    changed_by: str = ""

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.latitude, self.longitude)

    def courses_for(self, day: str, event: str) -> list[Course]:
        """The configurations that a run of an event may have driven on a day (``2026-04-18``), the likeliest first.

        What is for the event goes before what is for all, and few days before many.
        """
        fitting = [course for course in self.courses if _fits(course, day, event)]
        return sorted(fitting, key=lambda course: (not course.event, _openness(course)))

    def course(self, course_id: str) -> Course | None:
        """The configuration with this id."""
        return next((course for course in self.courses if course.id == course_id), None)


def metres_between(one: Place, other: Place) -> float:
    """The distance of two places that are near each other, to some tenths of a percent."""
    north = (other.latitude - one.latitude) * METRES_PER_DEGREE
    east = ((other.longitude - one.longitude + 180) % 360 - 180) * METRES_PER_DEGREE * cos(radians(one.latitude))
    return hypot(north, east)


def nearest_venue(venues: Iterable[Venue], place: Place) -> Venue | None:
    """The venue at a place, if there is one within ``NEAR_M``."""
    near = [(metres_between(venue.place, place), venue.id, venue) for venue in venues]
    found = min(near, default=None, key=lambda each: each[:2])
    return found[2] if found is not None and found[0] <= NEAR_M else None


def check_course(course: Course) -> Course:
    """A course as it is stored, without spaces around its texts.

    Raises:
        Rejected: a line without length or of several hundred metres, lines that are far apart, days that are none
            or in the wrong order (code ``bad_course``).
    """
    texts = {name: getattr(course, name).strip() for name in ("name", "event", "valid_from", "valid_until")}
    course = msgspec.structs.replace(course, **texts)
    for day in (course.valid_from, course.valid_until):
        if day and not _is_day(day):
            raise Rejected(f"{day!r} is no day: write it like 2026-04-18.", code="bad_course")
    if course.valid_from and course.valid_until and course.valid_until < course.valid_from:
        raise Rejected("The last day is before the first.", code="bad_course")
    for line in course.lines:
        length_m = metres_between(line.left, line.right)
        if not _SHORTEST_LINE_M <= length_m <= _LONGEST_LINE_M:
            raise Rejected(
                f"A line across the track has {_SHORTEST_LINE_M:.0f} to {_LONGEST_LINE_M:.0f} m, "
                f"and not {length_m:.1f} m.",
                code="bad_course",
            )
        if metres_between(course.start.middle, line.middle) > _FURTHEST_M:
            raise Rejected("The lines are more than 30 km apart: they are of different venues.", code="bad_course")
    return course


def _fits(course: Course, day: str, event: str) -> bool:
    if course.event and course.event.casefold() != event.casefold():
        return False
    return (not course.valid_from or course.valid_from <= day) and (
        not course.valid_until or day <= course.valid_until
    )


def _openness(course: Course) -> float:
    """How many days a configuration has, open ends counting most."""
    if not (course.valid_from and course.valid_until):
        return 1e6 if course.valid_from or course.valid_until else 2e6
    return (date.fromisoformat(course.valid_until) - date.fromisoformat(course.valid_from)).days


def _is_day(day: str) -> bool:
    try:
        return date.fromisoformat(day).isoformat() == day
    except ValueError:
        return False
