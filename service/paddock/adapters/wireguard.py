"""The server's end of the tunnels: the kernel's interface, by ``ip`` and ``wg``. Wants root."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Sequence

from paddock.domain.peers import Address, Network
from paddock.domain.tunnel import INTERFACE, read_handshakes
from paddock.errors import Unavailable

PATIENCE_S = 30
"""A guard against a kernel that hangs; each command takes milliseconds."""


def may_be_changed() -> bool:
    """Whether the interface is there, and this process may set it."""
    return os.geteuid() == 0 and is_there()


def is_there() -> bool:
    """Whether this machine serves the VPN now."""
    try:
        return socket.if_nametoindex(INTERFACE) > 0
    except OSError:
        return False


def bring_up(settings: str, addresses: Sequence[Address], networks: Sequence[Network]) -> None:
    """Make the interface where it is missing, and set it; safe to do again at any time.

    Args:
        settings: as ``domain.tunnel.interface_settings`` makes them.
        addresses: of the server, one in each network.
        networks: of the VPN, in the order of ``addresses``.

    Raises:
        Unavailable: this machine cannot; the message is that of ``ip`` or ``wg``.
    """
    if not is_there():
        _run(["ip", "link", "add", "dev", INTERFACE, "type", "wireguard"])
    synchronise(settings)
    for address, network in zip(addresses, networks, strict=True):
        family = [] if address.version == 4 else ["nodad"]
        _run(["ip", "address", "replace", f"{address}/{network.prefixlen}", "dev", INTERFACE, *family])
    _run(["ip", "link", "set", "dev", INTERFACE, "up"])


def synchronise(settings: str) -> None:
    """Set keys and members; tunnels that stay are not disturbed, those of others end at once.

    Raises:
        Unavailable: ``wg`` refuses, or is missing.
    """
    _run(["wg", "syncconf", INTERFACE, "/dev/stdin"], settings)


def latest_handshakes() -> dict[str, int]:
    """Seconds since the Unix epoch by public key.

    Raises:
        Unavailable: ``wg`` refuses, or is missing.
    """
    return read_handshakes(_run(["wg", "show", INTERFACE, "latest-handshakes"]))


def _run(command: Sequence[str], given: str | None = None) -> str:
    done = _ran(command, given)
    if done.returncode != 0:
        said = " ".join(done.stderr.split()) or f"it ended with {done.returncode}"
        raise Unavailable(f"`{' '.join(command)}` failed: {said}.", code="tunnel_failed")
    return done.stdout


def _ran(command: Sequence[str], given: str | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, input=given, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except FileNotFoundError:
        raise Unavailable(
            f"The program {command[0]} is missing: install wireguard-tools and iproute2 on the machine that serves "
            "the VPN.",
            code="tunnel_failed",
        ) from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"`{' '.join(command)}` does not end.", code="tunnel_failed") from None
