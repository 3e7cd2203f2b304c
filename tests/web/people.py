"""People of a team in tests: added past the API, signed in through it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import httpx

from paddock.domain.people import Person
from paddock.domain.principal import LOCAL_USER, Principal, PrincipalKind
from paddock.usecases.context import Context
from paddock.usecases.people.tokens import make_token
from paddock.usecases.people.users import add_user
from tests.web.conftest import Connect

PASSWORD = "four laps around the car park"


async def add_person(context: Context, name: str, role: str = "admin", email: str = "") -> Person:
    """A user with ``PASSWORD``."""
    return await add_user(context, LOCAL_USER, name, role=role, email=email, password=PASSWORD)


async def token_of(client: httpx.AsyncClient, name: str, password: str = PASSWORD) -> str:
    """What ``POST /api/login`` answers."""
    answer = await client.post("/api/login", json={"name": name, "password": password})
    answer.raise_for_status()
    return str(answer.json()["token"])


def bearing(token: str) -> dict[str, str]:
    """The header of a request with a token."""
    return {"Authorization": f"Bearer {token}"}


async def made_token(context: Context) -> str:
    """An API token of an admin, who is added for it."""
    ada = await add_person(context, "Ada")
    principal = Principal(PrincipalKind.PERSON, ada.name, ada.role, person=ada.id)
    return (await make_token(context, principal, "test")).text


async def sign_in_by_form(client: httpx.AsyncClient, name: str, password: str = PASSWORD) -> httpx.Response:
    """As a browser does; its cookie stays with the client."""
    return await client.post("/sign-in", data={"name": name, "password": password})


@contextlib.asynccontextmanager
async def signed_in(connect: Connect, name: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which somebody has signed in."""
    async with connect() as browser:
        assert (await sign_in_by_form(browser, name)).status_code == 303
        yield browser
