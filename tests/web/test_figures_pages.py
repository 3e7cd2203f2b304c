"""The pages of figures, of one recording and of many: what their forms begin with."""

from __future__ import annotations

import html
import re
from pathlib import Path

import httpx
import pytest

from paddock.usecases.context import Context
from tests.web.converted import converted, json_log

pytestmark = pytest.mark.anyio


async def begun(client: httpx.AsyncClient, address: str) -> str:
    """What a form of figures asks for, before anybody typed."""
    (value,) = re.findall(r'<input name="signals"[^>]* value="([^"]*)"', (await client.get(address)).text)
    return html.unescape(value)


async def test_figures_begin_with_the_speed(client: httpx.AsyncClient, context: Context, tmp_path: Path) -> None:
    driven = [{"brake": 0.5, "current": 3.0, "speed_m_s": 20.0 + n, "throttle": 0.1} for n in range(20)]
    car = await converted(context, json_log(tmp_path / "car.mcap", "Car", driven))
    dyno = await converted(
        context, json_log(tmp_path / "dyno.mcap", "Dyno", [{"torque": float(n)} for n in range(20)])
    )
    for recordings, signal in (
        (car.id, "Car.speed_m_s"),
        (f"{car.id},{dyno.id}", "Car.speed_m_s"),
        (dyno.id, "Dyno.torque"),
    ):
        assert await begun(client, f"/kpis?recordings={recordings}") == signal
    assert await begun(client, f"/recordings/{car.id}/intervals") == "Car.speed_m_s"
    assert await begun(client, f"/recordings/{dyno.id}/intervals") == "Dyno.torque"
    assert await begun(client, f"/kpis?recordings={car.id}&signals=Car.brake") == "Car.brake", "asked for"
