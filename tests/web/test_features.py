"""A feature is a folder: what lies in it is found."""

import importlib
import pkgutil
from pathlib import Path

import pytest
from litestar.handlers import BaseRouteHandler

import paddock.web
from paddock.web.features import routers
from paddock.web.kernel.permission import handlers_of
from paddock.web.objects import api as objects

PAGE = """
from litestar import get

from paddock.domain.roles import Permission
from paddock.web.kernel.pages import pages

@get("/weather", needs=Permission.READ)
async def weather_page() -> str:
    return "dry"

ROUTER = pages(weather_page)
"""


def test_a_new_page_is_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {route.path for router in routers() for route in router.routes}
    (tmp_path / "weather").mkdir()
    (tmp_path / "weather" / "__init__.py").touch()
    (tmp_path / "weather" / "page.py").write_text(PAGE)
    monkeypatch.setattr(paddock.web, "__path__", [*paddock.web.__path__, str(tmp_path)])
    after = {route.path for router in routers() for route in router.routes}
    assert after - before == {"/weather"}


def test_every_route_of_a_feature_is_in_its_router() -> None:
    found = (*routers(), objects.LINKS)
    served = {handler.fn for router in found for route in router.routes for handler in handlers_of(route)}
    forgotten = {
        f"{module.name}.{name}"
        for module in pkgutil.walk_packages(paddock.web.__path__, f"{paddock.web.__name__}.")
        for name, value in vars(importlib.import_module(module.name)).items()
        if isinstance(value, BaseRouteHandler) and value.fn not in served
    }
    assert not forgotten
