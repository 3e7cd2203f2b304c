"""The small site of a command: who is let in, what it answers, and that it ends with who serves it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import get, post
from litestar.params import JSONBody

from paddock.basestation.small_site import served, small_site
from paddock.errors import NotFound, Unavailable
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.listener import listen

pytestmark = pytest.mark.anyio


@get("/")
async def home() -> Page:
    return Page("home.html")


@get("/gone")
async def gone() -> None:
    raise NotFound("There is no such log: look at the list.", code="no_such_log")


@get("/broken")
async def broken() -> None:
    raise RuntimeError("a secret")


@post("/change", status_code=200)
async def change(data: JSONBody[dict[str, str]]) -> dict[str, str]:
    return data


@pytest.fixture
def site(tmp_path: Path) -> Any:
    (tmp_path / "home.html").write_text(
        '{% extends "kernel/base.html" %}{% block here %}home{% endblock %}{% block main %}Hello{% endblock %}'
    )
    (tmp_path / "own.js").write_text("1;")
    return small_site([home, gone, broken, change], tmp_path, pages=[("/", "Home", "home")], names=["HT09"])


@pytest.fixture
async def client(site: Any) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(site, raise_app_exceptions=False, client=("10.0.0.7", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8090") as connected:
        yield connected


async def test_pages_look_like_paddock(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.status_code == 200
    assert "Hello" in page.text
    assert '<a href="/" aria-current="page">Home</a>' in page.text
    assert "Recordings" not in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert (await client.get("/", headers={"If-None-Match": page.headers["etag"]})).status_code == 304
    for path, kind in (
        ("kernel/paddock.css", "text/css"),
        ("kernel/page.js", "text/javascript"),
        ("own.js", "text/"),
    ):
        asset = await client.get(f"/static/{path}")
        assert asset.status_code == 200
        assert asset.headers["content-type"].startswith(kind)
    assert (await client.get("/static/home.html")).status_code == 404
    assert (await client.head("/")).content == b""


async def test_errors_are_problems_for_programs_and_pages_for_people(client: httpx.AsyncClient) -> None:
    problem = await client.get("/gone")
    assert (problem.status_code, problem.json()["code"]) == (404, "no_such_log")
    page = await client.get("/gone", headers={"Accept": "text/html"})
    assert (page.status_code, "look at the list" in page.text) == (404, True)
    assert '<a class="button primary" href="/">Home</a>' in page.text
    assert "Upload" not in page.text
    crash = await client.get("/broken", headers={"Accept": "text/html"})
    assert crash.status_code == 500
    assert "a secret" not in crash.text
    assert (await client.post("/change", content=b"x" * 70_000)).status_code == 413


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8090", 200),
        ("192.168.1.20:8090", 200),
        ("[fe80::1]:8090", 200),
        ("localhost:8090", 200),
        ("ht09:8090", 200),
        ("Pit-Laptop.local", 200),
        (socket.gethostname(), 200),
        ("evil.example", 403),
        ("ht09.evil.example", 403),
        ("local", 403),
        ("evil.local.example", 403),
        ("[", 403),
        ("", 403),
    ],
)
async def test_a_name_of_somebody_else_is_refused(client: httpx.AsyncClient, host: str, status: int) -> None:
    answered = await client.get("/", headers={"Host": host})
    assert answered.status_code == status
    if status == 403:
        assert answered.json()["code"] == "wrong_host"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:8090"}, 200),
        ({"Origin": "http://127.0.0.1:8091"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
async def test_a_page_of_another_site_changes_nothing(
    client: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    answered = await client.post("/change", json={"driver": "Eve"}, headers=headers)
    assert answered.status_code == status
    if status == 403:
        assert answered.json()["code"] == "cross_site"


async def test_it_is_served_on_a_port_that_is_had_before(site: Any) -> None:
    listener = listen("127.0.0.1", 0, "choose another --screen")
    port = listener.getsockname()[1]
    async with served(site, listener), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert (await client.get("/")).status_code == 200
        with pytest.raises(Unavailable, match="choose another --screen"):
            listen("127.0.0.1", port, "choose another --screen")
        next_one = listen("127.0.0.1", port, "choose another --screen", tries=50)
        assert next_one.getsockname()[1] > port
        next_one.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/")


def test_it_is_small_enough_for_the_computer_in_the_car() -> None:
    heavy = "('pyarrow', 'numpy', 'boto3', 'pymongo', 'h5py', 'httpx')"
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys, paddock.basestation.small_site; print([m for m in {heavy} if m in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]"


async def test_json_without_an_end_and_ports_that_are_none_are_refused(client: httpx.AsyncClient) -> None:
    json = {"Content-Type": "application/json"}
    assert (await client.post("/change", content=b"[" * 60_000, headers=json)).status_code == 422
    assert (await client.post("/change", content=b'{"a": 1}', headers=json)).status_code == 422
    assert (await client.get("/", headers={"Host": "localhost:99999999"})).status_code == 403
