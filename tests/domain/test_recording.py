from paddock.domain.recording import LossReport


def test_a_log_without_a_footer_is_recovered_not_intact() -> None:
    assert LossReport().health == "intact"
    assert LossReport(missing=("footer",)).health == "recovered"
    assert LossReport(orphans=1).health == "recovered"
