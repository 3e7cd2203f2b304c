"""A name tells when a log began, if it has a date."""

from __future__ import annotations

import pytest

from paddock.domain.instants import to_rfc3339
from paddock.domain.start_in_name import start_in_name


@pytest.mark.parametrize(
    ("name", "began"),
    [
        ("2026-04-18_14-32-05.csv", "2026-04-18T14:32:05Z"),
        ("HT09 20260418T143205 endurance.log", "2026-04-18T14:32:05Z"),
        ("20260418_1432.trc", "2026-04-18T14:32:00Z"),
        ("run 2026.04.18 14.32.05.asc", "2026-04-18T14:32:05Z"),
        ("2019-05-04.csv", "2019-05-04T00:00:00Z"),
        ("LOG00121.CSV", None),
        ("PE3-Batt-Only.CSV", None),
        ("120260418.csv", None),
        ("2026-13-40.csv", None),
        ("2026-0418.csv", None),
        ("20261399_run_2026-04-18.csv", "2026-04-18T00:00:00Z"),
    ],
)
def test_the_date_in_a_name(name: str, began: str | None) -> None:
    found = start_in_name([name])
    assert found is None if began is None else found is not None and to_rfc3339(found).startswith(began[:-1])


def test_the_first_name_with_a_date_counts() -> None:
    assert start_in_name(["run.csv", "2019-05-04.csv", "2020-05-04.csv"]) == start_in_name(["2019-05-04.csv"])
    assert start_in_name([]) is None
