"""What a recording has of the team's maths channels: of today's version, of an older one, or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from paddock.domain.contents import Contents
from paddock.domain.maths_channels import DerivedChannel, of_car
from paddock.domain.recording import Recording
from paddock.usecases.catalogue.catalogue import car_of
from paddock.usecases.context import Context
from paddock.usecases.maths.names import all_channels


@dataclass(frozen=True)
class MathsStanding:
    """The maths channels of a recording."""

    derived: tuple[DerivedChannel, ...] = ()
    """As they were computed, those that could not be as well."""
    outdated: frozenset[str] = frozenset()
    """Names of those that are of an older version, or that the team has no more."""
    waiting: tuple[str, ...] = ()
    """Names of those that are not computed yet."""

    @property
    def failed(self) -> tuple[DerivedChannel, ...]:
        """Those that could not be computed, with the reason."""
        return tuple(each for each in self.derived if each.error)


async def standing_of(context: Context, recording: Recording, contents: Contents) -> MathsStanding:
    """What a recording has, compared with the team's channels of today."""
    today = {each.name: each for each in of_car(await all_channels(context), car_of(recording))}
    if not today and not contents.derived:
        return MathsStanding()
    outdated = frozenset(
        each.name
        for each in contents.derived
        if each.name not in today or (each.channel, each.version) != (today[each.name].id, today[each.name].version)
    )
    waiting = tuple(sorted(today.keys() - {each.name for each in contents.derived}))
    return MathsStanding(contents.derived, outdated, waiting)
