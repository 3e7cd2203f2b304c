"""What the functions of maths channels compute: their columns are stored beside those of a log, with its number."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from paddock.columns.derived import Derived
from paddock.domain.maths_language.parser import parse
from tests.columns.maths_log import NAMES, log
from tests.formats.builders import START_NS

TEXTS = (
    "abs(T.x) + sign(T.y) * sqrt(T.x)",
    "exp(-T.y) + log(T.y) + log10(T.y)",
    "sin(T.x) * cos(T.y) - tan(T.x / 30)",
    "asin(T.x / 30) + acos(T.x / 30) + atan(T.y) + atan2(T.x, T.y)",
    "radians(T.x) + degrees(T.y)",
    "round(T.x) + floor(T.y) * ceil(T.x)",
    "min(T.x, T.y) + max(T.x, T.y) + clip(T.x, -2, 2)",
    "where(T.x > 0 and T.n != 3, T.hole, -S.v)",
    'to(unit(T.x, "m/s"), "km/h")',
    "derivative(T.hole)",
    "integral(T.x)",
    "delay(T.x, 0.05)",
    "moving_average(T.x, 0.1)",
    "low_pass(T.x, 5)",
    "median(T.hole, 0.09)",
    "cumulative_max(T.x)",
    "count(rising_edge(T.on))",
    "lap() + distance() * T.n",
    "S.v * T.x + S.k",
)
"""Every function is in one of them."""
_DIGITS = 9
"""Sines and sums differ in the last ones from processor to processor."""


class _Laps:
    """A lap that ends after a second."""

    def numbers_at(self, instants: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return np.where(instants - START_NS < 10**9, 1.0, 2.0)

    def distances_at(self, instants: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return (instants - START_NS) / 1e9 * 20


def maths_digests() -> dict[str, str]:
    """The hash of instants and values of each text."""
    return {f"maths channel {text}": _digest(text) for text in TEXTS}


def _digest(text: str) -> str:
    samples = list(Derived(log(), NAMES.bind(parse(text).tree, {}), _Laps()).samples())
    said = [
        (int(time), f"{value:.{_DIGITS}g}")
        for some in samples
        for time, value in zip(some.times, some.values, strict=True)
    ]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]
