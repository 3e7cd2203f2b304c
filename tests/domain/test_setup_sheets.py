"""Setup sheets: values keep what was typed, and changes are exactly what differs."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.domain.setup_comparisons import read_setup_comparison
from paddock.domain.setup_fields import (
    DEFAULT_FIELDS,
    MAX_COLUMNS,
    SetupField,
    SetupFieldValues,
    SetupKind,
    check_field,
)
from paddock.domain.setup_sheets import SetupFields, check_value, compare_sheets
from paddock.domain.setup_values import changed, changes_between, text_of, value_of
from paddock.errors import Rejected

FIELDS = SetupFields()
NUMBER = SetupField("spring_front", "Front spring", "N/mm")
TEXT = SetupField("tire_set", "Tire set", kind=SetupKind.TEXT)
CHOICE = SetupField("arb", "Bar", kind=SetupKind.CHOICE, choices=("Soft", "Hard", "2"))

numbers = st.floats(-1e15, 1e15).map(lambda number: number + 0.0)
values = st.one_of(numbers, st.text(max_size=8).map(value_of))
sheets = st.dictionaries(st.sampled_from("abcdef"), values, max_size=6)
edits = st.dictionaries(st.sampled_from("abcdef"), st.none() | values, max_size=6)


@given(st.text())
def test_a_text_is_the_same_after_it_was_a_value(text: str) -> None:
    assert text_of(value_of(text)) == text


@given(st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number + 0.0))
def test_a_number_is_the_same_after_it_was_a_text(number: float) -> None:
    found = value_of(text_of(number))
    assert isinstance(found, float) and found == number


@given(sheets, sheets)
def test_changes_lead_from_one_sheet_to_the_other(before: dict, after: dict) -> None:  # type: ignore[type-arg]
    changes = changes_between(before, after)
    assert changed(before, changes) == after
    assert changes_between(before, before) == {}
    assert set(changes) == set(changes_between(after, before))
    assert {name: before.get(name) for name in changes} == changes_between(after, before)


@given(sheets, edits)
def test_a_copy_with_changes_differs_in_what_was_entered_alone(sheet: dict, entered: dict) -> None:  # type: ignore[type-arg]
    after = changed(sheet, entered)
    assert changes_between(sheet, after).items() <= entered.items()
    assert all(after[name] == value for name, value in sheet.items() if name not in entered)
    assert changed(after, entered) == after, "entered twice is entered once"


@given(sheets, edits, edits)
def test_two_who_change_other_fields_do_not_meet(sheet: dict, one: dict, two: dict) -> None:  # type: ignore[type-arg]
    two = {name: value for name, value in two.items() if name not in one}
    assert changed(changed(sheet, one), two) == changed(changed(sheet, two), one)


@given(st.lists(sheets, min_size=2, max_size=4))
def test_a_comparison_has_every_value_once(compared: list) -> None:  # type: ignore[type-arg]
    rows = compare_sheets(FIELDS, compared)
    for place, sheet in enumerate(compared):
        assert {row.name: row.values[place] for row in rows if row.values[place] is not None} == sheet
    differing = {row.name for row in rows if row.differs}
    assert differing == {name for sheet in compared for name in changes_between(compared[0], sheet)}


@pytest.mark.parametrize(
    ("field", "typed", "stored"),
    [
        (NUMBER, "35", 35.0),
        (NUMBER, " 35,5 ", 35.5),
        (NUMBER, 35, 35.0),
        (NUMBER, -0.0, 0.0),
        (NUMBER, "", None),
        (NUMBER, None, None),
        (TEXT, "  R25B   new ", "R25B new"),
        (TEXT, "12", 12.0),
        (TEXT, "012", "012"),
        (TEXT, 12, 12.0),
        (CHOICE, "soft", "Soft"),
        (CHOICE, "2", 2.0),
    ],
)
def test_what_is_typed_is_stored(field: SetupField, typed: float | str | None, stored: float | str | None) -> None:
    found = check_value(field, typed)
    assert found == stored and type(found) is type(stored)


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        (NUMBER, "soft", "Front spring is a number in N/mm: 'soft' is none."),
        (NUMBER, "1_000", "is none"),
        (NUMBER, "٣", "is none"),
        (NUMBER, "nan", "cannot be nan"),
        (NUMBER, math.inf, "cannot be inf"),
        (NUMBER, "1e300", "cannot be 1e300"),
        (NUMBER, "1,000.5", "is none"),
        (TEXT, "x" * 201, "longer than 200"),
        (TEXT, "a\x00b", "cannot be printed"),
        (CHOICE, "medium", "Bar is one of Soft, Hard, 2: 'medium' is none of them."),
    ],
)
def test_what_cannot_be_is_refused_in_words(field: SetupField, typed: float | str, said: str) -> None:
    with pytest.raises(Rejected, match=field.label) as refused:
        check_value(field, typed)
    assert said in refused.value.message and refused.value.code == "bad_setup"


def test_a_text_that_reads_like_a_number_is_a_text_for_programs() -> None:
    assert FIELDS.shown_all({"tire_set": 12.0, "spring_front": 12.0}) == {"tire_set": "12", "spring_front": 12.0}


def test_what_the_team_made_of_a_field_goes_before_what_every_team_has() -> None:
    stored = [
        SetupField("spring_front", "Heave spring", "N/mm"),
        SetupField("ballast", "Ballast", is_removed=True),
        SetupField("damper", "Damper clicks", group="Springs and bars"),
    ]
    fields = SetupFields(stored)
    assert fields.label("spring_front") == "Heave spring" and "ballast" not in fields.by_name
    assert fields.named({"ballast": 5.0})[-1] == "ballast", "what sheets say of a removed field is shown at the end"
    assert [field.id for field in fields.groups["Springs and bars"]][-1] == "damper"
    assert fields.copied({"ballast": 5.0, "damper": 3.0}) == {"damper": 3.0}
    with pytest.raises(Rejected, match="is no field of the setup sheet"):
        fields.check({"ballast": 5})


@pytest.mark.parametrize(
    ("name", "said", "why"),
    [
        ("Damper", SetupFieldValues(label="Damper"), "cannot be a name"),
        ("end", SetupFieldValues(label="Damper"), "cannot be a name"),
        ("damper", SetupFieldValues(label=" "), "The label is empty"),
        ("damper", SetupFieldValues(label="tire  SET"), "There is a field Tire set already"),
        ("damper", SetupFieldValues(label="Damper", kind=SetupKind.CHOICE), "needs its values"),
        ("damper", SetupFieldValues(label="Damper", choices=("soft",)), "needs its values"),
        ("damper", SetupFieldValues(label="D", kind=SetupKind.CHOICE, choices=("a", "A")), "there twice"),
        ("damper", SetupFieldValues(label="D", unit="x" * 21), "unit is longer"),
    ],
)
def test_a_field_that_cannot_be_is_refused(name: str, said: SetupFieldValues, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        check_field(name, said, DEFAULT_FIELDS)


def test_lists_have_room_for_a_few_columns() -> None:
    others = [SetupField(f"f{number}", f"F{number}", column=True) for number in range(MAX_COLUMNS)]
    with pytest.raises(Rejected, match="room for 4 columns"):
        check_field("damper", SetupFieldValues(label="Damper", column=True), others)


def test_the_fields_that_every_team_begins_with_can_be_fields() -> None:
    for field in DEFAULT_FIELDS:
        said = SetupFieldValues(
            label=field.label, unit=field.unit, kind=field.kind, group=field.group, column=field.column
        )
        assert check_field(field.id, said, [each for each in DEFAULT_FIELDS if each is not field]) == field


@given(numbers, numbers, st.sampled_from(["<", "<=", ">", ">=", "="]))
def test_a_comparison_holds_where_python_says_so(number: float, limit: float, operator: str) -> None:
    wanted = read_setup_comparison(f"spring_front {operator} {text_of(limit)}")
    if operator == "=":
        assert wanted.bounds is None and wanted.typed[0] == limit
        return
    least, most = wanted.bounds or (None, None)
    for value in (number, limit, math.nextafter(limit, math.inf), math.nextafter(limit, -math.inf)):
        holds = (least is None or value >= least) and (most is None or value < most)
        said = {"<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit}[operator]
        assert holds == said


def test_comparisons_are_read_as_people_write_them() -> None:
    assert read_setup_comparison("Spring_Front>=35").words() == "spring_front >= 35"
    assert read_setup_comparison("spring_front = 30..40").bounds == (30, math.nextafter(40, math.inf))
    assert read_setup_comparison("tire_set =  R25B new ").text == "R25B new"
    assert read_setup_comparison("tire_set = 012").typed == ("012", 12.0)
    assert read_setup_comparison("tire_set =").text == ""
    for text in ("spring_front", "spring_front >= soft", "spring_front < 1e400", "= 5", "a b = 5", ""):
        with pytest.raises(Rejected, match="is no comparison of a setup sheet"):
            read_setup_comparison(text)
