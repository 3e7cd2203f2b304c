"""What a request brings along to say who sends it: a bearer token, or the cookie of a session."""

from __future__ import annotations

from urllib.parse import parse_qsl

from litestar.datastructures import Cookie, Headers
from litestar.types import Scope

from paddock.domain.credentials import LIFE_NS, CredentialKind, is_secret
from paddock.domain.instants import NS_PER_S
from paddock.errors import Rejected
from paddock.settings import Settings

_SCHEME = "bearer "


def cookie_name(settings: Settings) -> str:
    """The session's cookie, whose name tells browsers to keep it for this host alone where that is possible.

    Over plain http with the port in it: to browsers all ports of a machine are one site.
    """
    return "__Host-paddock" if is_secure(settings) else f"paddock-{settings.port}"


def is_secure(settings: Settings) -> bool:
    """Whether browsers reach the site by https alone."""
    return settings.base_url.startswith("https://")


def session_cookie(settings: Settings, text: str) -> Cookie:
    """The cookie that signs a browser in; with an empty text the one that signs it out."""
    return Cookie(
        key=cookie_name(settings),
        value=text,
        path="/",
        max_age=LIFE_NS[CredentialKind.SESSION] // NS_PER_S if text else 0,
        httponly=True,
        secure=is_secure(settings),
        samesite="lax",
    )


def bearer_of(headers: Headers) -> str | None:
    """The token of ``Authorization: Bearer``; None without one."""
    said = headers.get("authorization", "")
    return said[len(_SCHEME) :].strip() if said[: len(_SCHEME)].lower() == _SCHEME else None


def cookie_of(headers: Headers, name: str) -> str | None:
    """A cookie's value; None without one."""
    for line in headers.getall("cookie", []):
        for each in line.split(";"):
            key, _, value = each.strip().partition("=")
            if key == name and value:
                return value
    return None


def refuse_token_in_address(scope: Scope) -> None:
    """An address is written down by proxies, logs and browsers: no token belongs there.

    Raises:
        Rejected: one is in the query (code ``token_in_address``), a 400.
    """
    query = scope["query_string"]
    if not query:
        return
    for _, value in parse_qsl(query.decode(errors="replace"), keep_blank_values=False):
        if is_secret(value):
            raise Rejected(
                "A token belongs into the header `Authorization: Bearer …`, never into an address, which others "
                "write down: revoke this one, and make another.",
                code="token_in_address",
            )
