import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.formats.matlab_names import KEYWORDS, RESERVED, matlab_name, matlab_names


@pytest.mark.parametrize(
    ("original", "name"),
    [
        ("VNData", "VNData"),
        ("/car/imu", "car_imu"),
        ("//double", "x_double"),
        ("4wd", "x4wd"),
        ("_hidden", "x_hidden"),
        ("", "x"),
        ("/", "x"),
        ("Größe", "Gr__e"),
        ("end", "end_"),
        ("/end", "end_"),
        ("meta", "meta_"),
        ("t", "t_"),
        ("time_ns", "time_ns_"),
        ("End", "End"),
        ("a b;system('rm')", "a_b_system__rm__"),
        ("x" * 70, "x" * 63),
        ("9" * 70, "x" + "9" * 62),
    ],
)
def test_each_rule(original: str, name: str) -> None:
    assert matlab_name(original) == name


def test_collisions_are_numbered_in_order() -> None:
    assert matlab_names(["a/b", "a.b", "a_b", "c"]) == ["a_b", "a_b_2", "a_b_3", "c"]


def test_a_number_never_takes_the_name_of_another() -> None:
    assert matlab_names(["a.b", "a/b", "a_b_2"]) == ["a_b", "a_b_3", "a_b_2"]


def test_collisions_of_long_names_stay_within_63() -> None:
    names = matlab_names(["y" * 63, "y" * 64, "y" * 65])
    assert names == ["y" * 63, "y" * 61 + "_2", "y" * 61 + "_3"]


def test_layouts_without_reserved_names_keep_them() -> None:
    assert matlab_names(["t", "meta", "end"], reserved=frozenset()) == ["t", "meta", "end_"]


hostile = st.lists(st.one_of(st.text(max_size=70), st.sampled_from(["t", "t_", "a", "a_2", "a.2", "/a", "end"])))


@settings(deadline=None)
@given(hostile)
def test_any_list_of_names_gives_valid_different_names_every_time(originals: list[str]) -> None:
    names = matlab_names(originals)
    assert names == matlab_names(list(originals))
    assert len(set(names)) == len(originals)
    for name in names:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", name)
        assert name not in KEYWORDS | RESERVED
