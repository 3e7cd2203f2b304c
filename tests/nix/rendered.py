"""The host's own texts with their values, as ``firewall.nix`` and ``proxy.nix`` render them."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from typing import Any

from tests.conftest import REPOSITORY

NAMES: Any = json.loads((REPOSITORY / "nix" / "names.json").read_text())
VPN4, VPN6 = (ipaddress.ip_network(each) for each in NAMES["vpn"]["networks"])
SERVER4, SERVER6 = str(VPN4[1]), str(VPN6[1])


def rendered(file: str, values: Mapping[str, object]) -> str:
    """A text of ``nix/`` with every ``@name@`` replaced."""
    text = (REPOSITORY / "nix" / file).read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text


def firewall(*, public: bool = False) -> str:
    """The packet filter of the machine in the cloud.

    Args:
        public: whether devices reach it by MQTT from everywhere.
    """
    values = {
        "vpn4": VPN4,
        "vpn6": VPN6,
        "server4": SERVER4,
        "server6": SERVER6,
        "port": NAMES["vpn"]["port"],
        "functions": NAMES["vpc"]["functions"],
        "mongodb": NAMES["mongodb"]["port"],
        "mqtt": NAMES["mqtt"]["port"],
        "world": f"tcp dport {NAMES['mqtt']['tlsPort']} accept" if public else "",
    }
    return rendered("firewall.nft", values)


def proxy(**values: object) -> str:
    """The proxy's configuration, for the machine in the cloud where ``values`` do not say otherwise."""
    return rendered("proxy.conf", {"server4": SERVER4, "server6": SERVER6, "site": 8080, **values})
