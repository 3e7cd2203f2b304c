"""What a new version of a CAN database changes, in words."""

from __future__ import annotations

import pytest

from paddock.domain.database_changes import ChangeKind, changes, renames
from paddock.readers.can.dbc import read_dbc
from tests.readers.can.dbc import SMALL

BEFORE = read_dbc(SMALL.encode())


def told(*replacements: tuple[str, str]) -> list[tuple[str, str, str]]:
    text = SMALL
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return [(each.kind.value, each.name, each.sentence) for each in changes(BEFORE, read_dbc(text.encode()))]


def test_the_same_changes_nothing() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("old", "new", "kind", "name", "sentence"),
    [
        (" SG_ Rpm :", " SG_ Speed :", "renamed", "Engine.Speed", "Engine.Rpm is called Engine.Speed now."),
        (
            "16|8@1- (0.5,-40)",
            "16|8@1- (1,-40)",
            "rescaled",
            "Engine.Water",
            "Engine.Water is raw × 1 - 40 now, it was raw × 0.5 - 40.",
        ),
        ('"degC"', '"K"', "rescaled", "Engine.Water", "Engine.Water is in K now, it was in degC."),
        (
            "28|1@1+",
            "30|1@1+",
            "moved",
            "Engine.Running",
            "Engine.Running lies in 1 bit from bit 30, little-endian now, "
            "it lay in 1 bit from bit 28, little-endian.",
        ),
        (
            "16|8@1-",
            "16|8@1+",
            "redefined",
            "Engine.Water",
            "Engine.Water is read as unsigned now, it was read as signed.",
        ),
        ('2 "Second"', '2 "Two"', "redefined", "Engine.Gear", "Engine.Gear has other names for its values now."),
        (
            "BO_ 512 Pressure",
            "BO_ 513 Pressure",
            "moved",
            "Pressure",
            "Pressure has the id 0x201 now, it was 0x200.",
        ),
        (
            'SG_ Rear : 32|32@1- (1,0) [0|0] "bar" Dash',
            "",
            "removed",
            "Pressure.Rear",
            "Pressure.Rear is gone.",
        ),
    ],
)
def test_each_kind_of_change_is_one_sentence(old: str, new: str, kind: str, name: str, sentence: str) -> None:
    found = told((old, new))
    assert (kind, name, sentence) in found
    if "Pressure" not in name:
        assert len(found) == 1


def test_a_renamed_message_renames_its_signals() -> None:
    after = read_dbc(SMALL.replace("BO_ 256 Engine", "BO_ 256 Motor").encode())
    found = changes(BEFORE, after)
    assert {each.kind for each in found} == {ChangeKind.RENAMED}
    assert renames(found) == {
        f"Engine.{name}": f"Motor.{name}" for name in ("Rpm", "Water", "Gear", "Running", "Lambda")
    }


def test_signals_of_one_name_in_two_branches_are_told_apart() -> None:
    assert told(("SG_ Cell m1 : 24|16", "SG_ Cell m1 : 40|16")) == [
        (
            "moved",
            "Battery.Cell",
            "Battery.Cell lies in 16 bits from bit 40, little-endian now, "
            "it lay in 16 bits from bit 24, little-endian.",
        )
    ]


def test_two_that_change_places_are_moved_and_not_renamed() -> None:
    found = told(("Front : 0|32", "Front : 32|32"), ("Rear : 32|32", "Rear : 0|32"))
    assert [each[:2] for each in found] == [("moved", "Pressure.Front"), ("moved", "Pressure.Rear")]
