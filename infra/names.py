"""What both sides must call alike: these stacks, and the machine that NixOS makes (``nix/names.json``)."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import msgspec

REPOSITORY = Path(__file__).resolve().parent.parent


class Mongodb(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The functions' database: port, name, who they are there, and their URL's key in the secrets bucket."""

    port: int
    database: str
    functions_user: str
    url_key: str


class Vpc(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The network in AWS; it must not overlap the VPN's. The host's address is fixed: it outlives a host."""

    network: str
    host: str
    functions: str
    """The functions' subnet, from which alone the host takes connections to MongoDB."""


class Vpn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """WireGuard's port, the members' networks, one of IPv4 and one of IPv6, and the server's address in each."""

    port: int
    networks: list[str]
    address: str
    address6: str


class DataVolume(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file system's label, and where the machine has it."""

    label: str
    mount: str


class Mqtt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Where devices send: the port for members, the one with TLS, and the name by which it is open to the world.

    Without a name devices reach it in the VPN alone.
    """

    port: int
    tls_port: int
    name: str | None


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Everything in the file. Names of buckets are patterns, since no account has another's bucket."""

    buckets: dict[str, str]
    queues: dict[str, str]
    mongodb: Mongodb
    vpc: Vpc
    vpn: Vpn
    season: str
    """Athena's workgroup, and the Glue database in which the season's tables are named."""
    site: str
    """How browsers in the VPN address the site: scheme, host and port, nothing more (a CORS origin)."""
    mqtt: Mqtt
    data_volume: DataVolume

    def __post_init__(self) -> None:
        network = ipaddress.IPv4Network(self.vpc.network)
        if network.prefixlen > 25:
            raise ValueError(f"vpc.network {self.vpc.network} is too small for two subnets")
        # The first subnet is the public one; AWS keeps its first four addresses and its last.
        if ipaddress.IPv4Address(self.vpc.host) not in list(next(network.subnets(1)))[4:-1]:
            raise ValueError(f"vpc.host {self.vpc.host} is no free address of the first half of {network}")
        for each in map(ipaddress.ip_network, self.vpn.networks):
            if each.version == network.version and each.overlaps(network):
                raise ValueError(f"the VPN's network {each} overlaps the VPC's {network}")
        if not self.site.startswith(("http://", "https://")) or self.site.count("/") != 2:
            raise ValueError(f"site {self.site!r} must be scheme://host[:port], without a path")


def read_names(text: bytes) -> Names:
    """The names of a file.

    Raises:
        ValueError: one is missing, unknown or cannot be.
    """
    return msgspec.json.decode(text, type=Names)


NAMES = read_names((REPOSITORY / "nix" / "names.json").read_bytes())
