"""Worksheets: saved arrangements of plots that open on any recording, whatever its car calls its signals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from paddock.domain.catalogue import Described
from paddock.domain.catalogue_defaults import Role
from paddock.errors import Rejected

MAX_PLOTS = 30
MAX_SIGNALS = 100
"""In all plots together: so many the workspace draws."""
MAX_WORKSHEETS = 500
MAX_NAME = 120

_Name = Annotated[str, Meta(max_length=2_000)]


class SheetSignal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One signal as a worksheet remembers it."""

    name: _Name
    """By which the team knows it."""
    role: Role = Role.NONE
    """What it was for, to be found again in a car that has no such name."""


Plots = tuple[tuple[SheetSignal, ...], ...]
"""From the top."""


class Worksheet(msgspec.Struct, frozen=True, kw_only=True):
    """One arrangement."""

    id: str
    name: str
    plots: Plots
    is_default: bool = False
    """Whether a recording's page begins with it; one of the team's does at most."""
    changed_at: int = 0
    changed_by: str = ""
    version: int = 1


class Fitted(msgspec.Struct, frozen=True):
    """A worksheet on one recording."""

    plots: tuple[tuple[str, ...], ...]
    """The recording's own names; plots of which it has nothing are left out."""
    missing: tuple[str, ...]
    """What it has nothing for, as the worksheet names it."""


def check_worksheet(name: str, plots: Sequence[Sequence[object]]) -> str:
    """The name without spaces around.

    Raises:
        Rejected: no or too long a name, nothing in it, or too much (code ``bad_worksheet``).
    """
    stripped = " ".join(name.split())
    if not stripped or len(stripped) > MAX_NAME:
        raise Rejected(f"Give the worksheet a name of at most {MAX_NAME} characters.", code="bad_worksheet")
    if not any(plots):
        raise Rejected("A worksheet has at least one signal: plot something first.", code="bad_worksheet")
    if len(plots) > MAX_PLOTS or sum(map(len, plots)) > MAX_SIGNALS:
        raise Rejected(
            f"A worksheet has at most {MAX_PLOTS} plots and {MAX_SIGNALS} signals.", code="bad_worksheet"
        )
    return stripped


def remembered(plots: Sequence[Sequence[str]], signals: Iterable[Described]) -> Plots:
    """The plots of a recording as a worksheet keeps them: by the team's names and roles.

    Args:
        plots: names of signals in the recording.
        signals: all that it has.
    """
    known = {each.name: each for each in signals}

    def kept(name: str) -> SheetSignal:
        return SheetSignal(known[name].signal, known[name].role) if name in known else SheetSignal(name)

    return tuple(tuple(map(kept, plot)) for plot in plots if plot)


def with_roles(plots: Sequence[Sequence[str]], roles: Sequence[Sequence[Role]]) -> Plots:
    """Plots of the team's own names; a signal that ``roles`` does not reach has none."""

    def kept(number: int, plot: Sequence[str]) -> tuple[SheetSignal, ...]:
        of_plot = [*roles[number]] if number < len(roles) else []
        of_plot += [Role.NONE] * (len(plot) - len(of_plot))
        return tuple(SheetSignal(name, role) for name, role in zip(plot, of_plot, strict=False))

    return tuple(kept(number, plot) for number, plot in enumerate(plots) if plot)


def fit(plots: Plots, signals: Sequence[Described]) -> Fitted:
    """The signals of a recording that a worksheet means: by name, by the team's name, then the first of its role.

    Args:
        signals: all that the recording has, those that are best for a role first.
    """
    by_name = {each.name: each.name for each in signals}
    by_signal: dict[str, str] = {}
    by_role: dict[Role, list[str]] = {}
    for each in signals:
        by_signal.setdefault(each.signal, each.name)
        by_role.setdefault(each.role, []).append(each.name)
    taken: set[str] = set()
    missing: list[str] = []

    def found(wanted: SheetSignal) -> str | None:
        name = by_name.get(wanted.name) or by_signal.get(wanted.name)
        if name is None and wanted.role is not Role.NONE:
            # Four wheel speeds are four signals of one role: each is taken once.
            name = next((each for each in by_role.get(wanted.role, ()) if each not in taken), None)
        if name is None:
            missing.append(wanted.name)
        else:
            taken.add(name)
        return name

    fitted = [tuple(name for each in plot if (name := found(each)) is not None) for plot in plots]
    return Fitted(tuple(plot for plot in fitted if plot), tuple(missing))
