"""WireGuard's own texts: what a member's program reads, and what the server's interface is set to."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

import msgspec

from paddock.domain.members import belongs, server_addresses
from paddock.domain.peers import Address, Entry, Network
from paddock.errors import Rejected

LISTEN_PORT = 51820
INTERFACE = "paddock"
"""The server's; firewall and units name it, too."""
KEPT_ELSEWHERE = "(on the member's machine; the server never keeps it)"


class KeyPair(msgspec.Struct, frozen=True):
    """The keys of one end of a tunnel, in WireGuard's Base64."""

    private: str
    public: str


class VpnPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for all members."""

    networks: tuple[Network, ...]
    endpoint: str
    """``host:port``, where the server is reached from outside."""
    site_url: str
    """Where the members' browsers find the site."""


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """What a member gets, once: nobody has the private key afterwards but them."""

    member: Entry
    configuration: str
    has_private_key: bool
    """Not where the member brought their own public key."""


def read_endpoint(text: str) -> str:
    """``host:port`` of the setting; without a port WireGuard's usual one.

    Raises:
        Rejected: it is missing or no such thing (code ``bad_setting``).
    """
    if not text.strip():
        raise Rejected(
            "Set PADDOCK_VPN_ENDPOINT to where members reach this server, such as vpn.example.org:51820.",
            code="bad_setting",
        )
    host, _, port = text.strip().rpartition(":")
    if not host or text.strip().endswith("]") or _is_bare_ipv6(text.strip()):
        host, port = text.strip(), str(LISTEN_PORT)
    host = f"[{host}]" if _is_bare_ipv6(host) else host
    sane = all(character.isalnum() or character in "-._:[]" for character in host)
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536 and sane):
        raise Rejected(
            f"PADDOCK_VPN_ENDPOINT: {text[:80]!r} is no host and port, such as vpn.example.org:51820.",
            code="bad_setting",
        )
    return f"{host}:{port}"


def _is_bare_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def configuration(plan: VpnPlan, server_key: str, member: Entry, private_key: str = "") -> str:
    """What the member's WireGuard imports. Only what is for the VPN goes through the tunnel.

    Args:
        plan: of the VPN.
        server_key: public.
        member: whose it is.
        private_key: of the member; empty where only they have it.
    """
    return "\n".join(
        [
            f"# Paddock: {member.name}",
            f"# The site: {plan.site_url}",
            "[Interface]",
            f"PrivateKey = {private_key or KEPT_ELSEWHERE}",
            f"Address = {_host_networks(member.addresses)}",
            "",
            "[Peer]",
            f"PublicKey = {server_key}",
            f"Endpoint = {plan.endpoint}",
            f"AllowedIPs = {', '.join(map(str, plan.networks))}",
            "",
        ]
    )


def without_comments(text: str) -> str:
    """The same configuration in fewer characters, which a QR code shows larger."""
    return "".join(f"{line}\n" for line in text.splitlines() if line and not line.startswith("#"))


def interface_settings(private_key: str, entries: Iterable[Entry], networks: Sequence[Network]) -> str:
    """What ``wg syncconf`` makes of the server's interface: every member with a key, and nobody else.

    Args:
        private_key: of the server.
        entries: of the peers file.
        networks: of the VPN.

    Raises:
        Rejected: a line gives a key to an address that is no member's (code ``bad_address``), which would lead
            traffic of others into the tunnel.
    """
    lines = ["[Interface]", f"PrivateKey = {private_key}", f"ListenPort = {LISTEN_PORT}"]
    for entry in entries:
        if not entry.key:
            continue
        if not belongs(entry, networks):
            servers = ", ".join(map(str, server_addresses(networks)))
            raise Rejected(
                f"Line {entry.line} of the peers file gives a tunnel to {entry.where}, which is no member's "
                f"address in {', '.join(map(str, networks))} ({servers} is the server).",
                code="bad_address",
            )
        lines += ["", "[Peer]", f"PublicKey = {entry.key}", f"AllowedIPs = {_host_networks(entry.addresses)}"]
    return "\n".join(lines) + "\n"


def _host_networks(addresses: Iterable[Address]) -> str:
    return ", ".join(f"{address}/{address.max_prefixlen}" for address in addresses)


def read_handshakes(text: str) -> dict[str, int]:
    """What ``wg show paddock latest-handshakes`` prints: seconds since the Unix epoch by public key, where any."""
    known = {}
    for line in text.splitlines():
        key, _, seconds = line.partition("\t")
        if seconds.strip().isdigit() and int(seconds):
            known[key] = int(seconds)
    return known
