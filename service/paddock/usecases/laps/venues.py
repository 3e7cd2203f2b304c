"""Venues: found in recordings, drawn by people; what changes with one is timed again."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import msgspec

from paddock.domain.principal import Principal
from paddock.domain.recording import Recording
from paddock.domain.venues import (
    MAX_CONFIGURATIONS,
    Course,
    Place,
    ReferenceLap,
    Venue,
    check_course,
    nearest_venue,
)
from paddock.errors import Conflict, NotFound, Rejected
from paddock.ports.documents import MAX_PAGE, Equals, Sort
from paddock.usecases.context import Context
from paddock.usecases.jobs import jobs

MAX_VENUES = 5_000
_LONGEST_NAME = 200


async def all_venues(context: Context) -> list[Venue]:
    """Every venue, by name."""
    found: list[Venue] = []
    after = None
    while len(found) < MAX_VENUES:
        page = await context.documents.venues.find(sort=Sort("name"), limit=MAX_PAGE, after=after)
        found += page.items
        if page.next is None:
            break
        after = page.next
    return found


async def get_venue(context: Context, venue_id: str) -> Venue:
    """One venue.

    Raises:
        NotFound: there is none (code ``no_such_venue``).
    """
    venue = await context.documents.venues.get(venue_id)
    if venue is None:
        raise NotFound("There is no such venue: it may have been removed.", code="no_such_venue")
    return venue


async def venue_at(context: Context, place: Place) -> Venue | None:
    """The venue at a place."""
    return nearest_venue(await all_venues(context), place)


async def course_found(
    context: Context, recording: Recording, place: Place, course: Course, name: str
) -> tuple[Venue, Course]:
    """The venue at a place with a course that a recording drove: a new venue, or a new configuration of one."""
    while True:
        venue = await venue_at(context, place)
        if venue is None:
            made = Venue(
                id=secrets.token_hex(6),
                name=name or f"Track at {place.latitude:.3f}, {place.longitude:.3f}",
                latitude=place.latitude,
                longitude=place.longitude,
                courses=(msgspec.structs.replace(course, id="1", name="Course 1"),),
                found_in=recording.id,
                changed_at=context.now(),
            )
            if await context.documents.venues.insert(made):
                return made, made.courses[0]
            continue
        number = _next_id(venue.courses)
        added = msgspec.structs.replace(course, id=number, name=course.event or f"Course {number}")
        changes = {
            "courses": (*venue.courses, added)[-MAX_CONFIGURATIONS:],
            "version": venue.version + 1,
            "changed_at": context.now(),
        }
        changed = await context.documents.venues.change(venue.id, changes, [Equals("version", venue.version)])
        if changed is not None:
            return changed, added


def _next_id(courses: Sequence[Course]) -> str:
    numbers = [int(course.id) for course in courses if course.id.isdecimal()]
    return str(max(numbers, default=0) + 1)


async def add_venue(context: Context, principal: Principal, name: str, courses: Sequence[Course]) -> Venue:
    """Draw a venue; recordings near it whose laps nobody timed are timed.

    Raises:
        Rejected: a name or a course that cannot be (code ``bad_course``).
    """
    checked = _checked(name, courses)
    place = checked[0].start.middle
    venue = Venue(
        id=secrets.token_hex(6),
        name=name.strip(),
        latitude=place.latitude,
        longitude=place.longitude,
        courses=checked,
        changed_at=context.now(),
        changed_by=principal.name,
    )
    await context.documents.venues.put_many([venue])
    await _time_again(context, principal, venue)
    return venue


async def change_venue(
    context: Context, principal: Principal, venue_id: str, name: str, courses: Sequence[Course], *, version: int
) -> Venue:
    """Replace name and courses; all recordings there are timed again.

    Raises:
        NotFound: there is none (code ``no_such_venue``).
        Rejected: a name or a course that cannot be (code ``bad_course``).
        Conflict: somebody else changed it since (code ``venue_changed``).
    """
    venue = await get_venue(context, venue_id)
    checked = _checked(name, courses)
    changes = {
        "name": name.strip(),
        "courses": checked,
        "version": version + 1,
        "changed_at": context.now(),
        "changed_by": principal.name,
    }
    changed = await context.documents.venues.change(venue.id, changes, [Equals("version", version)])
    if changed is None:
        raise Conflict(
            "Somebody changed this venue meanwhile: reload the page, then repeat your change.", code="venue_changed"
        )
    if _timing(venue.courses) != _timing(checked):
        await _time_again(context, principal, changed)
    return changed


async def set_reference(
    context: Context, principal: Principal, venue_id: str, course_id: str, reference: ReferenceLap | None
) -> Venue:
    """Say which lap others on a course are compared with; None for none.

    Raises:
        NotFound: no such venue, course (code ``no_such_venue``) or lap (``no_such_lap``).
        Conflict: somebody changed the venue in this very moment (code ``venue_changed``).
    """
    venue = await get_venue(context, venue_id)
    if venue.course(course_id) is None:
        raise NotFound("The venue has no such course: reload the page.", code="no_such_venue")
    if reference is not None:
        known = await context.documents.laps.get(f"{reference.recording}:{reference.number}")
        if known is None:
            raise NotFound("There is no such lap any more: reload the page.", code="no_such_lap")
    courses = tuple(
        msgspec.structs.replace(course, reference=reference) if course.id == course_id else course
        for course in venue.courses
    )
    return await change_venue(context, principal, venue.id, venue.name, courses, version=venue.version)


async def remove_venue(context: Context, principal: Principal, venue_id: str) -> None:
    """Take a venue away; the laps there lose it, and may find another one.

    Raises:
        NotFound: there is none (code ``no_such_venue``).
    """
    venue = await get_venue(context, venue_id)
    await context.documents.venues.delete([Equals("id", venue.id)])
    await _time_again(context, principal, venue)


def _checked(name: str, courses: Sequence[Course]) -> tuple[Course, ...]:
    name = name.strip()
    if not 0 < len(name) <= _LONGEST_NAME:
        raise Rejected(f"A venue has a name of at most {_LONGEST_NAME} characters.", code="bad_course")
    if not 0 < len(courses) <= MAX_CONFIGURATIONS:
        raise Rejected(f"A venue has 1 to {MAX_CONFIGURATIONS} configurations.", code="bad_course")
    checked: list[Course] = []
    for course in courses:
        course = check_course(course)
        number = course.id or _next_id((*courses, *checked))
        if any(other.id == number for other in checked):
            raise Rejected("Two configurations have the same id.", code="bad_course")
        checked.append(msgspec.structs.replace(course, id=number, name=course.name or f"Course {number}"))
    return tuple(checked)


def _timing(courses: Sequence[Course]) -> list[Course]:
    """The courses as far as they change lap times: without their reference laps."""
    return [msgspec.structs.replace(course, reference=None) for course in courses]


async def _time_again(context: Context, principal: Principal, venue: Venue) -> None:
    """Ask for the laps of all recordings that are or may be of a venue."""
    for wanted in dict.fromkeys((venue.id, "")):
        after = None
        while True:
            page = await context.documents.lap_tables.find([Equals("venue", wanted)], limit=MAX_PAGE, after=after)
            for table in page.items:
                if table.latitude is None or table.longitude is None:
                    continue
                near = nearest_venue([venue], Place(table.latitude, table.longitude)) is not None
                if wanted or near:
                    await jobs.enqueue(context, "laps", table.id, asked_by=principal.name)
            if page.next is None:
                break
            after = page.next
