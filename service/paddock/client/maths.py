"""Maths channels of the team, as the service says them."""

from __future__ import annotations

import msgspec


class MathsChannel(msgspec.Struct, frozen=True, kw_only=True):
    """What the team computes of its signals under one name."""

    id: str
    name: str
    text: str
    unit: str = ""
    car: str = ""
    """Holds for this car alone; empty for all."""
    constants: dict[str, float] = {}
    note: str = ""
    in_mat: bool = False
    """Whether the MATLAB file of every recording holds it."""
    version: int = 1
    person: str = ""
    """Who changed it last."""
    changed_at: str = ""
