"""Who is acting, found once at the edge, and who is turned away there.

With a peers file (the VPN) an address is a name, and an unknown address is refused. Without one there is one local
user, and only loopback is answered, until there are users: then everybody signs in. Whoever brings a session or an
API token is who that says. In every case the Host must be an address or a name we know, because a page elsewhere
can point its own name at us (DNS rebinding), and neither a request that changes something nor a WebSocket may
come from another site's page: browsers open those without asking us (no CORS).
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Collection, Mapping
from urllib.parse import urlsplit

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import Scope

from paddock.adapters.peers_file import PeersFile
from paddock.domain.credentials import is_device_token
from paddock.domain.peers import Address, read_address
from paddock.domain.principal import LOCAL_USER, STRANGER, NotSignedIn, Principal, PrincipalKind
from paddock.domain.roles import TeamRole
from paddock.errors import Rejected, Unavailable
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.usecases.devices.tokens import KnownDevices
from paddock.usecases.people.admission import (
    has_people,
    member_principal,
    members_by_name,
    principal_of,
    principals_of,
)
from paddock.web.kernel.credential import bearer_of, cookie_name, cookie_of, refuse_token_in_address
from paddock.web.kernel.permission import UNKNOWN_BECAUSE
from paddock.web.kernel.same_site import SAFE_METHODS, refuse_cross_site, refuse_wrong_host

KNOWN_FOR_S = 0.3
"""How long it counts who is a user, for those who bring no session or token along."""
DEVICE_CODES = frozenset({"bad_token", "token_revoked", "token_expired", "device_disabled"})
"""Why a device's token lets nobody in."""
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

    Args:
        settings: say how people are let in.
        context: has the users; None for a site that has none.

    Raises:
        Rejected: the settings name a peers file or a proxy that cannot be understood.
    """

    def __init__(self, settings: Settings, context: Callable[[], Context] | None = None) -> None:
        self._peers = PeersFile(settings.peers_file) if settings.peers_file else None
        if self._peers is not None:
            self._peers.current()
        self._proxies = frozenset(_proxy(text) for text in settings.trusted_proxies.split(",") if text.strip())
        self._names = frozenset({"localhost", urlsplit(settings.base_url).hostname or "", settings.host.lower()})
        self._settings = settings
        self._context = context
        self._cookie = cookie_name(settings)
        self._has_people: bool | None = None
        self._people_looked_at = 0.0
        self._members: dict[str, tuple[float, Principal]] = {}
        self._devices: KnownDevices | None = None

    async def admit(self, scope: Scope) -> Principal:
        """The principal of a request; a stranger where somebody has to sign in first.

        A token that lets nobody in, or not any more, makes a stranger of who sends it, too: what they may reach
        that needs no permission can still say why, and count it for the device that is meant.

        Raises:
            Rejected: with the code ``not_a_member``, ``wrong_host`` or ``cross_site``, each a 403;
                ``token_in_address``, a 400.
            Unavailable: the users cannot be looked up.
        """
        # Not from_scope, which keeps them beside the scope for whoever asks with other ones later.
        headers = Headers(scope["headers"])
        address = self._client_address(scope, headers)
        scope["state"]["address"] = str(address or "")
        member = self._member(address)
        if member is None and self._peers is not None:
            raise _no_member(address)
        # Only this machine is asked nothing more, as long as there are no users.
        if member is None and self._context is None and not _is_loopback(address):
            raise _other_machine()
        refuse_wrong_host(headers, self._names.__contains__, "use its address, or set PADDOCK_PUBLIC_URL")
        if scope["type"] == ScopeType.WEBSOCKET or scope["method"] not in SAFE_METHODS:
            refuse_cross_site(headers)
        refuse_token_in_address(scope)
        try:
            return await self._principal(headers, address, member)
        except Rejected as error:
            if error.code not in DEVICE_CODES and not isinstance(error, NotSignedIn):
                raise
            scope["state"][UNKNOWN_BECAUSE] = error
            return STRANGER

    async def no_longer_admitted(self, begun: Collection[tuple[Scope, Principal]]) -> list[bool]:
        """For each of some requests, whether who began it is not who they were any more.

        Raises:
            Unavailable: the users cannot be looked up.
        """
        by_credential: Mapping[str, Principal] = {}
        credentials = {principal.credential for _, principal in begun if principal.credential}
        if self._context is not None and credentials:
            by_credential = await principals_of(self._context(), credentials)
        by_address: dict[Address | None, Principal | None] = {}
        gone = []
        for scope, principal in begun:
            address = self._client_address(scope, Headers(scope["headers"]))
            if principal.kind is PrincipalKind.DEVICE:
                now: Principal | None = await self._device_again(scope)
            elif principal.credential:
                let_in = self._peers is None or self._member(address) is not None
                now = by_credential.get(principal.credential) if let_in else None
            else:
                if address not in by_address:
                    by_address[address] = await self._without_credential_again(address)
                now = by_address[address]
            gone.append(now != principal)
        return gone

    async def _without_credential_again(self, address: Address | None) -> Principal | None:
        try:
            return await self._without_credential(address, self._member(address))
        except Rejected:
            return None

    def _client_address(self, scope: Scope, headers: Headers) -> Address | None:
        """The nearest address that no trusted proxy has; a forwarded one is believed only from such a proxy."""
        client = scope.get("client")
        address = read_address(client[0]) if client else None
        # joined, because a proxy may add a second header line instead of a list item
        forwarded = ",".join(headers.getall("x-forwarded-for", [])).split(",")
        while address in self._proxies and forwarded and forwarded[-1].strip():
            address = read_address(forwarded.pop().strip())
        return address

    def _member(self, address: Address | None) -> str | None:
        """Who has this address in the VPN; None for a stranger's, and where there is no VPN."""
        return self._peers.current().name_of(address) if self._peers is not None else None

    async def _principal(self, headers: Headers, address: Address | None, member: str | None) -> Principal:
        if self._context is not None:
            told = {"address": str(address or ""), "agent": headers.get("user-agent", "")}
            if (bearer := bearer_of(headers)) is not None:
                if is_device_token(bearer):
                    return await self._device(self._context(), bearer)
                found = await principal_of(self._context(), bearer, **told)
                if found is None:
                    raise NotSignedIn("This token is none, is over, or was revoked: make another one.")
                return found
            if cookie := cookie_of(headers, self._cookie):
                found = await principal_of(self._context(), cookie, **told)
                if found is not None:
                    return found
        return await self._without_credential(address, member)

    async def _device(self, context: Context, token: str) -> Principal:
        if self._devices is None:
            self._devices = KnownDevices(context)
        device = await self._devices.admit_now(token)
        assert device.token is not None, "it was admitted by it"
        return Principal(PrincipalKind.DEVICE, device.id, TeamRole.DEVICE, credential=device.token.jti)

    async def _device_again(self, scope: Scope) -> Principal | None:
        token = bearer_of(Headers(scope["headers"]))
        try:
            return await self._device(self._context(), token) if self._context is not None and token else None
        except Rejected:
            return None

    async def _without_credential(self, address: Address | None, member: str | None) -> Principal:
        by_password = self._settings.sign_in == "password"
        if self._peers is not None:
            if member is None:
                raise _no_member(address)
            return STRANGER if by_password else await self._member_principal(member)
        if self._context is not None and (by_password or await self._signs_in(self._context())):
            return STRANGER
        if not _is_loopback(address):
            raise _other_machine()
        return LOCAL_USER

    async def _member_principal(self, name: str) -> Principal:
        role = TeamRole(self._settings.member_role)
        if self._context is None:
            return member_principal(name, None, role)
        now = time.monotonic()
        looked_at, known = self._members.get(name, (float("-inf"), STRANGER))
        if now - looked_at > KNOWN_FOR_S:
            self._members.pop(name, None)
            users = await members_by_name(self._context(), [name])
            known = member_principal(name, users.get(name), role)
            self._members[name] = (now, known)
        return known

    async def _signs_in(self, context: Context) -> bool:
        """Whether there are users; once there are, there always will be."""
        now = time.monotonic()
        if not self._has_people and (self._has_people is None or now - self._people_looked_at > KNOWN_FOR_S):
            try:
                self._has_people = await has_people(context)
            except Unavailable:
                # What needs no documents goes on; what needs them says itself that they are away.
                if self._has_people is None:
                    raise
            self._people_looked_at = now
        return bool(self._has_people)


def _no_member(address: Address | None) -> Rejected:
    return Rejected(
        f"The address {address or 'of this request'} is no member of the team's VPN: "
        "ask for an entry in the peers file.",
        code="not_a_member",
    )


def _other_machine() -> Rejected:
    return Rejected(
        "Without a peers file this Paddock answers its own machine only: open it there, or ask who runs it "
        "to set PADDOCK_PEERS_FILE or to add users (see README).",
        code="not_a_member",
    )


def _is_loopback(address: Address | None) -> bool:
    return address is not None and address.is_loopback


def _proxy(text: str) -> Address:
    address = read_address(text.strip())
    if address is None:
        raise Rejected(f"PADDOCK_TRUSTED_PROXIES: {text.strip()[:60]!r} is no address.", code="bad_setting")
    return address
