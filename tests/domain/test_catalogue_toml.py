from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.domain.catalogue import MAX_ENTRIES, Catalogue, Entry, check_catalogue
from paddock.domain.catalogue_defaults import Role
from paddock.domain.catalogue_toml import read_toml, write_toml
from paddock.errors import Rejected

HEADER = '[[signals]]\nname = "a"\n'
FILE = """
# what we know
[[signals]]
name = "VNData.vn_vel_m_s.x"
aliases = ["vn.velocity"]
cars = ["HT09"]
label = "Ground speed"
unit = "m/s"
role = "speed"
low = 0
high = 40.5

[[signals]]
name = 'Box."quoted"'
unit = ""
"""


def test_a_file_says_what_the_catalogue_holds() -> None:
    assert read_toml(FILE).signals == (
        Entry(
            "VNData.vn_vel_m_s.x",
            ("vn.velocity",),
            ("HT09",),
            label="Ground speed",
            unit="m/s",
            role=Role.SPEED,
            low=0.0,
            high=40.5,
        ),
        Entry('Box."quoted"', unit=""),
    )


def test_an_empty_file_is_an_empty_catalogue() -> None:
    assert read_toml("") == Catalogue() == read_toml(write_toml(Catalogue()))


# Printable, but for what a test of its own is about: names that clash.
texts = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
limits = st.none() | st.floats(allow_nan=False, allow_infinity=False)
entries = st.builds(
    Entry,
    texts,
    aliases=st.lists(texts, max_size=2).map(tuple),
    cars=st.lists(texts, max_size=2).map(tuple),
    label=st.none() | texts,
    unit=st.none() | st.just("") | texts,
    role=st.none() | st.sampled_from(Role),
    low=limits,
    high=limits,
)


@pytest.mark.slow("goes through very many cases")
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(entries, max_size=5))
def test_what_was_written_is_read_back(signals: list[Entry]) -> None:
    catalogue = Catalogue(signals=tuple(signals))
    try:
        check_catalogue(catalogue)
    except Rejected:
        return
    assert read_toml(write_toml(catalogue)) == catalogue


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text() | st.text(st.sampled_from("[]signals=\"'#\n\t{}.,0aé")))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Rejected):
        read_toml(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[signals]]\nname = a", r"no TOML: .*line 2.*quotes"),
        ("[[signals]]\nname = 3", "Line 2: Expected `str`, got `int` in name"),
        (
            '[[signals]]\nname = "a"\n\n[[signals]]\nname = "b"\nrole = "sped"',
            "Line 6: Invalid enum.*are speed",
        ),
        ('[[signals]]\nname = "a"\nunits = "V"', "Line 3: .*`units`. An entry has name, aliases"),
        ("[[signals]]\nlabel = 'x'", "Line 1: .*missing required field `name`"),
        ('[[signals]]\nname = "a"\naliases = ["b", 1]', "Line 3: Expected `str`, got `int` in aliases"),
        ('[[signals]]\nname = "a"\nlow = 2\nhigh = 1', "Line 1: The limits of a"),
        ('[[signals]]\nname = "a"\n[[signals]]\nname = "b"\naliases = ["a"]', "Line 3: a is in two entries"),
        ("\nunits = 1", "Line 2: 'units' is not known"),
        ('[signals]\nname = "a"', "two brackets"),
        ("signals = [1]", "two brackets"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, says: str) -> None:
    with pytest.raises(Rejected, match=says) as refused:
        read_toml(text)
    assert refused.value.code == "bad_catalogue"


def test_a_file_of_megabytes_is_none() -> None:
    with pytest.raises(Rejected, match="4 MiB"):
        read_toml("#" * 5_000_000)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (".".join("a" * 100_000) + " = 1", "nested too deeply"),
        (".".join(['"a"'] * 100_000) + " = 1", "nested too deeply"),
        ("[" + ".".join("a" * 100_000) + "]", "nested too deeply"),
        # Texts that end in quotes of their own hide nothing of what comes after them.
        ('x = {y = """a"""", ' + ".".join("a" * 100_000) + " = 1}", "nested too deeply"),
        ("x = {y = '''a'''', " + ".".join("a" * 100_000) + " = 1}", "nested too deeply"),
        ("x = " + "[" * 100_000, "nested too deeply"),
        ("x = " + "{a = " * 100_000, "nested too deeply"),
        ("x = " + "9" * 5_000, "number is too long"),
        (f"{HEADER}low = 0x{'f' * 10_000}", "out of range"),
        ("[[signals]]\n" * 300_000, "far more in it"),
        ("x = [" + "1," * 600_000 + "]", "far more in it"),
        ("#\n" * 2_000_000, "far more in it"),
        (
            f"{HEADER}cars = {[str(n) for n in range(400)]}\naliases = {[f'a{n}' for n in range(400)]}",
            "at most 100,000 names",
        ),
        ('"""' + '\\"""' * 500_000, "no TOML"),
        ("'\"'\"" * 400_000, "no TOML"),
    ],
)
@pytest.mark.slow("texts of megabytes")
def test_what_would_take_long_is_refused_before_it_is_read(text: str, words: str) -> None:
    """Each of these is within the size; tomllib took 24 GB for the first. A hang fails by CI's own limit."""
    with pytest.raises(Rejected, match=words):
        read_toml(text)


def test_texts_may_hold_what_keys_may_not() -> None:
    entry = Entry(
        "a.b.c.d.e.f.g.h.i", aliases=("#x.a.b.c.d.e", "'a'.b.c.d.e.f", "[" * 200), label="a # b.c.d.e.f.g"
    )
    assert read_toml(write_toml(Catalogue(signals=(entry,)))).signals == (entry,)
    assert read_toml("[[signals]]\nname = 'a.b.c.d.e.f' # a.b.c.d.e.f \"\nlow = -1.5 # it's\nhigh = 2.5\n").signals


@pytest.mark.slow("a catalogue of the largest size")
def test_all_that_a_catalogue_may_have_fits() -> None:
    entries = tuple(
        Entry(
            f"Topic{n}.field.value", aliases=(f"topic_{n}/old.value",), cars=("HT09",), label="A label", unit="m/s"
        )
        for n in range(MAX_ENTRIES)
    )
    assert read_toml(write_toml(Catalogue(signals=entries))).signals == entries
