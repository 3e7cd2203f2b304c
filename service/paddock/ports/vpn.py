"""The team's VPN, as far as use cases need it: its members and the server's end of their tunnels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from paddock.domain.peers import Peers
from paddock.domain.tunnel import KeyPair, VpnPlan

T = TypeVar("T")


class Vpn(Protocol):
    """Small files that are there while every database is away.

    Not async, because the command line uses it without a loop; the web asks on a thread.
    """

    @property
    def plan(self) -> VpnPlan:
        """What is the same for all members."""
        ...

    def read(self) -> Peers:
        """Who is let in.

        Raises:
            Rejected: the file cannot be read or understood.
        """
        ...

    def change(self, edit: Callable[[Peers], tuple[T, str]]) -> T:
        """Replace the peers file at once, while nobody else changes it, and durably.

        Args:
            edit: from what the file says to something of the caller's and the file's new text; what it raises
                leaves the file as it was.

        Raises:
            Rejected: the file cannot be read or understood.
            Unavailable: it cannot be written, or somebody else holds it.
        """
        ...

    def server_key(self) -> str:
        """The server's public key.

        Raises:
            Unavailable: there is none, and this process may not make it.
        """
        ...

    def new_key_pair(self) -> KeyPair:
        """Keys for a member. They are nowhere but in what this answers."""
        ...

    def handshakes(self) -> Mapping[str, int]:
        """When each tunnel was last heard of (s since the Unix epoch), by public key; empty where unknown."""
        ...

    def authority(self) -> str | None:
        """The certificate that members' browsers are to trust (PEM); None where the site has another one."""
        ...
