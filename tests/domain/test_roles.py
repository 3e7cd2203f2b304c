"""Who may what."""

from __future__ import annotations

from itertools import pairwise

import pytest

from paddock.domain.principal import LOCAL_USER, may, require
from paddock.domain.roles import PEOPLE_ROLES, PERMISSIONS, Permission, TeamRole, lesser
from paddock.errors import Rejected


def test_every_permission_has_words_and_every_role_its_row() -> None:
    assert all(permission.words for permission in Permission)
    assert set(PERMISSIONS) == set(TeamRole)


@pytest.mark.parametrize("permission", Permission)
def test_without_people_there_is_one_user_who_may_everything(permission: Permission) -> None:
    require(LOCAL_USER, permission)


def test_each_role_of_people_may_what_the_one_before_may_and_more() -> None:
    for less, more in pairwise(PEOPLE_ROLES):
        assert PERMISSIONS[less] < PERMISSIONS[more]
        assert lesser(less, more) is lesser(more, less) is less
    assert PERMISSIONS[TeamRole.VIEWER] == {Permission.READ, Permission.EXPORT, Permission.SEE_ACTIONS}
    assert PERMISSIONS[TeamRole.ADMIN] == set(Permission)
    assert PERMISSIONS[TeamRole.STRANGER] == set()
    assert PERMISSIONS[TeamRole.DEVICE] == {Permission.SEND_DATA, Permission.SEE_ACTIONS}


def test_who_may_not_is_told_what(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PERMISSIONS, TeamRole.ADMIN, frozenset({Permission.READ}))
    assert may(LOCAL_USER, Permission.READ)
    with pytest.raises(Rejected, match="local may not delete or restore recordings: ask an admin"):
        require(LOCAL_USER, Permission.DELETE)
