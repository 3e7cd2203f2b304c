import pytest

from infra.config import Config
from infra.cost import SEASON_MONTHS, bill, season_usd, table, total_usd
from tests.conftest import REPOSITORY


@pytest.mark.parametrize("season_gb", [60, 130, 200])
def test_a_season_stays_under_25_dollars_a_month(season_gb: float) -> None:
    assert total_usd(bill(season_gb)) < 25
    assert season_usd(season_gb) < total_usd(bill(season_gb))


def test_every_month_adds_to_what_is_stored() -> None:
    totals = [total_usd(bill(200, month)) for month in range(1, SEASON_MONTHS + 1)]
    assert totals == sorted(totals)


def test_a_larger_disk_costs_more() -> None:
    larger = bill(130, config=Config(data_volume_gib=116))
    assert total_usd(larger) - total_usd(bill(130)) == pytest.approx(100 * 0.08)


def test_the_estimate_is_for_the_host_that_is_deployed() -> None:
    assert Config().instance_type in bill(130)[0].what


def test_readme_says_what_the_table_says() -> None:
    readme = (REPOSITORY / "infra" / "README.md").read_text()
    assert f"For 130 GB the season's last month is {total_usd(bill(130)):.2f} dollars" in readme
    assert f"for 200 GB it is {total_usd(bill(200)):.2f}" in readme


def test_the_table_shows_every_line() -> None:
    text = table(130)
    print(text)
    assert all(line.what in text for line in bill(130))
