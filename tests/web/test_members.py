"""Members: the API, the page that works without JavaScript, and a member's whole stay."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from paddock.bootstrap import open_context
from paddock.domain import principal
from paddock.settings import Settings
from paddock.usecases.context import Context
from tests.logs import small_log
from tests.web.conftest import Connect, Sender
from tests.web.serving import serve

pytestmark = pytest.mark.anyio

BY_HAND = "10.77.0.2 Nina\n10.9.0.0/24 guests\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    peers = tmp_path / "peers"
    peers.write_text(BY_HAND)
    return Settings(data=tmp_path / "data", peers_file=peers, vpn_endpoint="vpn.example.org")


@pytest.fixture
async def context(settings: Settings) -> AsyncIterator[Context]:
    async with open_context(settings) as opened:
        yield opened


@pytest.fixture
async def nina(connect: Connect) -> AsyncIterator[httpx.AsyncClient]:
    async with connect(address="10.77.0.2") as client:
        yield client


def peers_of(settings: Settings) -> str:
    assert settings.peers_file is not None
    return settings.peers_file.read_text()


async def test_a_members_stay(connect: Connect, nina: httpx.AsyncClient, context: Context) -> None:
    """Let in, sends a log, edits it under their name, is shut out."""
    added = await nina.post("/api/members", json={"name": "Zoë"})
    assert added.status_code == 201 and added.headers["cache-control"] == "no-store"
    handed = added.json()
    assert handed["member"]["addresses"] == ["10.77.0.3", "fd77:7061:6464::3"]
    assert "by Nina" in handed["member"]["note"] and handed["qr_svg"].startswith("<svg")
    async with connect(address="fd77:7061:6464::3") as zoe:
        recording = await Sender(zoe, context).upload(small_log())
        path = f"/api/recordings/{recording['id']}"
        assert (await zoe.patch(path, json={"metadata": {"notes": "gusty"}})).status_code == 200
        history = (await zoe.get(f"/api/recordings/{recording['id']}/history")).json()["items"]
        assert "Zoë" in {each["principal"] for each in history}
        assert (await nina.delete("/api/members/zoë")).status_code == 204
        refused = await zoe.get(f"/recordings/{recording['id'][:16]}")
        assert refused.status_code == 403 and "no member" in refused.text
        assert "Zoë" in (await nina.get(f"/api/recordings/{recording['id']}/history")).text


async def test_the_api_lists_rotates_and_refuses(nina: httpx.AsyncClient, settings: Settings) -> None:
    first = (await nina.post("/api/members", json={"name": "Adam", "address": "10.77.0.9"})).json()
    second = (await nina.post("/api/members/adam/rotate", json={})).json()
    listed = (await nina.get("/api/members")).json()["items"]
    assert [each["name"] for each in listed] == ["Nina", "guests", "Adam"]
    assert listed[2]["addresses"] == ["10.77.0.9", "fd77:7061:6464::9"]
    assert listed[2]["key"] == second["member"]["key"] != first["member"]["key"]
    before = peers_of(settings)
    assert second["configuration"].split("PrivateKey = ")[1].split()[0] not in before
    for method, path, body, status, code in (
        ("POST", "/api/members", {"name": "ADAM"}, 409, "name_taken"),
        ("POST", "/api/members", {"name": "a#b"}, 422, "bad_name"),
        ("POST", "/api/members", {"name": "Zoe", "public_key": "x"}, 422, "bad_key"),
        ("POST", "/api/members", {"name": "Zoe", "role": "admin"}, 422, "bad_request"),
        ("POST", "/api/members/Zoe/rotate", {}, 404, "no_such_member"),
        ("DELETE", "/api/members/Zoe", None, 404, "no_such_member"),
        ("DELETE", "/api/members/guests", None, 422, "is_network"),
        ("DELETE", "/api/members/Nina", None, 409, "yourself"),
    ):
        answer = await nina.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (path, answer.text)
    assert peers_of(settings) == before


async def test_the_page_does_the_same(nina: httpx.AsyncClient, settings: Settings) -> None:
    shown = await nina.post("/members/add", data={"name": "Adam <3"})
    assert shown.status_code == 422 and "cannot be a member" in shown.text and "Adam &lt;3" in shown.text
    shown = await nina.post("/members/add", data={"name": "Adam O'Neil"})
    assert shown.status_code == 200 and shown.headers["cache-control"] == "no-store"
    key = re.search(r"PrivateKey = (\S{44})", shown.text)
    assert key and "<svg" in shown.text and "Adam O&#39;Neil is 10.77.0.3" in shown.text
    again = await nina.get("/members")
    assert key[1] not in again.text and "Adam O&#39;Neil" in again.text, "shown once"
    rotated = await nina.post("/members/rotate", data={"name": "Adam O'Neil"})
    assert "PrivateKey" in rotated.text and key[1] not in rotated.text
    removed = await nina.post("/members/remove", data={"name": "Adam O'Neil"})
    assert removed.status_code == 303 and peers_of(settings) == BY_HAND
    refused = await nina.post("/members/remove", data={"name": "Nina"})
    assert refused.status_code == 409 and "shut out yourself" in refused.text


async def test_a_broken_file_is_said_on_the_page_and_never_written(
    nina: httpx.AsyncClient, settings: Settings
) -> None:
    assert settings.peers_file is not None and (await nina.get("/members")).status_code == 200
    settings.peers_file.write_text(BY_HAND + "slipped\n")
    assert "Line 3" in (await nina.get("/members")).text
    assert (await nina.post("/api/members", json={"name": "Adam"})).json()["code"] == "bad_peers_file"
    assert peers_of(settings) == BY_HAND + "slipped\n"


async def test_who_may_is_asked_in_one_place(nina: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(principal, "may", lambda *_: False)
    for method, path in (
        ("GET", "/members"),
        ("POST", "/members/add"),
        ("POST", "/members/rotate"),
        ("POST", "/members/remove"),
        ("GET", "/api/members"),
        ("POST", "/api/members"),
        ("POST", "/api/members/Nina/rotate"),
        ("DELETE", "/api/members/Nina"),
    ):
        given = {"json": {"name": "Eve"} if path.endswith("members") else {}} if path.startswith("/api") else {}
        answer = await nina.request(method, path, **(given if method == "POST" else {}))
        assert answer.status_code == 403 and "may not see, let in or shut out members" in answer.text, (
            method,
            path,
        )


async def test_the_certificate_is_where_the_configuration_says(nina: httpx.AsyncClient, settings: Settings) -> None:
    assert (await nina.get("/ca.crt")).status_code == 404
    (settings.data / "vpn").mkdir()
    (settings.data / "vpn" / "authority.crt").write_text("-----BEGIN CERTIFICATE-----\n")
    answer = await nina.get("/ca.crt")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/x-x509-ca-cert")
    assert "its certificate" in (await nina.get("/members")).text


async def test_without_a_peers_file_there_are_no_members(tmp_path: Path) -> None:
    alone = Settings(data=tmp_path / "alone")
    async with open_context(alone) as context:
        transport = httpx.ASGITransport(serve(context, alone), client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url=alone.base_url) as client:
            assert (await client.get("/api/members")).json()["code"] == "no_members"
            assert "PADDOCK_PEERS_FILE" in (await client.get("/members")).text
            assert (await client.post("/members/add", data={"name": "Adam"})).status_code == 404
