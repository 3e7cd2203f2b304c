"""The features of the service: the folders beside this file, whose modules say their routes as ``ROUTER``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from litestar import Router

import paddock.web


def routers() -> Iterator[Router]:
    """The routes of every feature, in the order of its folders' names and of the modules in each."""
    for feature in pkgutil.iter_modules(paddock.web.__path__, f"{paddock.web.__name__}."):
        if not feature.ispkg:
            continue
        for module in pkgutil.iter_modules(importlib.import_module(feature.name).__path__, f"{feature.name}."):
            if isinstance(declared := getattr(importlib.import_module(module.name), "ROUTER", None), Router):
                yield declared
