"""Paddock: a race team's data cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paddock.client import Client as Client

__version__ = "0.2.0"

CONVERTER = 2
"""Rises with every change after which a log gives other files: what is stored of an older one is made again."""


def __getattr__(name: str) -> object:
    """``from paddock import Client``, imported when it is asked for: ``import paddock`` costs nothing."""
    if name == "Client":
        from paddock.client import Client

        return Client
    raise AttributeError(f"module 'paddock' has no attribute {name!r}")
