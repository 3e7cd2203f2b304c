"""A feature is a folder: what lies in it is found."""

from pathlib import Path

import pytest

import paddock.web
from paddock.web.features import routers

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
