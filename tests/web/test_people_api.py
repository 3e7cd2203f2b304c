"""Users, tokens and the audit: the API and the pages that work without JavaScript."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from paddock.domain.credentials import LIFE_NS, CredentialKind
from paddock.domain.instants import NS_PER_S, from_rfc3339
from paddock.usecases.context import Context
from tests.web.builders import insert_converted
from tests.web.conftest import Connect
from tests.web.people import PASSWORD, add_person, bearing, sign_in_by_form, token_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def admin(connect: Connect, context: Context) -> AsyncIterator[httpx.AsyncClient]:
    await add_person(context, "Ada", email="ada@example.org")
    async with connect() as browser:
        assert (await sign_in_by_form(browser, "Ada")).status_code == 303
        yield browser


async def test_a_users_stay(admin: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    added = await admin.post("/api/users", json={"name": " Mei  Lin ", "role": "viewer", "password": PASSWORD})
    assert added.status_code == 201
    mei = added.json()
    assert (mei["name"], mei["role"], mei["is_active"], mei["link"], mei["has_password"]) == (
        "Mei Lin",
        "viewer",
        True,
        None,
        True,
    )
    assert "hash" not in str(mei) and (await admin.get(f"/api/users/{mei['id']}")).json()["created_by"] == "Ada"
    token = await token_of(client, "mei lin")
    assert (await client.post("/api/fields", json={"label": "x"}, headers=bearing(token))).status_code == 403
    changed = await admin.patch(f"/api/users/{mei['id']}", json={"role": "engineer", "version": mei["version"]})
    assert changed.json()["role"] == "engineer" and changed.json()["version"] == mei["version"] + 1
    assert (await client.post("/api/fields", json={"label": "x"}, headers=bearing(token))).status_code == 201
    late = await admin.patch(f"/api/users/{mei['id']}", json={"email": "m@x.org", "version": mei["version"]})
    assert (late.status_code, late.json()["code"]) == (409, "changed_meanwhile")
    assert (await admin.patch(f"/api/users/{mei['id']}", json={"is_active": False})).status_code == 200
    assert (await client.get("/api/me", headers=bearing(token))).status_code == 401
    assert (await admin.delete(f"/api/users/{mei['id']}")).status_code == 405, "disabled, never deleted"
    assert [(each["name"], each["is_active"]) for each in (await admin.get("/api/users")).json()["items"]] == [
        ("Ada", True),
        ("Mei Lin", False),
    ]
    assert (await admin.patch("/api/users/Mei Lin", json={"is_active": True})).status_code == 200
    assert (await client.get("/api/me", headers=bearing(token))).status_code == 200


async def test_what_cannot_be(admin: httpx.AsyncClient) -> None:
    ada = (await admin.get("/api/users/ada")).json()
    await admin.post("/api/users", json={"name": "Bo", "role": "admin", "email": "bo@example.org"})
    for method, path, body, status, code in (
        ("POST", "/api/users", {"name": "ADA"}, 409, "name_taken"),
        ("POST", "/api/users", {"name": "a@b"}, 422, "bad_name"),
        ("POST", "/api/users", {"name": "local"}, 422, "bad_name"),
        ("POST", "/api/users", {"name": "x" * 61}, 422, "bad_name"),
        ("POST", "/api/users", {"name": "Zoe", "role": "device"}, 422, "bad_role"),
        ("POST", "/api/users", {"name": "Zoe", "role": "stranger"}, 422, "bad_role"),
        ("POST", "/api/users", {"name": "Zoe", "email": "no"}, 422, "bad_email"),
        ("POST", "/api/users", {"name": "Zoe", "email": "BO@example.org"}, 409, "email_taken"),
        ("POST", "/api/users", {"name": "Zoe", "password": "short"}, 422, "weak_password"),
        ("POST", "/api/users", {"name": "Zoe", "is_admin": True}, 422, "bad_request"),
        ("POST", "/api/users", {}, 422, "bad_request"),
        ("GET", "/api/users/Zoe", None, 404, "no_such_user"),
        ("PATCH", "/api/users/Zoe", {"role": "admin"}, 404, "no_such_user"),
        ("PATCH", f"/api/users/{ada['id']}", {"role": "root"}, 422, "bad_role"),
        ("PATCH", f"/api/users/{ada['id']}", {"email": "bo@example.org"}, 409, "email_taken"),
        ("PATCH", f"/api/users/{ada['id']}", {"name": "Eve"}, 422, "bad_request"),
        ("POST", "/api/users/Zoe/link", None, 404, "no_such_user"),
        ("POST", "/api/tokens", {"name": ""}, 422, "bad_name"),
        ("POST", "/api/tokens", {"name": "x", "scope": "device"}, 422, "bad_role"),
        ("POST", "/api/tokens", {"name": "x", "expires_days": 0}, 422, "bad_days"),
        ("POST", "/api/tokens", {"name": "x", "expires_days": 10_000}, 422, "bad_days"),
        ("DELETE", "/api/tokens/none", None, 404, "no_such_token"),
    ):
        answer = await admin.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (path, body, answer.text)
    assert len((await admin.get("/api/users")).json()["items"]) == 2


async def test_somebody_is_left_who_manages_users(admin: httpx.AsyncClient) -> None:
    for change in ({"role": "engineer"}, {"is_active": False}):
        answer = await admin.patch("/api/users/Ada", json=change)
        assert (answer.status_code, answer.json()["code"]) == (422, "last_admin")
    await admin.post("/api/users", json={"name": "Bo", "role": "admin"})
    assert (await admin.patch("/api/users/Ada", json={"role": "engineer"})).status_code == 200


async def test_tokens(admin: httpx.AsyncClient, client: httpx.AsyncClient, context: Context) -> None:
    asked = {"name": "notebook", "scope": "viewer", "expires_days": 2}
    made = (await admin.post("/api/tokens", json=asked)).json()
    text = made["token"]
    assert made["last_used_at"] is None and made["scope"] == "viewer"
    for_ns = from_rfc3339(made["expires_at"]) - from_rfc3339(made["created_at"])
    assert for_ns == 2 * 86_400 * NS_PER_S < LIFE_NS[CredentialKind.TOKEN]
    me = (await client.get("/api/me", headers=bearing(text))).json()
    assert (me["name"], me["kind"], me["role"]) == ("Ada", "token", "viewer")
    assert (await client.get("/api/recordings", headers=bearing(text))).status_code == 200
    assert (await client.get("/api/users", headers=bearing(text))).status_code == 403, "no more than its scope"
    more = await client.post("/api/tokens", json={"name": "more"}, headers=bearing(text))
    assert more.status_code == 403, "a token makes no token"
    listed = (await admin.get("/api/tokens")).json()["items"]
    assert listed[0]["last_used_at"] and listed[0]["last_used_from"] == "127.0.0.1" and "token" not in listed[0]
    assert text.split("_", 2)[2] not in str((await context.documents.credentials.find()).items)
    whole = (await admin.post("/api/tokens", json={"name": "all"})).json()
    assert whole["scope"] == "admin"
    await add_person(context, "Bo")
    await admin.patch("/api/users/Ada", json={"role": "viewer"})
    assert (await client.get("/api/users", headers=bearing(whole["token"]))).status_code == 403, (
        "nor than its owner"
    )
    bo = await token_of(client, "Bo")
    assert (await client.delete(f"/api/tokens/{made['id']}", headers=bearing(whole["token"]))).status_code == 204
    assert (await client.get("/api/me", headers=bearing(text))).status_code == 401
    of_bo = (await client.post("/api/tokens", json={"name": "b"}, headers=bearing(bo))).json()
    stolen = await client.delete(f"/api/tokens/{of_bo['id']}", headers=bearing(whole["token"]))
    assert stolen.status_code == 404, "somebody else's"
    assert (await client.delete(f"/api/tokens/{whole['id']}", headers=bearing(bo))).status_code == 204, (
        "an admin may"
    )


async def test_a_token_is_over_by_itself(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, context: Context
) -> None:
    made = (await admin.post("/api/tokens", json={"name": "x", "expires_days": 1})).json()
    real = context.now
    object.__setattr__(context, "now", lambda: real() + 86_400 * NS_PER_S)
    assert (await client.get("/api/me", headers=bearing(made["token"]))).status_code == 401


async def test_who_changed_what(admin: httpx.AsyncClient, client: httpx.AsyncClient, context: Context) -> None:
    recording = await insert_converted(context)
    await admin.patch(f"/api/recordings/{recording.id}", json={"metadata": {"driver": "Zoë"}})
    await admin.post("/api/users", json={"name": "Mei", "role": "engineer", "password": PASSWORD})
    mei = bearing(await token_of(client, "Mei"))
    await client.post("/api/fields", json={"label": "Tyre set"}, headers=mei)
    await client.post("/api/devices", json={"name": "Box"}, headers=mei)
    await client.post("/api/tokens", json={"name": "script"}, headers=mei)
    await admin.patch("/api/users/Mei", json={"role": "viewer"})
    everything = (await admin.get("/api/audit")).json()["items"]
    assert [each["at"] for each in everything] == sorted((each["at"] for each in everything), reverse=True)
    said = {(each["principal"], each["kind"], each["name"], each["field"], each["after"]) for each in everything}
    assert {
        ("Ada", "recording", "", "driver", "Zoë"),
        ("Ada", "person", "Mei", "created", "Mei"),
        ("Ada", "person", "Mei", "role", "viewer"),
        ("Mei", "field", "Tyre set", "created", "Tyre set"),
        ("Mei", "device", "Box", "created", "Box"),
    } <= said
    assert any(each[:3] == ("Mei", "token", "script") for each in said)
    assert "argon2" not in str(everything)
    of_mei = (await admin.get("/api/audit", params={"person": "Mei"})).json()["items"]
    assert {each["principal"] for each in of_mei} == {"Mei"}
    of_people = (await admin.get("/api/audit", params={"kind": "person", "person": "Ada"})).json()["items"]
    assert {(each["kind"], each["principal"]) for each in of_people} == {("person", "Ada")}
    paged, after = [], None
    while True:
        page = (await admin.get("/api/audit", params={"limit": 2, **({"after": after} if after else {})})).json()
        paged += page["items"]
        if (after := page["next"]) is None:
            break
    assert paged == everything, "paged over all of it"
    assert (await client.get("/api/audit", headers=mei)).status_code == 403
    shown = await admin.get("/audit")
    assert shown.status_code == 200 and "Tyre set" in shown.text and "Zoë" in shown.text
    filtered = await admin.get("/audit", params={"person": "Mei", "kind": "device"})
    assert "Box" in filtered.text and "Zoë" not in filtered.text
    assert "Nothing was changed like that" in (await admin.get("/audit?person=Nobody")).text


async def test_the_pages_do_the_same(admin: httpx.AsyncClient, client: httpx.AsyncClient, context: Context) -> None:
    form = {"name": "Zoë <3", "role": "viewer"}
    assert (await admin.post("/people/add", data=form)).status_code == 422
    shown = await admin.post("/people/add", data=form | {"name": "Zoë O'Neil"})
    assert shown.status_code == 200 and shown.headers["cache-control"] == "no-store"
    link = re.search(r"http://127\.0\.0\.1:8080/sign-in/link\?link=(\S+?)<", shown.text)
    assert link and "Zoë O&#39;Neil is added" in shown.text
    page = await admin.get("/people")
    assert link[1] not in page.text and "no password yet" in page.text, "shown once"
    zoe = (await admin.get("/api/users/Zoë O'Neil")).json()["id"]
    used = await client.post("/sign-in/link", data={"link": link[1], "password": PASSWORD, "again": PASSWORD})
    assert used.status_code == 303
    account = await client.get("/account")
    assert "Zoë O&#39;Neil" in account.text and "this one" in account.text and 'href="/people"' not in account.text
    assert (await client.get("/people")).status_code == 403
    made = await client.post("/account/tokens/add", data={"name": "notebook", "scope": "viewer", "days": "30"})
    token = re.search(r"pdk_[0-9a-f]{16}_[\w-]{43}", made.text)
    assert token and made.headers["cache-control"] == "no-store"
    assert token[0] not in (await client.get("/account")).text
    assert (await client.get("/api/me", headers=bearing(token[0]))).json()["name"] == "Zoë O'Neil"
    for days in ("", "0", "-1", "9" * 30, "x"):
        refused = await client.post("/account/tokens/add", data={"name": "n", "scope": "viewer", "days": days})
        assert refused.status_code == 422 and "1 to 3,650 days" in refused.text
    listed = (await client.get("/api/tokens")).json()["items"]
    assert (await client.post(f"/account/tokens/{listed[0]['id']}/revoke")).status_code == 303
    other = await token_of(client, "Zoë O'Neil")
    sessions = re.findall(r"/account/sessions/([0-9a-f]{16})/end", (await client.get("/account")).text)
    assert len(sessions) == 1, "not the one that asks"
    assert (await client.post(f"/account/sessions/{sessions[0]}/end")).status_code == 303
    assert (await client.get("/api/me", headers=bearing(other))).status_code == 401
    assert (await client.post(f"/account/sessions/{sessions[0]}/end")).status_code == 404
    again = await admin.post(f"/people/{zoe}/link")
    assert "can set a password" in again.text
    changed = await admin.post(f"/people/{zoe}/change", data={"role": "engineer", "email": "zoe@example.org"})
    assert changed.status_code == 303 and (await client.get("/api/me")).json()["role"] == "engineer"
    assert (await admin.post(f"/people/{zoe}/change", data={"active": "no"})).status_code == 303
    assert (await client.get("/account", headers={"Accept": "text/html"})).status_code == 303
    assert "Let in again" in (await admin.get("/people")).text
    assert (await admin.post(f"/people/{zoe}/link")).status_code == 422
    assert (await admin.post(f"/people/{zoe}/change", data={"active": "yes"})).status_code == 303
    refused = await admin.post("/people/Ada/change", data={"active": "no"})
    assert refused.status_code == 422 and "only admin" in refused.text
