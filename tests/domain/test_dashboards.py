"""What a dashboard shows of a device where nobody has said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paddock.domain.catalogue import Described
from paddock.domain.catalogue_defaults import Role
from paddock.domain.dashboards import COLUMNS, MAX_SIGNALS, WidgetKind, check_dashboard, default_widgets

ROLES = (Role.SPEED, Role.STATE_OF_CHARGE, Role.THROTTLE, Role.BRAKE, Role.STATE, Role.LATITUDE, Role.LONGITUDE)


def signal(name: str, role: Role = Role.NONE) -> Described:
    return Described(name, name, "double", name, "", role)


@given(st.sets(st.sampled_from(ROLES)), st.integers(0, 40))
def test_what_sends_little_shows_all_of_it_without_holes(played: set[Role], more: int) -> None:
    roles = {role: [signal(f"car.{role.value}", role)] for role in played}
    others = [signal(f"car.{n}") for n in range(more)]
    widgets = default_widgets("car", roles, [*(each for found in roles.values() for each in found), *others])
    check_dashboard("Car", widgets)
    cells = [
        (x, y)
        for each in widgets
        for x in range(each.x, each.x + each.width)
        for y in range(each.y, each.y + each.height)
    ]
    assert len(cells) == len(set(cells)), "none lies on another"
    assert widgets[-1].kind is WidgetKind.ALERTS
    shown = {name for widget in widgets for name in widget.signals}
    unplayed = len(played)  # a latitude alone is no place
    if len(widgets) <= 5:
        assert len(cells) == COLUMNS * (1 + max(y for _, y in cells)), "no holes"
        if played:
            assert shown >= {each.name for each in others[: MAX_SIGNALS - unplayed]}
