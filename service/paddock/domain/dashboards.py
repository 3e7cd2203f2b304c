"""Dashboards: what a person or the team wants to see of devices, on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from paddock.domain.catalogue import Described
from paddock.domain.catalogue_defaults import Role
from paddock.errors import Rejected

COLUMNS = 12
"""A dashboard is so many columns wide; its rows are as many as it needs."""
MAX_ROWS = 200
MAX_WIDGETS = 60
MAX_SIGNALS = 12
"""In one widget; a table has more."""
MAX_TABLE_SIGNALS = 200
MAX_NAME = 120

_Name = Annotated[str, Meta(max_length=400)]


class WidgetKind(StrEnum):
    """What a widget shows."""

    VALUE = "value"
    """One signal as a number, with its limits and the last minute as a line."""
    PLOT = "plot"
    STATE = "state"
    """States and switches over time, as bars."""
    MAP = "map"
    """Where it is: latitude and longitude, and what colours the way."""
    GAUGE = "gauge"
    TABLE = "table"
    ALERTS = "alerts"
    """What is wrong now."""
    ACTION = "action"
    """A button that asks a device for something."""
    TEXT = "text"


NEEDS: Mapping[WidgetKind, tuple[int, int]] = {
    WidgetKind.VALUE: (1, 1),
    WidgetKind.PLOT: (1, MAX_SIGNALS),
    WidgetKind.STATE: (1, MAX_SIGNALS),
    WidgetKind.MAP: (2, 3),
    WidgetKind.GAUGE: (1, 1),
    WidgetKind.TABLE: (0, MAX_TABLE_SIGNALS),
    WidgetKind.ALERTS: (0, 0),
    WidgetKind.ACTION: (0, 0),
    WidgetKind.TEXT: (0, 0),
}
"""How few and how many signals each kind shows. A table without any shows all that its device has."""
SIZES: Mapping[WidgetKind, tuple[int, int]] = {
    WidgetKind.VALUE: (3, 2),
    WidgetKind.PLOT: (6, 4),
    WidgetKind.STATE: (6, 3),
    WidgetKind.MAP: (4, 5),
    WidgetKind.GAUGE: (3, 3),
    WidgetKind.TABLE: (4, 5),
    WidgetKind.ALERTS: (4, 3),
    WidgetKind.ACTION: (2, 2),
    WidgetKind.TEXT: (3, 2),
}
"""Columns and rows of a new one."""


class Widget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One part of a dashboard, and where it is."""

    id: Annotated[str, Meta(min_length=1, max_length=40, pattern="^[A-Za-z0-9_-]+$")]
    """Unlike the others of its dashboard."""
    kind: WidgetKind
    title: Annotated[str, Meta(max_length=MAX_NAME)] = ""
    """What it is called instead of its signals' labels."""
    device: Annotated[str, Meta(max_length=200)] = ""
    """Whose signals, alerts or action; alerts without one are those of all devices."""
    signals: Annotated[tuple[_Name, ...], Meta(max_length=MAX_TABLE_SIGNALS)] = ()
    x: Annotated[int, Meta(ge=0, le=COLUMNS - 1)] = 0
    """Its first column, from 0."""
    y: Annotated[int, Meta(ge=0, le=MAX_ROWS)] = 0
    """Its first row."""
    width: Annotated[int, Meta(ge=1, le=COLUMNS)] = 3
    height: Annotated[int, Meta(ge=1, le=20)] = 2
    span_s: Annotated[float, Meta(ge=5, le=3_600)] = 60.0
    """So much of the past it shows."""
    low: Annotated[float, Meta(ge=-1e300, le=1e300)] | None = None
    """Limits in place of the catalogue's; the ends of a gauge."""
    high: Annotated[float, Meta(ge=-1e300, le=1e300)] | None = None
    action: Annotated[str, Meta(max_length=200)] = ""
    """What the button asks for."""
    parameters: Annotated[str, Meta(max_length=2_000)] = ""
    """What goes along with it, as JSON."""
    text: Annotated[str, Meta(max_length=2_000)] = ""


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """One dashboard, as a document."""

    id: str
    name: str
    owner: str = ""
    """Whose it is; empty for the team's."""
    widgets: tuple[Widget, ...] = ()
    added_at: int = 0
    added_by: str = ""
    changed_at: int = 0
    changed_by: str = ""
    version: int = 1
    """Raised by every change, which names the one that it is of."""


def check_dashboard(name: str, widgets: Sequence[Widget]) -> str:
    """The name without spaces around.

    Raises:
        Rejected: it has no name, two widgets of one id, or a widget that cannot be (code ``bad_dashboard``).
    """
    name = name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise _bad(f"A dashboard has a name of at most {MAX_NAME} characters.")
    if len(widgets) > MAX_WIDGETS:
        raise _bad(f"A dashboard has at most {MAX_WIDGETS} widgets: make a second one.")
    if len({each.id for each in widgets}) < len(widgets):
        raise _bad("Two widgets have the same id.")
    for widget in widgets:
        _check_widget(widget)
    return name


def _check_widget(widget: Widget) -> None:
    what = f"The widget {widget.title or widget.kind.value!r}"
    fewest, most = NEEDS[widget.kind]
    if not fewest <= len(widget.signals) <= most:
        wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        raise _bad(f"{what} shows {wanted} signals, not {len(widget.signals)}.")
    if widget.x + widget.width > COLUMNS:
        raise _bad(f"{what} goes beyond the {COLUMNS} columns of a dashboard.")
    if (widget.signals or widget.kind is WidgetKind.ACTION) and not widget.device:
        raise _bad(f"{what} names no device.")
    if widget.kind is WidgetKind.ACTION and not widget.action.strip():
        raise _bad(f"{what} names no action.")
    if widget.low is not None and widget.high is not None and widget.low >= widget.high:
        raise _bad(f"The limits of {what[0].lower()}{what[1:]} are no range: low must be below high.")
    if not widget.title.isprintable():
        raise _bad(f"{what} has characters in its title that cannot be shown.")


def _bad(message: str) -> Rejected:
    return Rejected(message, code="bad_dashboard")


_VALUES = (Role.SPEED, Role.STATE_OF_CHARGE, Role.PACK_VOLTAGE, Role.PACK_CURRENT)
_PLOTS = (
    ("Speed", (Role.SPEED,)),
    ("Throttle, brake and steering", (Role.THROTTLE, Role.BRAKE, Role.STEERING)),
    ("Pack", (Role.PACK_VOLTAGE, Role.PACK_CURRENT)),
    ("Temperatures", (Role.CELL_TEMPERATURE, Role.MOTOR_TEMPERATURE)),
    ("Wheel speeds", (Role.WHEEL_SPEED,)),
)
_STATES = (Role.STATE, Role.FAULT, Role.SHUTDOWN)
_FEW = 4
"""Widgets that leave room on a screen."""


def default_widgets(
    device: str, roles: Mapping[Role, Sequence[Described]], others: Sequence[Described]
) -> tuple[Widget, ...]:
    """What to show of a device where nobody has said: its signals by role, else those that it has.

    Args:
        device: its id.
        roles: as ``CarCatalogue.resolve`` found them.
        others: numbers that it sends; those that play no role are in a table, or as those with one where none does.
    """
    laid = _Laid(device)
    for role in _VALUES:
        for signal in roles.get(role, ())[:1]:
            laid.add(WidgetKind.VALUE, (signal.name,))
    place = [roles[role][0].name for role in (Role.LATITUDE, Role.LONGITUDE) if role in roles]
    for title, played in _PLOTS:
        names = tuple(signal.name for role in played for signal in roles.get(role, ())[:4])
        if names:
            laid.add(WidgetKind.PLOT, names[:MAX_SIGNALS], title)
    states = tuple(signal.name for role in _STATES for signal in roles.get(role, ())[:6])
    if states:
        laid.add(WidgetKind.STATE, states[:MAX_SIGNALS], "States and faults")
    if len(place) == 2:
        speed = tuple(signal.name for signal in roles.get(Role.SPEED, ())[:1])
        laid.add(WidgetKind.MAP, (*place, *speed), "Track")
    if not laid.widgets:
        for signal in others[:4]:
            laid.add(WidgetKind.VALUE, (signal.name,))
        for signal in others[:4]:
            laid.add(WidgetKind.PLOT, (signal.name,))
    # A car fills the screen with what has a role; a box with few signals shows them all, side by side.
    is_small = len(laid.widgets) <= _FEW
    shown = {name for widget in laid.widgets for name in widget.signals}
    rest = tuple(signal.name for signal in others if signal.name not in shown)
    if is_small and rest:
        laid.add(WidgetKind.TABLE, rest[:MAX_SIGNALS], "Other signals")
    laid.add(WidgetKind.ALERTS, (), "Alerts")
    return laid.filled() if is_small else tuple(laid.widgets)


class _Laid:
    """Widgets beside each other, row by row."""

    def __init__(self, device: str) -> None:
        self.widgets: list[Widget] = []
        self._device = device
        self._x = self._y = self._high = 0

    def add(self, kind: WidgetKind, signals: tuple[str, ...], title: str = "") -> None:
        width, height = SIZES[kind]
        if self._x + width > COLUMNS:
            self._x, self._y, self._high = 0, self._y + self._high, 0
        self.widgets.append(
            Widget(
                id=f"w{len(self.widgets) + 1}",
                kind=kind,
                title=title,
                device=self._device,
                signals=signals,
                x=self._x,
                y=self._y,
                width=width,
                height=height,
            )
        )
        self._x += width
        self._high = max(self._high, height)

    def filled(self) -> tuple[Widget, ...]:
        """The widgets without holes: each row is as wide as the screen, and its widgets are equally high."""
        found: list[Widget] = []
        for y in sorted({widget.y for widget in self.widgets}):
            row = [widget for widget in self.widgets if widget.y == y]
            # A number needs no more room than it has, unless nothing else is in the row.
            wider = [n for n, each in enumerate(row) if each.kind is not WidgetKind.VALUE] or list(range(len(row)))
            widths = [each.width for each in row]
            room = COLUMNS - sum(widths)
            for turn in range(room):
                widths[wider[turn % len(wider)]] += 1
            high = max(each.height for each in row)
            for n, each in enumerate(row):
                found.append(msgspec.structs.replace(each, x=sum(widths[:n]), width=widths[n], height=high))
        return tuple(found)
