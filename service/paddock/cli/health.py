"""``paddock health``: whether all of this Paddock does its work."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click
import httpx

from paddock.bootstrap import has_begun, open_context
from paddock.cli.terminal import complain, out
from paddock.device_log.running import ENDPOINT, ever_ran, said_by
from paddock.errors import PaddockError
from paddock.settings import Settings, read_settings
from paddock.usecases.health import STARTS_S, faults

ANSWER_S = 30.0
_CONNECT_OF_NOBODY = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00"
"""In version 3.1.1, with a clean session and a keep-alive of 10 s; without identifier, user name and password."""


@click.command("health")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
def command(data: Path | None) -> None:
    """Ask site, MQTT endpoint, database and object store of this machine, and look whether work is done and devices
    are recorded; exits with 1 if not.
    """
    settings = read_settings(data=data)
    found = [*_site(settings), *asyncio.run(endpoint_faults(settings)), *asyncio.run(_faults(settings))]
    for fault in found:
        complain(fault)
    if found:
        raise click.exceptions.Exit(1)
    out.print("All is well.")


def _site(settings: Settings) -> Sequence[str]:
    """Any answer but a 5xx: to this machine itself it may well say that it is no member of the VPN."""
    try:
        answer = httpx.get(f"{settings.local_url}/health", timeout=ANSWER_S)
    except httpx.TransportError as error:
        return [f"The site does not answer on {settings.local_url} ({error})."]
    if answer.status_code >= 500:
        return [f"The site answers {answer.status_code} on {settings.local_url}."]
    return []


async def endpoint_faults(settings: Settings) -> Sequence[str]:
    """The MQTT endpoint, where there was one: it says no to who has no name, and so that it works."""
    directory = settings.data / "device-log"
    if not ever_ran(directory, ENDPOINT):
        return []
    until = time.monotonic() + STARTS_S
    while (said := said_by(directory, ENDPOINT)) is None and time.monotonic() < until:
        await asyncio.sleep(0.2)
    if said is None:
        return [
            "The MQTT endpoint does not run: start `paddock up` or `paddock broker`. Until then devices that send "
            "by MQTT keep what they have."
        ]
    found = []
    for address in said.split():
        try:
            async with asyncio.timeout(ANSWER_S):
                await _greet(address)
        except (OSError, EOFError, TimeoutError) as error:
            found.append(f"The MQTT endpoint does not answer on {address} ({str(error) or 'it says nothing'}).")
    return found


async def _greet(address: str) -> None:
    """Wait for the answer to a CONNECT of nobody.

    Raises:
        OSError: it cannot be reached.
        EOFError: it closes without a word.
    """
    parts = urlsplit(address)
    tls = None
    if parts.scheme == "mqtts":
        # Whether it answers, not whether its certificate is for this address: it is for the name that devices use.
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=tls)
    try:
        writer.write(_CONNECT_OF_NOBODY)
        await reader.readexactly(2)
    finally:
        writer.close()


async def _faults(settings: Settings) -> Sequence[str]:
    if not has_begun(settings):
        return [f"There is no Paddock in {settings.data} yet: `paddock up` begins one, --data names another one."]
    try:
        async with open_context(settings, migrate=False) as context:
            return await faults(context, overdue_ns=settings.overdue_ns)
    except PaddockError as error:
        return [error.message]
