"""``paddock broker``: takes in what devices send by MQTT."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from paddock.bootstrap import configure_logging, open_context
from paddock.cli.kept_process import end_with_standard_input
from paddock.device_log.entry import Kind
from paddock.device_log.running import ENDPOINT, take_lock
from paddock.domain.devices import Device
from paddock.errors import Rejected
from paddock.service_manager import Watchdog, tell
from paddock.settings import MQTT_PORT, Settings, read_settings
from paddock.web.kernel.listener import listen

QUEUED = 1024
_TRIES = 20


@dataclass(frozen=True)
class Listeners:
    """Bound sockets of the endpoint; None for what it does not offer."""

    plain: socket.socket | None = None
    tls: socket.socket | None = None

    @property
    def plain_port(self) -> int | None:
        """The port without TLS."""
        return None if self.plain is None else int(self.plain.getsockname()[1])

    def addresses(self) -> list[str]:
        """What devices are told to connect to."""
        found = [address_of(each, tls=False) for each in (self.plain,) if each is not None]
        return found + [address_of(each, tls=True) for each in (self.tls,) if each is not None]

    def arguments(self) -> list[str]:
        """What a ``paddock broker`` that inherits them is told."""
        return [
            *(("--plain-descriptor", str(self.plain.fileno())) if self.plain else ()),
            *(("--tls-descriptor", str(self.tls.fileno())) if self.tls else ()),
        ]

    def descriptors(self) -> list[int]:
        """What it inherits."""
        return [each.fileno() for each in (self.plain, self.tls) if each is not None]


@click.command("broker")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
@click.option("--mqtt-port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 1883]")
@click.option("--plain-descriptor", type=int, hidden=True, help="Socket that whoever started it bound.")
@click.option("--tls-descriptor", type=int, hidden=True, help="The same, for TLS.")
@click.option("--until-stdin-closes", is_flag=True, hidden=True, help="End with the process that started it.")
def command(
    data: Path | None,
    mqtt_port: int | None,
    plain_descriptor: int | None,
    tls_descriptor: int | None,
    until_stdin_closes: bool,
) -> None:
    """Take in what devices send by MQTT, beside ``paddock up --no-worker``, say; ``paddock up`` has its own."""
    settings = read_settings(data=data, mqtt_port=mqtt_port)
    configure_logging(settings)
    if until_stdin_closes:
        end_with_standard_input()
        listeners = Listeners(_inherited(plain_descriptor), _inherited(tls_descriptor))
        asyncio.run(_serve(settings, listeners))
        return
    with mqtt_listeners(settings) as listeners:
        if not listeners.descriptors() and not settings.mqtt_bridge_url:
            raise Rejected("PADDOCK_MQTT_PORT is 0: there is nothing to listen on.", code="bad_setting")
        for address in listeners.addresses():
            click.echo(f"Devices send to {address}")
        asyncio.run(_serve(settings, listeners))


def _inherited(descriptor: int | None) -> socket.socket | None:
    return None if descriptor is None else socket.socket(fileno=descriptor)


@contextlib.contextmanager
def mqtt_listeners(settings: Settings) -> Iterator[Listeners]:
    """The sockets that the settings ask for.

    Raises:
        Unavailable: a port is taken (code ``port_in_use``).
        Rejected: one of certificate and key is missing, or they cannot be used (code ``bad_setting``).
    """
    plain = tls = None
    host = settings.mqtt_host or settings.host
    try:
        if settings.mqtt_port != 0:
            plain = listen(
                host,
                settings.mqtt_port or MQTT_PORT,
                "choose another --mqtt-port, or 0 for none",
                tries=_TRIES if settings.mqtt_port is None else 1,
            )
        if tls_context(settings) is not None:
            tls = listen(
                settings.mqtt_tls_host or host, settings.mqtt_tls_port, "choose another PADDOCK_MQTT_TLS_PORT"
            )
        for each in (plain, tls):
            if each is not None:
                # Who comes while the endpoint starts, or starts anew, waits and is not turned away.
                each.listen(QUEUED)
        yield Listeners(plain, tls)
    finally:
        for each in (plain, tls):
            if each is not None:
                each.close()


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """With the certificate of the settings; None without one.

    Raises:
        Rejected: it or its key is missing or cannot be used (code ``bad_setting``).
    """
    certificate, key = settings.mqtt_certificate, settings.mqtt_certificate_key
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise Rejected(
            "PADDOCK_MQTT_CERTIFICATE and PADDOCK_MQTT_CERTIFICATE_KEY are of no use alone: set both.",
            code="bad_setting",
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise Rejected(
            f"The certificate {certificate} and its key {key} cannot be used: {error.strerror or error}.",
            code="bad_setting",
        ) from None
    return context


def address_of(listener: socket.socket, *, tls: bool) -> str:
    """What a device is told to connect to."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"mqtt{'s' if tls else ''}://{f'[{host}]' if ':' in host else host}:{port}"


async def _serve(settings: Settings, listeners: Listeners) -> None:
    from paddock.broker.actions import AskedActions
    from paddock.broker.endpoint import Endpoint
    from paddock.broker.payloads import checked_payload
    from paddock.usecases.devices.refused import RefusedInput
    from paddock.usecases.devices.tokens import KnownDevices

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        tell("STOPPING=1")
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    tls = tls_context(settings) if listeners.tls is not None else None
    sockets = [(each, tls if each is listeners.tls else None) for each in (listeners.plain, listeners.tls)]
    watchdog = Watchdog()
    async with open_context(settings) as context:
        doors = KnownDevices(context)

        def check(device: Device, kind: Kind, content_type: str, payload: bytes) -> bytes:
            return checked_payload(doors, device, content_type, payload)

        refusals = RefusedInput(context)
        bridge = None
        if settings.mqtt_bridge_url:
            from paddock.broker.bridge import run_bridge

            bridge = asyncio.create_task(run_bridge(settings, context, doors, refusals))
            # A bridge that broke must not look like one that works: whoever started this process starts it again.
            bridge.add_done_callback(lambda _: stop.set())
        endpoint = Endpoint(
            doors,
            context.appender(),
            check=check,
            refusals=refusals,
            downlink=AskedActions(context),
        )
        # Whoever asks how it is (`paddock health`) learns from it where it listens.
        said = take_lock(settings.data / "device-log", ENDPOINT, " ".join(listeners.addresses()))
        tell("READY=1")
        try:
            await endpoint.serve([(each, tls) for each, tls in sockets if each is not None], stop, watchdog.works)
        finally:
            if said is not None:
                said.close()
            if bridge is not None:
                bridge.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await bridge
