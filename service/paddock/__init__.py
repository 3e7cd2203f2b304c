"""Paddock: a race team's data cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paddock.client import Client as Client

__version__ = "0.6.0"

COLUMNS = 6
"""Rises with every change after which a log becomes other columns, statistics, figures or maths channels: what was
made from those of an older number is made again. Each layout of a file format has a number of its own
(``formats/registry.py``); ``tests/golden`` fails where an output changes and no number does."""


def __getattr__(name: str) -> object:
    """``from paddock import Client``, imported when it is asked for: ``import paddock`` costs nothing."""
    if name == "Client":
        from paddock.client import Client

        return Client
    raise AttributeError(f"module 'paddock' has no attribute {name!r}")
