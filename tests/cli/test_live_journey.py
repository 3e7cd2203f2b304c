"""One day of a device, from the first sign-in to its columns in a MATLAB file, as people and programs see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from tests.cli.running import wait_until
from tests.web.browsing import served
from tests.web.people import PASSWORD, add_person
from tests.web.test_devices_browser import recording


def test_from_sign_in_to_the_columns_of_what_a_device_sent(tmp_path: Path) -> None:
    from scipy.io import loadmat

    with (
        served(tmp_path / "data", with_worker=True, sign_in="password") as site,
        recording(site, tmp_path / "recorder"),
        httpx.Client(base_url=site.url, timeout=60) as people,
        httpx.Client(base_url=f"{site.url}/api/devices/tire-temps", timeout=60) as device,
    ):
        site.run(add_person(site.context, "Ada"))
        login = people.post("/api/login", json={"name": "Ada", "password": PASSWORD}).raise_for_status().json()
        people.headers["Authorization"] = f"Bearer {login['token']}"

        def ask(method: str, path: str, **body: Any) -> Any:
            return people.request(method, path, **({"json": body} if body else {})).raise_for_status().json()

        assert ask("POST", "/api/devices", name="Tire temps", type="tires", car="HT09")["id"] == "tire-temps"
        token = ask("POST", "/api/devices/tire-temps/token")["token"]
        device.headers["Authorization"] = f"Bearer {token}"
        rule = {"name": "Tires too hot", "signal": "tires.fl", "comparison": "above", "limit": 110}
        ask("POST", f"/api/rules/{ask('POST', '/api/rules', **rule)['id']}/switch", on=True)

        def send(seq: int, fl: float) -> httpx.Response:
            return device.post("/data", json={"seq": seq, "fl": fl})

        send(1, 81.5).raise_for_status()
        seen = wait_until(lambda: people.get("/api/live/tire-temps/signals").json().get("items"))
        assert [(each["name"], each["last"]) for each in seen] == [("tires.fl", 81.5)]
        place = {"x": 0, "y": 0, "width": 3, "height": 2}
        widget = {"id": "w1", "kind": "value", "device": "tire-temps", "signals": ["tires.fl"], **place}
        board = ask("POST", "/api/dashboards", name="Tires", widgets=[widget])
        assert people.get(f"/dashboards/{board['id']}").is_success

        send(2, 140).raise_for_status()
        (alert,) = wait_until(lambda: ask("GET", "/api/alerts?state=firing")["items"])
        assert ask("POST", f"/api/alerts/{alert['id']}/acknowledge")["acknowledged_by"] == "Ada"

        asked = ask("POST", "/api/devices/tire-temps/actions", name="zero")
        (waiting,) = device.get("/actions?pending").raise_for_status().json()["items"]
        assert waiting["id"] == asked["id"]
        done = device.post(f"/actions/{asked['id']}", json={"state": "done"}).raise_for_status().json()
        assert (done["state"], done["asked_by"]) == ("done", "Ada")

        ask("PATCH", "/api/devices/tire-temps", is_disabled=True)
        wait_until(lambda: send(3, 1).status_code == 403)
        ask("POST", "/api/devices/tire-temps/cut")
        (run,) = wait_until(
            lambda: [each for each in ask("GET", "/api/recordings")["items"] if each["status"] == "ready"]
        )
        made = ask("GET", f"/api/recordings/{run['id']}")["artifacts"]
        (mat,) = [each for each in made if each["format"] == "mat"]
        (tmp_path / "run.mat").write_bytes(people.get(mat["url"], follow_redirects=True).raise_for_status().content)
        columns = loadmat(tmp_path / "run.mat", simplify_cells=True)["tires"]
        # What came before it was known to be disabled may be there, too.
        assert columns["fl"].tolist()[:2] == [81.5, 140]
