"""Who is acting, found once at the edge, and who is turned away there.

With a peers file (the VPN) an address is a name, and an unknown address is refused. Without one there is one local
user, and only loopback is answered. In both cases the Host must be an address or a name we know, because a web page
elsewhere can point its own name at us (DNS rebinding), and neither a request that changes something nor a WebSocket
may come from another site's page: browsers open those without asking us (no CORS).
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import Scope

from paddock.adapters.peers_file import PeersFile
from paddock.domain.peers import Address, read_address
from paddock.domain.principal import LOCAL_USER, Principal, PrincipalKind
from paddock.domain.roles import TeamRole
from paddock.errors import Rejected
from paddock.settings import Settings
from paddock.web.kernel.same_site import SAFE_METHODS, refuse_cross_site, refuse_wrong_host

_LOOPBACK = (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))


def warning_of(settings: Settings) -> str | None:
    """What whoever starts the service should know about who is let in; None where nothing is odd.

    Raises:
        Rejected: the peers file cannot be understood.
    """
    alone = settings.host == "localhost" or _is_loopback(read_address(settings.host))
    if settings.peers_file is None:
        if alone or settings.trusted_proxies.strip():
            return None
        return (
            "Only this machine is let in, because there is no peers file. For colleagues write one, with lines "
            "like '10.7.0.4 Adam' or '10.7.0.0/24 team', and set PADDOCK_PEERS_FILE to its path."
        )
    peers = PeersFile(settings.peers_file).read()
    if not settings.trusted_proxies.strip() and not any(peers.name_of(each) for each in _LOOPBACK):
        return (
            f"This machine itself is not let in: add '127.0.0.1 and a name' to {settings.peers_file} "
            "if somebody works on it."
        )
    return None


class Edge:
    """Decides for every request who is acting.

    Raises:
        Rejected: the settings name a peers file or a proxy that cannot be understood.
    """

    def __init__(self, settings: Settings) -> None:
        self._peers = PeersFile(settings.peers_file) if settings.peers_file else None
        if self._peers is not None:
            self._peers.current()
        self._proxies = frozenset(_proxy(text) for text in settings.trusted_proxies.split(",") if text.strip())
        self._names = frozenset({"localhost", urlsplit(settings.base_url).hostname or "", settings.host.lower()})

    def admit(self, scope: Scope) -> Principal:
        """The principal of a request.

        Raises:
            Rejected: with the code ``not_a_member``, ``wrong_host`` or ``cross_site``; each is a 403.
        """
        # Not from_scope, which keeps them beside the scope for whoever asks with other ones later.
        headers = Headers(scope["headers"])
        principal = self._principal(self._client_address(scope, headers))
        refuse_wrong_host(headers, self._names.__contains__, "use its address, or set PADDOCK_PUBLIC_URL")
        if scope["type"] == ScopeType.WEBSOCKET or scope["method"] not in SAFE_METHODS:
            refuse_cross_site(headers)
        return principal

    def still_admits(self, scope: Scope, principal: Principal) -> bool:
        """Whether who began a request is still who they were."""
        try:
            return self._principal(self._client_address(scope, Headers(scope["headers"]))) == principal
        except Rejected:
            return False

    def _client_address(self, scope: Scope, headers: Headers) -> Address | None:
        """The nearest address that no trusted proxy has; a forwarded one is believed only from such a proxy."""
        client = scope.get("client")
        address = read_address(client[0]) if client else None
        # joined, because a proxy may add a second header line instead of a list item
        forwarded = ",".join(headers.getall("x-forwarded-for", [])).split(",")
        while address in self._proxies and forwarded and forwarded[-1].strip():
            address = read_address(forwarded.pop().strip())
        return address

    def _principal(self, address: Address | None) -> Principal:
        if self._peers is not None:
            if name := self._peers.current().name_of(address):
                return Principal(PrincipalKind.MEMBER, name, TeamRole.ADMIN)
            raise Rejected(
                f"The address {address or 'of this request'} is no member of the team's VPN: "
                "ask for an entry in the peers file.",
                code="not_a_member",
            )
        if not _is_loopback(address):
            raise Rejected(
                "Without a peers file this Paddock answers its own machine only: open it there, or ask who runs it "
                "to set PADDOCK_PEERS_FILE (see README).",
                code="not_a_member",
            )
        return LOCAL_USER


def _is_loopback(address: Address | None) -> bool:
    return address is not None and address.is_loopback


def _proxy(text: str) -> Address:
    address = read_address(text.strip())
    if address is None:
        raise Rejected(f"PADDOCK_TRUSTED_PROXIES: {text.strip()[:60]!r} is no address.", code="bad_setting")
    return address
