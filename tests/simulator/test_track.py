from __future__ import annotations

import numpy as np
import pytest

from paddock.simulator.track import SKIDPAD_RADIUS_M, TIGHTEST_RADIUS_M, track_for

EVENTS = ("acceleration", "skidpad", "autocross", "endurance")


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("seed", range(5))
def test_closes_on_itself(event: str, seed: int) -> None:
    track = track_for(event, seed)
    steps = np.hypot(np.diff(track.x_m, append=track.x_m[0]), np.diff(track.y_m, append=track.y_m[0]))
    assert steps == pytest.approx(track.spacing_m, rel=0.02)
    x, y, heading, _ = track.position(np.array([0.0, track.length_m, 3 * track.length_m]))
    assert x == pytest.approx([0, 0, 0], abs=1e-9)
    assert y == pytest.approx([0, 0, 0], abs=1e-9)
    assert np.cos(heading) == pytest.approx(np.cos(heading[0]))


@pytest.mark.parametrize("event", EVENTS)
def test_curvature_and_heading_are_those_of_the_line(event: str) -> None:
    track = track_for(event, 1)
    distance = np.arange(0, 2 * track.length_m, 0.25)
    x, y, heading, curvature = track.position(distance)
    turned = heading[0] + np.concatenate([[0.0], np.cumsum((curvature[1:] + curvature[:-1]) / 2 * 0.25)])
    assert turned == pytest.approx(heading, abs=0.05)
    assert x[0] + np.cumsum(np.cos(heading) * 0.25) == pytest.approx(x, abs=1.0)
    assert y[0] + np.cumsum(np.sin(heading) * 0.25) == pytest.approx(y, abs=1.0)


@pytest.mark.slow("drives around every circuit")
def test_a_car_gets_around_every_circuit() -> None:
    for seed in range(30):
        track = track_for("endurance", seed)
        assert 500 < track.length_m < 1200
        assert np.abs(track.curvature_per_m).max() < 1 / (0.9 * TIGHTEST_RADIUS_M)


def test_skidpad_is_an_eight_of_two_circles() -> None:
    track = track_for("Skidpad", 1)
    assert track.turns == 0
    assert np.abs(track.curvature_per_m).max() == pytest.approx(1 / SKIDPAD_RADIUS_M, rel=0.02)


def test_drivers_of_a_seed_share_the_circuit_and_seeds_differ() -> None:
    first, again, other = track_for("endurance", 1), track_for("endurance", 1), track_for("endurance", 2)
    assert np.array_equal(first.x_m, again.x_m)
    assert not np.array_equal(first.x_m[:100], other.x_m[:100])
