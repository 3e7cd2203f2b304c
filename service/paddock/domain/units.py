"""Units that the same quantity is logged in by different cars, brought to one.

Only what the figures of a run need: everything else is shown in the unit it was logged in.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Conversion = tuple[float, float]
"""Factor and offset: ``value * factor + offset``."""

TO_M_S: Mapping[str, Conversion] = MappingProxyType(
    {"m/s": (1.0, 0.0), "km/h": (1 / 3.6, 0.0), "mph": (0.44704, 0.0), "kn": (1852 / 3600, 0.0)}
)
TO_VOLT: Mapping[str, Conversion] = MappingProxyType({"V": (1.0, 0.0), "mV": (1e-3, 0.0), "kV": (1e3, 0.0)})
TO_CELSIUS: Mapping[str, Conversion] = MappingProxyType(
    {"°C": (1.0, 0.0), "K": (1.0, -273.15), "°F": (5 / 9, -160 / 9)}
)
TO_DEGREE: Mapping[str, Conversion] = MappingProxyType({"deg": (1.0, 0.0), "rad": (57.29577951308232, 0.0)})
