"""The VPN's files on disk: keys that stay, certificates that browsers take, an authority that signs one site."""

from __future__ import annotations

import ipaddress
import os
import ssl
from pathlib import Path

import pytest

from infra.names import NAMES
from paddock.adapters import certificates
from paddock.adapters.peers_file import PeersFile
from paddock.domain.members import read_networks, server_addresses
from paddock.domain.peers import check_key
from paddock.errors import Unavailable
from paddock.settings import Settings

NETWORKS = read_networks(", ".join(NAMES.vpn.networks))
ADDRESSES = server_addresses(NETWORKS)


def test_the_machine_in_the_cloud_has_the_networks_that_are_the_default(tmp_path: Path) -> None:
    assert read_networks(Settings(data=tmp_path).vpn_networks) == NETWORKS
    assert [str(each) for each in ADDRESSES] == [NAMES.vpn.address, NAMES.vpn.address6]


def shaken_hands(tmp_path: Path, authority: bytes, key: bytes, chain: bytes, asked: str) -> bool:
    """Whether a browser that trusts the authority takes the site's certificate, in memory."""
    for name, content in (("ca", authority), ("key", key), ("chain", chain)):
        (tmp_path / name).write_bytes(content)
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(tmp_path / "chain", tmp_path / "key")
    theirs = ssl.create_default_context(cafile=str(tmp_path / "ca"))
    (to_client, to_server) = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = theirs.wrap_bio(to_client, to_server, server_hostname=asked)
    server = ours.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
    return True


@pytest.mark.parametrize("name", ["", "paddock.team.example"])
def test_browsers_take_the_sites_certificate(tmp_path: Path, name: str) -> None:
    key, authority = certificates.new_authority(NETWORKS, name)
    site, chain = certificates.new_site_certificate(key, authority, ADDRESSES, name)
    for asked in (*map(str, ADDRESSES), *([name] if name else [])):
        assert shaken_hands(tmp_path, authority, site, chain, asked)
    assert not shaken_hands(tmp_path, authority, site, chain, "10.77.0.2")
    assert certificates.may_sign(authority, ADDRESSES, name)
    assert certificates.still_good(chain, authority, ADDRESSES, name)
    assert not certificates.still_good(chain, authority, ADDRESSES, "other.example")
    assert not certificates.still_good(chain, certificates.new_authority(NETWORKS, name)[1], ADDRESSES, name)
    assert not certificates.still_good(b"nonsense", authority, ADDRESSES, name)


@pytest.mark.parametrize("asked", ["bank.example", "192.0.2.1"])
def test_who_steals_the_authority_can_be_no_other_site(tmp_path: Path, asked: str) -> None:
    key, authority = certificates.new_authority(NETWORKS, "")
    is_address = asked[0].isdigit()
    addresses = [ipaddress.ip_address(asked)] if is_address else list(ADDRESSES)
    site, chain = certificates.new_site_certificate(key, authority, addresses, "" if is_address else asked)
    assert not shaken_hands(tmp_path, authority, site, chain, asked)
    assert not certificates.may_sign(authority, addresses, "" if is_address else asked)


def test_the_servers_key_is_made_once_and_its_owners_alone(tmp_path: Path) -> None:
    from paddock.bootstrap import open_vpn

    settings = Settings(data=tmp_path, peers_file=tmp_path / "peers")
    first = open_vpn(settings).server_key()
    check_key(first)
    assert (tmp_path / "vpn" / "server.key").stat().st_mode & 0o077 == 0
    (tmp_path / "vpn" / "server.pub").unlink()
    assert open_vpn(settings).server_key() == first, "the public one follows from the private one"
    (tmp_path / "vpn" / "server.key").write_text("nonsense")
    (tmp_path / "vpn" / "server.pub").unlink()
    with pytest.raises(Unavailable, match="paddock vpn sync"):
        open_vpn(settings).server_key()


def test_a_changed_file_keeps_its_owner_rights_and_link(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.write_text("10.77.0.2 Adam\n")
    real.chmod(0o604)
    (tmp_path / "peers").symlink_to(real)
    PeersFile(tmp_path / "peers").change(lambda peers: (None, peers.text + "10.77.0.3 Zoe\n"))
    assert (tmp_path / "peers").is_symlink() and "Zoe" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o604
    assert sorted(path.name for path in tmp_path.iterdir()) == ["peers", "real"], "nothing is left aside"


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a link to another user, as root")
def test_root_follows_no_link_of_another_user(tmp_path: Path) -> None:
    (tmp_path / "roots").write_text("# root's own\n")
    (tmp_path / "peers").symlink_to(tmp_path / "roots")
    os.chown(tmp_path / "peers", 65534, 65534, follow_symlinks=False)
    with pytest.raises(Unavailable, match="another user"):
        PeersFile(tmp_path / "peers").change(lambda peers: (None, "10.77.0.3 Zoe\n"))
    assert (tmp_path / "roots").read_text() == "# root's own\n"
