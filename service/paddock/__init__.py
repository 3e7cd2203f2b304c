"""Paddock: a race team's data cloud."""

__version__ = "0.1.0"
