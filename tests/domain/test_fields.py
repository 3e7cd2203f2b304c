import pytest

from paddock.domain.fields import EVERY_TEAMS, fill_empty
from paddock.domain.recording import MetadataSource, MetadataValue
from paddock.errors import Rejected


def test_the_setup_record_prefills_what_it_knows() -> None:
    found = EVERY_TEAMS.from_setup_record(
        {"driver": "Adam", "trackName": "Luigi's Mansion", "eventType": " 250cc ", "mass": "2 t"}
    )
    assert {name: known.value for name, known in found.items()} == {
        "driver": "Adam",
        "venue": "Luigi's Mansion",
        "event": "250cc",
    }
    assert {known.source for known in found.values()} == {MetadataSource.FILE}


def test_a_file_never_overwrites_a_person() -> None:
    person = {"driver": MetadataValue("Eva", MetadataSource.PERSON)}
    filled = fill_empty(person, EVERY_TEAMS.from_setup_record({"driver": "Adam", "car": "HT09"}))
    assert filled["driver"] == person["driver"]
    assert filled["car"].value == "HT09"


def test_unknown_and_overlong_fields_are_refused_and_empty_ones_dropped() -> None:
    assert EVERY_TEAMS.check({"driver": "  ", "car": " HT09 "}) == {"car": "HT09"}
    with pytest.raises(Rejected, match="shoe_size"):
        EVERY_TEAMS.check({"shoe_size": "43"})
    with pytest.raises(Rejected):
        EVERY_TEAMS.check({"driver": "x" * 201})
