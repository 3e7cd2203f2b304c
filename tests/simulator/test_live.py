"""The car that sends while it drives."""

from __future__ import annotations

import pytest

from paddock.domain.device_messages import message_of
from paddock.simulator.live import LiveCar

T = 1_776_522_720 * 10**9


@pytest.mark.parametrize("signals", [40, 41, 200, 1_500])
def test_it_has_as_many_signals_as_were_asked_for(signals: int) -> None:
    messages = LiveCar(signals).messages(1.5, T, 150)
    samples = [message_of(each, "", T + 2 * 10**9, []) for each in messages]
    names = {f"{each.topic}.{path}" for each in samples if each for path in each.values}
    assert signals - 10 <= len(names) <= signals
    assert {each.time_ns for each in samples if each} == {T + 1_500_000_000}
    assert {each.sequence for each in samples if each} == {150}
    assert "VNData.vn_vel_m_s.x" in names


def test_equal_arguments_make_equal_messages() -> None:
    assert LiveCar(seed=3).messages(2, T, 1) == LiveCar(seed=3).messages(2, T, 1)
    assert LiveCar(seed=3).messages(2, T, 1) != LiveCar(seed=4).messages(2, T, 1)
