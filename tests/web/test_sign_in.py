"""Signing in: who gets in by what, and everything that somebody would try who should not."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from paddock.domain import passwords
from paddock.domain.attempts import PAIR
from paddock.domain.credentials import IDLE_NS, LIFE_NS, CredentialKind
from paddock.domain.instants import NS_PER_S
from paddock.domain.principal import LOCAL_USER
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.usecases.people import users
from paddock.web.sign_in.visitor import program_of
from tests.web.conftest import Connect
from tests.web.people import PASSWORD, add_person, bearing, sign_in_by_form, signed_in, token_of

pytestmark = pytest.mark.anyio
PAGE = {"Accept": "text/html"}


@pytest.fixture
async def ada(context: Context) -> str:
    return (await add_person(context, "Ada", email="ada@example.org")).id


async def test_without_users_nobody_signs_in(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/me")).json()["kind"] == "local"
    assert (await client.get("/", headers=PAGE)).status_code == 200
    assert (await client.post("/api/tokens", json={"name": "x"})).json()["code"] == "no_user"
    assert "Whoever is at this machine may do everything" in (await client.get("/people")).text
    assert "whoever is at this machine may do everything" in (await client.get("/account")).text


@pytest.mark.parametrize("name", ["Ada", "ADA", " ada ", "ada@example.org", "Ada@Example.org"])
async def test_by_name_or_address_and_password(client: httpx.AsyncClient, ada: str, name: str) -> None:
    refused = await client.get("/api/recordings")
    assert (refused.status_code, refused.json()["code"]) == (401, "not_signed_in")
    assert refused.headers["www-authenticate"] == "Bearer"
    answer = await client.post("/api/login", json={"name": name, "password": PASSWORD})
    assert answer.status_code == 200 and set(answer.json()) == {"token", "expires_at"}
    assert answer.headers["cache-control"] == "no-store" and "set-cookie" not in answer.headers
    me = (await client.get("/api/me", headers=bearing(answer.json()["token"]))).json()
    assert (me["name"], me["kind"], me["role"], me["user"]) == ("Ada", "person", "admin", ada)


async def test_a_page_leads_to_the_sign_in_page_and_back(client: httpx.AsyncClient, ada: str) -> None:
    sent = await client.get("/jobs?state=dead", headers=PAGE)
    assert sent.status_code == 303 and sent.headers["location"] == "/sign-in?next=%2Fjobs%3Fstate%3Ddead"
    page = await client.get(sent.headers["location"], headers=PAGE)
    assert 'value="/jobs?state=dead"' in page.text and "<nav" not in page.text
    form = {"name": "ada", "password": PASSWORD, "next": "/jobs?state=dead"}
    answer = await client.post("/sign-in", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs?state=dead")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie and "Secure" not in cookie
    assert (await client.get("/jobs", headers=PAGE)).status_code == 200
    assert (await client.get("/sign-in", headers=PAGE)).status_code == 303, "who is signed in goes on"


async def test_over_https_the_cookie_goes_there_alone(connect: Connect, settings: Settings, ada: str) -> None:
    secure = Settings(data=settings.data, public_url="https://paddock.team", trusted_proxies="127.0.0.1")
    async with connect(secure) as client:
        cookie = (await sign_in_by_form(client, "Ada")).headers["set-cookie"]
        assert cookie.startswith("__Host-paddock=") and "Secure" in cookie
        assert (await client.get("/api/me")).json()["name"] == "Ada"


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "\t//evil.example", ""],
)
async def test_after_it_nobody_is_sent_elsewhere(client: httpx.AsyncClient, ada: str, wanted: str) -> None:
    answer = await client.post("/sign-in", data={"name": "Ada", "password": PASSWORD, "next": wanted})
    assert answer.headers["location"] == "/"


async def test_nobody_learns_who_has_an_account(
    client: httpx.AsyncClient, context: Context, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same answer and same work for no such user, a wrong password, a disabled user, one without a password."""
    await users.add_user(context, LOCAL_USER, "New", role="viewer")
    left = await add_person(context, "Left", "viewer")
    await users.change_user(context, LOCAL_USER, left.id, is_active=False)
    worked: list[str] = []
    real = passwords.is_password

    def is_password(password: str, stored: str) -> bool:
        worked.append(stored)
        return real(password, stored)

    monkeypatch.setattr("paddock.usecases.people.sign_in.is_password", is_password)
    api, pages = set(), set()
    tried = (
        ("Nobody", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("Ada", "another password"),
        ("ada@example.org", "another password"),
        ("Left", PASSWORD),
        ("New", ""),
        ("New", PASSWORD),
    )
    for name, password in tried:
        answer = await client.post("/api/login", json={"name": name, "password": password})
        assert answer.status_code == 401
        api.add(str(answer.json() | {"instance": ""}))
        page = await sign_in_by_form(client, name, password)
        assert page.status_code == 403 and "set-cookie" not in page.headers
        pages.add(page.text.replace(f'value="{name}"', ""))
    assert len(api) == len(pages) == 1
    assert len(worked) == 2 * len(tried)


async def test_no_account_and_no_password_cost_the_same_work() -> None:
    assert not passwords.is_password("anything", "")
    stored = passwords.hash_password("anything")
    nobodys = passwords._nobodys()
    assert stored.rsplit("$", 2)[0] == nobodys.rsplit("$", 2)[0], "the same parameters"
    assert not passwords.is_password("nobody has this password", "")


async def test_brute_force_waits_and_locks_nobody_out(
    client: httpx.AsyncClient, connect: Connect, context: Context, ada: str
) -> None:
    now = [1000.0]
    context.desk.attempts._now = lambda: now[0]
    wrong = {"name": "Ada", "password": "wrong"}
    answers = [(await client.post("/api/login", json=wrong)).status_code for _ in range(PAIR.at_once + 3)]
    assert answers == [401] * PAIR.at_once + [429] * 3
    right = await client.post("/api/login", json=wrong | {"password": PASSWORD})
    assert right.status_code == 429 and 0 < int(right.headers["retry-after"]) <= PAIR.every_s
    assert "wait" in right.json()["detail"]
    page = await sign_in_by_form(client, "Ada")
    assert page.status_code == 429 and page.headers["retry-after"]
    nobody = await client.post("/api/login", json={"name": "Nobody", "password": "x"})
    assert nobody.status_code == 401, "another account has its own tries"
    now[0] += PAIR.every_s
    assert (await client.post("/api/login", json=wrong | {"password": PASSWORD})).status_code == 200


async def test_a_new_session_at_every_sign_in(client: httpx.AsyncClient, context: Context, ada: str) -> None:
    """What somebody put into the browser before (fixation) is worth nothing after, and nothing before."""
    name = "paddock-8080"
    fixed = f"pds_{'a' * 16}_{'b' * 43}"
    had = {"Cookie": f"{name}={fixed}"}
    assert (await client.get("/api/me", headers=had)).status_code == 401
    await client.post("/sign-in", data={"name": "Ada", "password": PASSWORD}, headers=had)
    first = client.cookies[name]
    assert first != fixed and (await client.get("/api/me")).status_code == 200
    assert (await sign_in_by_form(client, "Ada")).status_code == 303
    second = client.cookies[name]
    assert second != first
    async with httpx.AsyncClient(transport=client._transport, base_url=str(client.base_url)) as other:
        for text in (first, fixed, second[:-1], second[:-1] + "_", "", second.replace("pds", "pdk")):
            assert (await other.get("/api/me", headers={"Cookie": f"{name}={text}"})).status_code == 401, text
        assert (await other.get("/api/me", headers={"Cookie": f"{name}={second}"})).status_code == 200
        assert (await other.get("/api/me", headers=bearing(first))).status_code == 401
    stored = (await context.documents.credentials.find(limit=500)).items
    assert second.split("_", 2)[2] not in str(stored), "what is stored lets nobody in"


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
async def test_a_page_of_another_site_does_nothing_in_somebodys_name(
    connect: Connect, ada: str, headers: dict[str, str]
) -> None:
    async with signed_in(connect, "Ada") as browser:
        for path in ("/sign-in", "/sign-out", "/people/add", "/account/tokens/add", "/api/users", "/api/login"):
            answer = await browser.post(path, data={"name": "Eve"}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "cross_site"), path
        token = await token_of(browser, "Ada")
        answer = await browser.post("/api/tokens", json={"name": "x"}, headers=headers | bearing(token))
        assert answer.status_code == 403


async def test_a_token_in_an_address_is_refused(client: httpx.AsyncClient, ada: str) -> None:
    login = await token_of(client, "Ada")
    made = (await client.post("/api/tokens", json={"name": "script"}, headers=bearing(login))).json()["token"]
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJodDA5In0.c2lnbmF0dXJl"
    for text in (login, made, jwt):
        for name in ("token", "access_token", "q"):
            for more in ({}, bearing(login)):
                answer = await client.get("/api/recordings", params={name: text}, headers=more)
                assert (answer.status_code, answer.json()["code"]) == (400, "token_in_address")
    assert (await client.get(f"/api/recordings?token={'a' * 40}")).status_code == 401


async def test_bearers_that_are_none(client: httpx.AsyncClient, ada: str) -> None:
    token = await token_of(client, "Ada")
    for text in (
        "",
        "nonsense",
        token[:-1],
        token + "x",
        token.swapcase(),
        token.replace("pda_", "pdk_"),
        "pdl_" + token[4:],
    ):
        answer = await client.get("/api/me", headers={"Authorization": f"Bearer {text}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), text
    assert (await client.get("/api/me", headers={"Authorization": f"bearer  {token}"})).status_code == 200
    assert (await client.get("/api/me", headers={"Authorization": f"Basic {token}"})).status_code == 401


async def test_signing_out(client: httpx.AsyncClient, connect: Connect, ada: str) -> None:
    first, second = await token_of(client, "Ada"), await token_of(client, "Ada")
    assert (await client.post("/api/logout", headers=bearing(first))).status_code == 204
    assert (await client.get("/api/me", headers=bearing(first))).status_code == 401
    assert (await client.get("/api/me", headers=bearing(second))).status_code == 200
    async with signed_in(connect, "Ada") as browser, signed_in(connect, "Ada") as other:
        kept = dict(browser.cookies)
        assert (await browser.post("/sign-out")).headers["location"] == "/sign-in"
        assert not browser.cookies
        browser.cookies.update(kept)
        assert (await browser.get("/api/me")).status_code == 401, "the session is over, not only the cookie"
        made = (await other.post("/api/tokens", json={"name": "script"})).json()["token"]
        assert (await other.post("/api/logout?everywhere=true")).status_code == 204
        assert (await other.get("/api/me", headers=bearing(second))).status_code == 401
        assert (await other.get("/api/me", headers=bearing(made))).status_code == 200, (
            "tokens are revoked one by one"
        )
    async with signed_in(connect, "Ada") as again:
        assert (await again.post("/account/sign-out-everywhere")).status_code == 303
        assert (await again.get("/api/me")).status_code == 401
    assert await token_of(client, "Ada")


async def test_sessions_end_by_themselves(connect: Connect, context: Context, ada: str) -> None:
    clock = [context.now()]
    object.__setattr__(context, "now", lambda: clock[0])
    async with signed_in(connect, "Ada") as browser:
        began = clock[0]
        while clock[0] - began < LIFE_NS[CredentialKind.SESSION] - IDLE_NS:
            clock[0] += IDLE_NS - NS_PER_S
            assert (await browser.get("/api/me")).status_code == 200, "used again and again it goes on"
        clock[0] = began + LIFE_NS[CredentialKind.SESSION]
        assert (await browser.get("/api/me")).status_code == 401, "not for ever"
    async with signed_in(connect, "Ada") as browser:
        clock[0] += IDLE_NS
        assert (await browser.get("/api/me")).status_code == 401, "nor unused"


async def test_a_password_is_changed_by_who_knows_it(
    client: httpx.AsyncClient, connect: Connect, context: Context, ada: str
) -> None:
    other = await token_of(client, "Ada")
    async with signed_in(connect, "Ada") as browser:
        form = {"old": "not it", "new": "wet tyres at noon", "again": "wet tyres at noon"}
        refused = await browser.post("/account/password", data=form, headers=PAGE)
        assert refused.status_code == 403 and "another one" in refused.text
        for new, word in (("short", "at least"), ("ada@example.org1", "first"), ("aaaaaaaaaaaa", "first")):
            refused = await browser.post("/account/password", data={"old": PASSWORD, "new": new, "again": new})
            assert refused.status_code == 422 and word in refused.text, new
        refused = await browser.post("/account/password", data=form | {"old": PASSWORD, "again": "x"})
        assert refused.status_code == 422
        before = dict(browser.cookies)
        changed = await browser.post("/account/password", data=form | {"old": PASSWORD})
        assert changed.status_code == 303 and dict(browser.cookies) != before
        assert (await browser.get("/api/me")).status_code == 200
    assert (await client.get("/api/me", headers=bearing(other))).status_code == 401
    assert (await client.post("/api/login", json={"name": "Ada", "password": PASSWORD})).status_code == 401
    assert await token_of(client, "Ada", "wet tyres at noon")
    logged = await token_of(client, "Ada", "wet tyres at noon")
    body = {"old": "wet tyres at noon", "new": PASSWORD}
    answer = await client.put("/api/me/password", json=body, headers=bearing(logged))
    assert answer.status_code == 200
    assert (await client.get("/api/me", headers=bearing(logged))).status_code == 401
    assert (await client.get("/api/me", headers=bearing(answer.json()["token"]))).status_code == 200


async def test_a_link_sets_a_password_once(client: httpx.AsyncClient, context: Context, ada: str) -> None:
    async with httpx.AsyncClient(transport=client._transport, base_url=str(client.base_url)) as admin:
        await sign_in_by_form(admin, "Ada")
        added = await admin.post("/api/users", json={"name": "Mei", "role": "engineer"})
        assert added.status_code == 201 and added.headers["cache-control"] == "no-store"
        first = str(added.json()["link"])
        second = str((await admin.post("/api/users/Mei/link")).json()["link"])
    assert first.startswith(str(client.base_url)) and first != second
    assert (await client.get(first, headers=PAGE)).status_code == 404, "the one before works no more"
    for _ in range(2):
        page = await client.get(second, headers=PAGE)
        assert page.status_code == 200 and "A password for Mei" in page.text, "to look uses it up for nobody"
        assert page.headers["cache-control"] == "no-store" and page.headers["referrer-policy"] == "same-origin"
    text = second.partition("link=")[2]
    assert (await client.get("/api/me", headers=bearing(text))).status_code == 401, "it is no token"
    form = {"link": text, "password": "tyre pressure 0.8", "again": "tyre pressure 0.8"}
    weak = await client.post("/sign-in/link", data=form | {"password": "short", "again": "short"})
    assert weak.status_code == 422 and "at least" in weak.text
    assert (await client.post("/sign-in/link", data=form | {"again": "other"})).status_code == 422
    used = await client.post("/sign-in/link", data=form)
    assert used.status_code == 303 and (await client.get("/api/me")).json()["name"] == "Mei"
    again = await client.post("/sign-in/link", data=form)
    assert again.status_code == 404
    client.cookies.clear()
    assert await token_of(client, "Mei", "tyre pressure 0.8")


async def test_the_first_admin_comes_by_a_link(connect: Connect, context: Context, settings: Settings) -> None:
    asked = Settings(data=settings.data, sign_in="password")
    async with connect(asked) as client:
        assert (await client.get("/api/me")).status_code == 401, "nobody is in by being here"
        page = await client.get("/sign-in")
        assert "no users yet" in page.text
        issued = await users.first_admin_link(context)
        assert issued is not None
        form = {"link": issued.text, "name": "Ada", "password": PASSWORD, "again": PASSWORD}
        refused = await client.post("/sign-in/link", data=form | {"name": "a@b"})
        assert refused.status_code == 422
        assert (await client.post("/sign-in/link", data=form)).status_code == 303
        me = (await client.get("/api/me")).json()
        assert (me["name"], me["role"]) == ("Ada", "admin")
        assert (await client.post("/sign-in/link", data=form | {"name": "Eve"})).status_code == 404
    assert await users.first_admin_link(context) is None


async def test_of_two_who_use_a_link_at_once_one_does(client: httpx.AsyncClient, context: Context) -> None:
    import asyncio

    issued = await users.first_admin_link(context)
    assert issued is not None

    async def use(name: str) -> int:
        form = {"link": issued.text, "name": name, "password": PASSWORD, "again": PASSWORD}
        return (await client.post("/sign-in/link", data=form)).status_code

    assert sorted(await asyncio.gather(*(use(f"admin {number}") for number in range(4)))) == [303, 404, 404, 404]
    assert len(await users.list_users(context)) == 1


async def test_with_users_other_machines_sign_in_too(connect: Connect, ada: str) -> None:
    async with connect(address="192.168.1.20") as phone:
        assert (await phone.get("/api/me")).status_code == 401
        assert (await sign_in_by_form(phone, "Ada")).status_code == 303
        assert (await phone.get("/api/me")).json()["name"] == "Ada"


@pytest.fixture
def vpn(settings: Settings, tmp_path: Path) -> Settings:
    peers = tmp_path / "peers"
    peers.write_text("10.7.0.4 Ada\n10.7.0.5 Zoe\n10.7.0.6 Left\n")
    return Settings(data=settings.data, peers_file=peers, host="10.7.0.1", member_role="viewer")


async def test_a_member_has_the_role_of_the_user_of_that_name(
    connect: Connect, vpn: Settings, context: Context
) -> None:
    await add_person(context, "ada", "engineer")
    await add_person(context, "Boss")
    left = await add_person(context, "Left", "admin")
    await users.change_user(context, LOCAL_USER, left.id, is_active=False)
    async with connect(vpn, "10.7.0.4") as client:
        me = (await client.get("/api/me")).json()
        assert (me["kind"], me["name"], me["role"]) == ("member", "ada", "engineer")
        assert (await client.get("/account")).status_code == 200
    async with connect(vpn, "10.7.0.5") as client:
        assert (await client.get("/api/me")).json()["role"] == "viewer", "who is no user has what the setting says"
        login = await token_of(client, "ada")
        assert (await client.get("/api/me", headers=bearing(login))).json()["name"] == "ada"
    async with connect(vpn, "10.7.0.6") as client:
        refused = await client.get("/api/me")
        assert refused.status_code == 403 and "no user of this Paddock any more" in refused.json()["detail"]
    async with connect(vpn, "10.9.9.9") as client:
        assert (await client.get("/api/me", headers=bearing(login))).json()["code"] == "not_a_member"
        assert (await client.post("/api/login", json={"name": "ada", "password": PASSWORD})).status_code == 403


async def test_in_a_vpn_the_password_may_be_asked_for_as_well(
    connect: Connect, vpn: Settings, context: Context
) -> None:
    await add_person(context, "Ada")
    assert vpn.peers_file is not None
    both = Settings(data=vpn.data, peers_file=vpn.peers_file, host=vpn.host, sign_in="password")
    async with connect(both, "10.7.0.4") as client, connect(both, "10.9.9.9") as stranger:
        assert (await client.get("/api/me")).status_code == 401
        assert (await sign_in_by_form(client, "Ada")).status_code == 303
        assert (await client.get("/api/me")).json()["kind"] == "person"
        assert (await stranger.get("/sign-in")).status_code == 403
        vpn.peers_file.write_text("10.7.0.5 Zoe\n")
        assert (await client.get("/api/me")).json()["code"] == "not_a_member", "a session is no way into the VPN"


async def test_what_is_typed_is_shown_as_text(client: httpx.AsyncClient, ada: str) -> None:
    page = await sign_in_by_form(client, '"><script>alert(1)</script>', "x")
    assert "<script>alert" not in page.text and re.search(r"Name or password is not right", page.text)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) … Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) … Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("python-httpx/0.28.1", "Python"),
        ("curl/8.5.0", "curl"),
        ("", "a program"),
    ],
)
def test_a_session_is_known_by_its_browser(agent: str, words: str) -> None:
    assert program_of(agent) == words
