"""Who is acting, found once at the edge, and who is turned away there.

With a peers file (the VPN) an address is a name, and an unknown address is refused. Without one there is one local
user, and only loopback is answered. In both cases the Host must be an address or a name we know, because a web page
elsewhere can point its own name at us (DNS rebinding), and a request that changes something must not come from
another site's page.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from litestar.datastructures import Headers
from litestar.types import Scope

from paddock.domain.principal import LOCAL_USER, Principal, PrincipalKind
from paddock.errors import Rejected
from paddock.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def read_peers(path: Path) -> dict[Address, str]:
    """The members of the VPN: one line each, address and name (``10.7.0.4 Adam``); ``#`` begins a comment.

    Raises:
        Rejected: the file cannot be read, or a line of it (code ``bad_peers_file``).
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Rejected(f"The peers file cannot be read: {error}.", code="bad_peers_file") from None
    peers: dict[Address, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        address, _, name = line.split("#")[0].strip().partition(" ")
        if not address:
            continue
        parsed = _address(address)
        if parsed is None or not name.strip():
            raise Rejected(
                f"Line {number} of the peers file must be an address and a name, like '10.7.0.4 Adam'.",
                code="bad_peers_file",
            )
        peers[parsed] = name.strip()
    return peers


class Edge:
    """Decides for every request who is acting.

    Raises:
        Rejected: the settings name a peers file or a proxy that cannot be understood.
    """

    def __init__(self, settings: Settings) -> None:
        self._peers = read_peers(settings.peers_file) if settings.peers_file else None
        self._proxies = frozenset(_proxy(text) for text in settings.trusted_proxies.split(",") if text.strip())
        self._names = {"localhost", urlsplit(settings.base_url).hostname, settings.host.lower()}

    def admit(self, scope: Scope) -> Principal:
        """The principal of a request.

        Raises:
            Rejected: with the code ``not_a_member``, ``wrong_host`` or ``cross_site``; each is a 403.
        """
        # Not from_scope, which keeps them beside the scope for whoever asks with other ones later.
        headers = Headers(scope["headers"])
        principal = self._principal(self._client_address(scope, headers))
        self._check_host(headers)
        if scope.get("method") not in SAFE_METHODS:
            _check_same_site(headers)
        return principal

    def _client_address(self, scope: Scope, headers: Headers) -> Address | None:
        """The nearest address that no trusted proxy has; a forwarded one is believed only from such a proxy."""
        client = scope.get("client")
        address = _address(client[0]) if client else None
        # joined, because a proxy may add a second header line instead of a list item
        forwarded = ",".join(headers.getall("x-forwarded-for", [])).split(",")
        while address in self._proxies and forwarded and forwarded[-1].strip():
            address = _address(forwarded.pop().strip())
        return address

    def _principal(self, address: Address | None) -> Principal:
        if self._peers is not None:
            if address is not None and address in self._peers:
                return Principal(PrincipalKind.MEMBER, self._peers[address])
            raise Rejected(
                f"The address {address or 'of this request'} is no member of the team's VPN: "
                "ask for an entry in the peers file.",
                code="not_a_member",
            )
        if address is None or not address.is_loopback:
            raise Rejected(
                "Without a peers file this Paddock answers its own machine only: "
                "open it there, or set PADDOCK_PEERS_FILE.",
                code="not_a_member",
            )
        return LOCAL_USER

    def _check_host(self, headers: Mapping[str, str]) -> None:
        host = _host_name(f"//{headers.get('host', '')}")
        # An address is always fine: rebinding needs a name.
        if host not in self._names and _address(host or "") is None:
            raise Rejected(
                f"This Paddock is not {(host or 'a nameless host')[:80]}: "
                "use its address, or set PADDOCK_PUBLIC_URL.",
                code="wrong_host",
            )


def _check_same_site(headers: Mapping[str, str]) -> None:
    origin = headers.get("origin")
    same = origin is None or _net_location(origin) == headers.get("host", "").lower()
    if not same or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Rejected(
            "A page of another site may not change anything here: open Paddock's own page and do it there.",
            code="cross_site",
        )


def _host_name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _net_location(url: str) -> str | None:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return None


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped: Any = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _proxy(text: str) -> Address:
    address = _address(text.strip())
    if address is None:
        raise Rejected(f"PADDOCK_TRUSTED_PROXIES: {text.strip()[:60]!r} is no address.", code="bad_setting")
    return address
