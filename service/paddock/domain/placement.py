"""A dead-reckoned way laid through all fixes of a recording by least squares.

A fix is off by half a metre, speed and yaw rate are off by little for long. So the shape that these two tell is
laid where it fits all fixes best, and gives way as much as speed and yaw rate may have drifted: unknown are place
and direction at each fix, the scale of the speed, scale and bias of the yaw rate, and how much later the receiver
says where the car was. How much signals drift is what makes the fixes likeliest. It is the smoother of a
linearised Gaussian model, solved as one system of equations (Barfoot, State Estimation for Robotics, chapters 3.1
and 4.3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from paddock.domain.block_chain import SolvedChain
from paddock.domain.fixes import Bools, Floats

Complexes = npt.NDArray[np.complex128]

_SHARED_OFF = (0.02, 0.02, 0.02, 0.1)
"""Standard deviations of what is the same all along: the speed's scale, the yaw rate's bias in rad/s and its scale,
and the receiver's delay in seconds."""
_TURNS_ROUND_RAD = 1.5
_LOOSE = 1e-3
"""Weight of the first guess of a direction, of which nothing else tells where the car stands throughout."""
_WALKS = {"turn": (0.9e-7, 0.11), "across": (0.9e-5, 1.1), "along": (0.9e-6, 1.1)}
"""From good sensors' to a slipping wheel's. Slipping sideways comes first: the speed would take its blame."""
_MOST_SEARCHED = 3
_ROUNDS = 3
_OUTLIER = 5.0
_NEXT_TO_NOTHING = 1e-6


@dataclass(frozen=True)
class Walks:
    """How much steps drift, as power densities of white noise in the rates."""

    along: float = 1e-5
    """(m/s)² per Hz, of the speed."""
    across: float = 1e-4
    """(m/s)² per Hz, as a car slips sideways."""
    turn: float = 1e-7
    """(rad/s)² per Hz, of the yaw rate."""


@dataclass(frozen=True, eq=False)
class Placed:
    """Where a receiver without noise would have said that the car was. Shapes (N,)."""

    east_m: Floats
    north_m: Floats
    linked: Bools
    """Shape (N - 1,): whether speed and yaw rate tell how the car got from this fix to the next."""
    delay_s: float
    """How much later the receiver says where the car was than speed and yaw rate do."""
    walks: Walks
    _equations: _Equations

    def variance(self, row: int, direction: tuple[float, float]) -> float:
        """How far off a place is in the direction of a unit vector, in m²."""
        return self._equations.variance(row, direction)


def placed(problem: Problem, noise_m: float, busy: slice) -> Placed | None:
    """The way through all fixes; None where the steps do not fit them.

    Args:
        problem: with its first guess of directions.
        noise_m: standard deviation of a fix in one direction; what is far further off is left out.
        busy: rows of fixes that tell how much the signals drift.
    """
    walks = Walks()
    for turn in range(_ROUNDS):
        equations = _Equations(problem, walks)
        off = np.abs(equations.places - problem.place)
        outlying = off > _OUTLIER * noise_m
        if outlying.sum() > len(off) // 10:
            return None
        # Not quite nothing: a fix with a dropout on either side has only itself.
        weight = np.where(outlying, _NEXT_TO_NOTHING, 1.0) / noise_m**2
        problem = replace(problem, heading_rad=problem.heading_rad + equations.turned, weight=weight)
        if turn == 1:
            walks = _likeliest(problem.part(busy), walks)
    equations = _Equations(problem, walks)
    return Placed(
        equations.places.real, equations.places.imag, problem.linked, float(equations.shared[3]), walks, equations
    )


def _likeliest(problem: Problem, walks: Walks) -> Walks:
    """How much the signals drift: up or down by tens, one after the other, as long as the fixes become likelier."""
    best = _Equations(problem, walks).log_evidence
    for _ in range(_MOST_SEARCHED):
        before = walks
        for name, (least, most) in _WALKS.items():
            for factor in (0.1, 10.0):
                while least <= (value := getattr(walks, name) * factor) <= most:
                    tried = replace(walks, **{name: value})
                    likelihood = _Equations(problem, tried).log_evidence
                    if likelihood <= best:
                        break
                    walks, best = tried, likelihood
        if walks == before:
            break
    return walks


@dataclass(frozen=True, eq=False)
class Problem:
    """Fixes, steps between them, and the directions around which the model is made linear.

    Places are complex: east, and north times i. Shapes (N,), and (N - 1,) of what is between fixes.
    """

    time_s: Floats
    place: Complexes
    speed_m_s: Floats
    heading_rad: Floats
    weight: Floats
    step: Complexes
    """In the direction at the first fix."""
    turned_rad: Floats
    linked: Bools
    """Whether the step is known."""
    turns_known: Bools
    """Whether it is known how much the direction turned; a car that stands may go on backwards."""

    def part(self, rows: slice) -> Problem:
        """These fixes alone."""
        between = slice(rows.start, min(rows.stop, len(self.time_s)) - 1)
        return Problem(
            self.time_s[rows],
            self.place[rows],
            self.speed_m_s[rows],
            self.heading_rad[rows],
            self.weight[rows],
            self.step[between],
            self.turned_rad[between],
            self.linked[between],
            self.turns_known[between],
        )


class _Equations:
    """The normal equations of a problem, solved."""

    def __init__(self, problem: Problem, walks: Walks) -> None:
        before, after, shared, off, weight = _residuals(problem, walks)
        count = len(problem.time_s)
        weighed_before, weighed_after = (each.swapaxes(1, 2) * weight[:, None, :] for each in (before, after))
        diagonal, right, mixed = np.zeros((count, 3, 3)), np.zeros((count, 3, 1)), np.zeros((count, 3, 4))
        diagonal[:-1] += weighed_before @ before
        diagonal[1:] += weighed_after @ after
        right[:-1] -= weighed_before @ off[:, :, None]
        right[1:] -= weighed_after @ off[:, :, None]
        mixed[:-1] += weighed_before @ shared
        mixed[1:] += weighed_after @ shared
        # The fixes themselves, which a receiver says when the car is elsewhere already.
        self._velocity = problem.speed_m_s * np.exp(1j * problem.heading_rad)
        diagonal[:, 0, 0] += problem.weight
        diagonal[:, 1, 1] += problem.weight
        diagonal[:, 2, 2] += _LOOSE
        mixed[:, 0, 3] -= problem.weight * self._velocity.real
        mixed[:, 1, 3] -= problem.weight * self._velocity.imag
        own = np.diag(1 / np.square(_SHARED_OFF)) + np.einsum("kij,ki,kil->jl", shared, weight, shared)
        own[3, 3] += float((problem.weight * np.abs(self._velocity) ** 2).sum())
        own_right = -np.einsum("kij,ki,ki->j", shared, weight, off)

        self._chain = SolvedChain(diagonal, below=weighed_after @ before)
        solved = self._chain.solve(np.concatenate([right, mixed], axis=2))
        alone, self._by_shared = solved[:, :, 0], solved[:, :, 1:]
        rest = own - np.einsum("kij,kil->jl", mixed, self._by_shared)
        self._shared_covariance = np.linalg.inv(rest)
        self.shared = self._shared_covariance @ (own_right - np.einsum("kij,ki->j", mixed, alone))
        """What is the same all along, as ``_SHARED_OFF`` has it."""
        found = alone - self._by_shared @ self.shared
        self.turned: Floats = found[:, 2]
        """What directions are more than they were taken for."""
        self.places: Complexes = problem.place + found[:, 0] + 1j * found[:, 1] - self._velocity * self.shared[3]
        least = float((weight * off**2).sum() - (right[:, :, 0] * found).sum() - own_right @ self.shared)
        known = weight[weight > 0]
        determinants = self._chain.log_determinant + float(np.linalg.slogdet(rest)[1])
        self.log_evidence = (float(np.log(known).sum()) - determinants - least) / 2
        """Logarithm of how likely the fixes are, up to what is the same for all walks."""

    def variance(self, row: int, direction: tuple[float, float]) -> float:
        """See ``Placed``."""
        unit = np.zeros((len(self._by_shared), 3, 1))
        unit[row, :2, 0] = direction
        own = float(self._chain.solve(unit)[row, :2, 0] @ direction)
        by_shared = -np.array(direction) @ self._by_shared[row, :2]
        by_shared[3] -= self._velocity[row].real * direction[0] + self._velocity[row].imag * direction[1]
        return own + float(by_shared @ self._shared_covariance @ by_shared)


def _residuals(problem: Problem, walks: Walks) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """What steps are off, along, across and in direction, by what is unknown.

    Returns:
        Derivatives by the states before and after a step, shapes (N - 1, 3, 3), and by what is the same all along,
        (N - 1, 3, 4); what the steps are off now, and its weights, (N - 1, 3).
    """
    seconds, turned = np.diff(problem.time_s), problem.turned_rad
    count = len(seconds)
    step = problem.step * np.exp(1j * problem.heading_rad[:-1])
    to_body = np.exp(-1j * (problem.heading_rad[:-1] + turned / 2))
    aside = to_body * 1j * step
    after = np.zeros((count, 3, 3))
    after[:, 0, 0] = after[:, 1, 1] = to_body.real
    after[:, 1, 0], after[:, 0, 1] = to_body.imag, -to_body.imag
    after[:, 2, 2] = 1.0
    before = -after
    before[:, 0, 2], before[:, 1, 2] = -aside.real, -aside.imag
    shared = np.zeros((count, 3, 4))
    for column, by in enumerate((to_body * step, aside * seconds / 2, aside * turned / 2)):
        shared[:, 0, column], shared[:, 1, column] = -by.real, -by.imag
    shared[:, 2, 1], shared[:, 2, 2] = -seconds, -turned
    gone = to_body * (np.diff(problem.place) - step)
    off = np.stack([gone.real, gone.imag, np.diff(problem.heading_rad) - turned], axis=1)
    weight = np.stack(
        [problem.linked / walks.along, problem.linked / walks.across, np.full(count, 1 / walks.turn)], axis=1
    )
    weight /= seconds[:, None]
    loose = ~problem.turns_known
    weight[loose, 2] = 1 / _TURNS_ROUND_RAD**2
    off[loose, 2] = 0.0
    shared[loose, 2] = 0.0
    return before, after, shared, off, weight
