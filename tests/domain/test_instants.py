import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.domain.instants import INT64_MAX, from_rfc3339, to_rfc3339
from paddock.errors import Rejected


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, INT64_MAX))
def test_every_instant_survives_the_way_out_and_in(instant_ns: int) -> None:
    assert from_rfc3339(to_rfc3339(instant_ns)) == instant_ns


@pytest.mark.parametrize(
    ("instant_ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_500_000_000, "1970-01-01T00:00:01.500Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
    ],
)
def test_fraction_digits_are_as_many_as_needed(instant_ns: int, text: str) -> None:
    assert to_rfc3339(instant_ns) == text


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00Z", "1600-01-01T00:00:00Z", "2262-04-11T23:47:17Z", "9999-12-31T23:59:59Z"]
)
def test_what_64_bits_cannot_say_is_refused(text: str) -> None:
    with pytest.raises(Rejected, match="too far away"):
        from_rfc3339(text)


def test_zones_are_understood() -> None:
    assert from_rfc3339("2026-04-18T16:32:00+02:00") == from_rfc3339("2026-04-18T14:32:00Z")


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-04-18", "2026-04-18T14:32:00", "2026-13-18T14:32:00Z", "٢٠٢٦-04-18T14:32:00Z"]
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(Rejected):
        from_rfc3339(text)
