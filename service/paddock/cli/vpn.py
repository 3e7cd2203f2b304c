"""``paddock vpn``: who is let in, and the tunnels they come through."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from paddock.adapters import wireguard
from paddock.adapters.vpn import LocalVpn
from paddock.bootstrap import configure_logging, open_vpn
from paddock.cli.terminal import complain, local_time, out, print_json, print_rows
from paddock.domain.instants import to_rfc3339
from paddock.domain.members import server_addresses
from paddock.domain.principal import LOCAL_USER
from paddock.domain.qr import png_qr, terminal_qr
from paddock.domain.tunnel import INTERFACE, Handed, without_comments
from paddock.domain.words import counted
from paddock.errors import NotFound
from paddock.service_manager import Watchdog, tell
from paddock.settings import read_settings
from paddock.usecases.people import members

_PUBLIC_KEY = click.option("--public-key", help="Of the member, who keeps the private one; else both are made.")
_PNG = click.option("--png", type=click.Path(), help="File for the QR code as a picture.")
_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group("vpn")
def command() -> None:
    """Say who is let in, on the VPN and on the site: PADDOCK_PEERS_FILE has them all."""


@command.command("add")
@click.argument("name")
@_PUBLIC_KEY
@click.option("--address", help="In the VPN.  [default: the next that is free]")
@_PNG
def add_command(name: str, public_key: str | None, address: str | None, png: str | None) -> None:
    """Let NAME in: print the configuration of their tunnel, with a QR code on a terminal.

    The private key is in what is printed and nowhere else.
    """
    vpn = open_vpn(read_settings())
    with _picture(png, public_key) as picture:
        handed = members.add(vpn, LOCAL_USER, name, public_key=public_key or "", address=address)
        _hand(vpn, handed, picture)


@command.command("rotate")
@click.argument("name")
@_PUBLIC_KEY
@_PNG
def rotate_command(name: str, public_key: str | None, png: str | None) -> None:
    """Give NAME a new key, as after a lost phone: the old tunnel ends at once, name and address stay."""
    vpn = open_vpn(read_settings())
    with _picture(png, public_key) as picture:
        _hand(vpn, members.rotate(vpn, name, public_key=public_key or ""), picture)


@contextlib.contextmanager
def _picture(png: str | None, public_key: str | None) -> Iterator[Path | None]:
    """Where to draw; made before anything is changed, because the key in it is shown once."""
    if png is None:
        yield None
        return
    if public_key:
        raise click.UsageError("--png is of no use with --public-key: the code would lack the private key.")
    # It knows every format, which is 40 MB; the process that follows the peers file runs for ever.
    from paddock.formats.output import new_file, target_of

    with new_file(target_of(png, "tunnel.png"), (".png",)) as new:
        new.aside.touch(0o600)
        yield new.aside
    complain(f"The QR code is in {new.target}: remove it once it was read.")


def _hand(vpn: LocalVpn, handed: Handed, picture: Path | None) -> None:
    member = handed.member
    code = without_comments(handed.configuration)
    click.echo(handed.configuration, nl=False)
    if handed.has_private_key and sys.stdout.isatty():
        click.echo(f"\n{terminal_qr(code)}", nl=False)
    if picture is not None:
        picture.write_bytes(png_qr(code))
    complain(f"{member.name} is {' and '.join(map(str, member.addresses))}.")
    if handed.has_private_key:
        complain("This configuration is shown once: its private key is kept nowhere.")
    if vpn.authority() is not None:
        where = server_addresses(vpn.plan.networks)[0]
        complain(
            "Browsers trust the site with its certificate: `paddock vpn certificate` prints it, and members find "
            f"it at http://{where}/ca.crt."
        )
    if not wireguard.is_there():
        complain(
            f"This machine has no interface {INTERFACE}: the tunnel opens once `paddock vpn sync` runs on the one "
            "that serves the VPN."
        )


@command.command("list")
@_JSON
def list_command(as_json: bool) -> None:
    """Everybody who is let in, and when their tunnel was last heard of."""
    _print(members.list_members(open_vpn(read_settings())), as_json)


@command.command("show")
@click.argument("name")
@_JSON
def show_command(name: str, as_json: bool) -> None:
    """What is known of NAME, and their configuration without the private key."""
    vpn = open_vpn(read_settings())
    found = members.show_member(vpn, name)
    _print(found, as_json)
    if not as_json:
        for each in found:
            if each.entry.key:
                click.echo(f"\n{members.configuration_of(vpn, each.entry)}", nl=False)


def _print(found: list[members.Seen], as_json: bool) -> None:
    if as_json:
        print_json([_resource(each) for each in found])
        return
    print_rows(
        ("NAME", "ADDRESS", "LAST SEEN", "KEY", "NOTE"),
        [
            (
                each.entry.name,
                " ".join(each.entry.where.split(",")),
                local_time(each.handshake_ns) if each.handshake_ns else "",
                each.entry.key,
                each.entry.note,
            )
            for each in found
        ],
    )


def _resource(seen: members.Seen) -> dict[str, object]:
    return {
        "name": seen.entry.name,
        "addresses": seen.entry.where.split(","),
        "key": seen.entry.key or None,
        "last_handshake": to_rfc3339(seen.handshake_ns) if seen.handshake_ns else None,
        "note": seen.entry.note,
    }


@command.command("remove")
@click.argument("name")
def remove_command(name: str) -> None:
    """Shut NAME out: the tunnel ends at once, and so does what they have open on the site."""
    vpn = open_vpn(read_settings())
    gone = members.remove(vpn, LOCAL_USER, name)
    addresses = [address for entry in gone for address in entry.addresses]
    out.print(f"{gone[0].name} is out: {', '.join(map(str, addresses))}.")
    left = vpn.read()
    for address in addresses:
        if (still := left.name_of(address)) is not None:
            complain(f"The site still lets {address} in as {still}, by a line of the peers file for its network.")


@command.command("sync")
@click.option("--follow", is_flag=True, help="Go on, and do it again whenever the file changes.")
def sync_command(follow: bool) -> None:
    """Make the VPN's interface on this machine as the peers file says. Wants root; safe to run again.

    Keys, certificates and an empty peers file are made where they are missing.
    """
    settings = read_settings()
    configure_logging(settings)
    vpn = open_vpn(settings)
    renewed = vpn.bring_up()
    tunnels = sum(bool(entry.key) for entry in vpn.read().entries)
    out.print(f"{INTERFACE} is up with {counted(tunnels, 'tunnel')}.")
    if renewed:
        complain("The site has a new certificate: the proxy has to read it.")
    if follow:
        tell("READY=1")
        vpn.follow(done=Watchdog().works)


@command.command("certificate")
def certificate_command() -> None:
    """Print the certificate that members' browsers are to trust."""
    text = open_vpn(read_settings()).authority()
    if text is None:
        raise NotFound(
            "There is no certificate: `paddock vpn sync` on the machine that serves the VPN makes it, unless the "
            "site has one of the team's own.",
            code="no_certificate",
        )
    click.echo(text, nl=False)
