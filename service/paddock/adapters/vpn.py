"""The VPN on this machine: the peers file, and a directory with the server's keys and certificates.

::

    server.key  server.pub      of the tunnels; the private one is root's alone
    authority.key authority.crt the private authority, which members' browsers trust
    site.key    site.crt        for the proxy
    handshakes                  as ``wg show paddock latest-handshakes`` prints them, for who may not ask

All of it is made when it is missing, and belongs into a backup together with the peers file: with the same server
key nobody's configuration changes after a restore.
"""

from __future__ import annotations

import base64
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import structlog
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from paddock.adapters import certificates, wireguard
from paddock.adapters.peers_file import PeersFile
from paddock.domain.members import server_addresses
from paddock.domain.peers import HEADER, Peers, read_address
from paddock.domain.tunnel import KeyPair, VpnPlan, interface_settings, read_handshakes
from paddock.durable_files import write_durably
from paddock.errors import PaddockError, Rejected, Unavailable

_PRIVATE, _PUBLIC = 0o600, 0o644
_LOOK_S = 0.5
_EVERY_S = 60.0
"""For what no change of the file tells: handshakes, a certificate that ends, an interface that is gone."""
T = TypeVar("T")
log = structlog.get_logger()


class LocalVpn:
    """The one side of ``ports.vpn.Vpn``.

    Args:
        plan: of the VPN.
        peers_file: who is let in.
        directory: keys and certificates.
    """

    def __init__(self, plan: VpnPlan, peers_file: Path, directory: Path) -> None:
        self.plan = plan
        self._peers_path = peers_file
        self._peers = PeersFile(peers_file)
        self._directory = directory

    def read(self) -> Peers:
        """See ``ports.vpn.Vpn``."""
        return self._peers.read()

    def change(self, edit: Callable[[Peers], tuple[T, str]]) -> T:
        """See ``ports.vpn.Vpn``. Where this process may, the tunnels follow before this returns."""
        result = self._peers.change(edit)
        if wireguard.may_be_changed():
            try:
                wireguard.synchronise(self._interface_settings())
            except (PaddockError, OSError) as error:
                raise Unavailable(
                    f"The peers file is changed, the running tunnels are not ({error}): mend it, then run "
                    "`paddock vpn sync`.",
                    code="tunnel_failed",
                ) from error
        return result

    def server_key(self) -> str:
        """See ``ports.vpn.Vpn``."""
        public = self._directory / "server.pub"
        if not public.exists():
            with self._sentences():
                self._make_server_key()
        return public.read_text().strip()

    def new_key_pair(self) -> KeyPair:
        """See ``ports.vpn.Vpn``."""
        key = X25519PrivateKey.generate()
        return KeyPair(_base64(key.private_bytes_raw()), _base64(key.public_key().public_bytes_raw()))

    def handshakes(self) -> Mapping[str, int]:
        """See ``ports.vpn.Vpn``."""
        if wireguard.may_be_changed():
            return wireguard.latest_handshakes()
        try:
            return read_handshakes((self._directory / "handshakes").read_text())
        except (OSError, UnicodeDecodeError):
            return {}

    def authority(self) -> str | None:
        """See ``ports.vpn.Vpn``."""
        try:
            return (self._directory / "authority.crt").read_text()
        except OSError:
            return None

    def bring_up(self) -> bool:
        """Make keys, certificates, peers file and interface where they are missing, and set the interface.

        Returns:
            whether the site has a new certificate, which the proxy has to read.

        Raises:
            Rejected: the peers file cannot be understood.
            Unavailable: a file or the interface cannot be made.
        """
        with self._sentences():
            self._make_server_key()
        if not self._peers_path.exists():
            self._peers.change(lambda peers: (None, peers.text or HEADER))
        networks = self.plan.networks
        wireguard.bring_up(self._interface_settings(), server_addresses(networks), networks)
        lines = "".join(f"{key}\t{seconds}\n" for key, seconds in wireguard.latest_handshakes().items())
        with self._sentences():
            write_durably(self._directory / "handshakes", lines.encode(), _PUBLIC)
            # Last: the way in is there even where something is wrong with the site's name.
            return self._make_certificates()

    def follow(self, *, done: Callable[[], None]) -> None:
        """Do so again for ever, whenever the peers file has changed and every minute.

        A file that is looked at, because an event of a change that comes at the wrong moment is lost, and with it
        that somebody was removed.

        Args:
            done: told after each look.

        Raises:
            Rejected, Unavailable: the first time; later it is logged.
        """
        known, complaint = self._peers.current(), ""
        due = time.monotonic() + _EVERY_S
        while True:
            done()
            time.sleep(_LOOK_S)
            # Also the file as it was a moment ago: what is read below may be newer, then it is done once more.
            current = self._peers.current()
            if current is known and time.monotonic() < due:
                continue
            known, due = current, time.monotonic() + _EVERY_S
            try:
                self.bring_up()
                complaint = ""
            except PaddockError as error:
                if error.message != complaint:
                    log.error("vpn_not_followed", code=error.code, message=error.message)
                complaint = error.message

    def _interface_settings(self) -> str:
        private = (self._directory / "server.key").read_text().strip()
        return interface_settings(private, self.read().entries, self.plan.networks)

    def _make_server_key(self) -> None:
        private, public = self._directory / "server.key", self._directory / "server.pub"
        if not private.exists():
            pair = self.new_key_pair()
            write_durably(private, f"{pair.private}\n".encode(), _PRIVATE)
        key = X25519PrivateKey.from_private_bytes(base64.b64decode(private.read_text()))
        said = f"{_base64(key.public_key().public_bytes_raw())}\n".encode()
        if not public.exists() or public.read_bytes() != said:
            write_durably(public, said, _PUBLIC)

    def _make_certificates(self) -> bool:
        place = self._directory
        authority, signing = place / "authority.crt", place / "authority.key"
        networks = self.plan.networks
        name = urlsplit(self.plan.site_url).hostname or ""
        name = "" if read_address(name) is not None else name
        if not authority.exists():
            key, certificate = certificates.new_authority(networks, name)
            write_durably(signing, key, _PRIVATE)
            write_durably(authority, certificate, _PUBLIC)
        site = place / "site.crt"
        issuer, addresses = authority.read_bytes(), server_addresses(networks)
        if not certificates.may_sign(issuer, addresses, name):
            raise Rejected(
                f"The VPN's authority may not sign for {name or addresses[0]}: it was made for another name or "
                f"network. Set PADDOCK_PUBLIC_URL and PADDOCK_VPN_NETWORKS back, or remove {authority} and have "
                "all members trust the new one.",
                code="other_authority",
            )
        if site.exists() and certificates.still_good(site.read_bytes(), issuer, addresses, name):
            return False
        key, certificate = certificates.new_site_certificate(signing.read_bytes(), issuer, addresses, name)
        write_durably(place / "site.key", key, _PRIVATE)
        write_durably(site, certificate, _PUBLIC)
        return True

    @contextlib.contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            yield
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise Unavailable(
                f"The VPN's keys in {self._directory} cannot be made or read ({why}): run `paddock vpn sync` as "
                "root on the machine that serves the VPN.",
                code="no_server_key",
            ) from error


def _base64(key: bytes) -> str:
    return base64.b64encode(key).decode()
