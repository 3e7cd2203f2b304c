"""``paddock up``: the whole product in one directory."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

import click
import structlog
import uvicorn

from paddock.bootstrap import configure_logging, open_context, open_store
from paddock.cli.broker import Listeners, mqtt_listeners
from paddock.cli.can_udp import listen_for_frames
from paddock.cli.kept_process import keep_process
from paddock.cli.terminal import complain
from paddock.data_directory import only_user_of
from paddock.device_log.running import ENDPOINT, forget
from paddock.domain.keys import RAW
from paddock.errors import PaddockError, Unavailable
from paddock.formats.registry import formats
from paddock.service_manager import Watchdog, tell
from paddock.settings import Settings, read_settings
from paddock.usecases.backup.files import backup_ids
from paddock.usecases.context import Context
from paddock.usecases.jobs import leases
from paddock.usecases.live.tail import following
from paddock.web.kernel.listener import listen

START_LOOK_S = 0.02
DEVICES_LOOK_S = 0.5

log = structlog.get_logger()


@click.command("up")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 8080]")
@click.option(
    "--mqtt-port",
    type=click.IntRange(0, 65535),
    help="Port where devices send by MQTT, 0 for none.  [default: 1883, or the next free one]",
)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory that holds everything.")
@click.option("--demo", is_flag=True, help="First record a small simulated test day.")
@click.option("--no-worker", is_flag=True, help="The web service alone: `paddock worker` runs by itself.")
def command(
    host: str | None, port: int | None, mqtt_port: int | None, data: Path | None, demo: bool, no_worker: bool
) -> None:
    """Run Paddock here: the web service and the worker, everything in one data directory."""
    settings = read_settings(host=host, port=port, mqtt_port=mqtt_port, data=data)
    configure_logging(settings)
    # uvicorn ends in good order at these, and then raises them once more, for those who would not listen to it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    with (
        only_user_of(settings.data, worker_apart=no_worker),
        listen(settings.host, settings.port, "choose another --port") as listener,
        contextlib.nullcontext(Listeners()) if no_worker else mqtt_listeners(settings) as mqtt,
    ):
        bound = int(listener.getsockname()[1])
        mqtt_port = mqtt.plain_port if mqtt.plain is not None else settings.mqtt_port
        settings = read_settings(host=host, port=bound, mqtt_port=mqtt_port, data=data)
        asyncio.run(_serve(settings, listener, mqtt, demo=demo, with_worker=not no_worker))


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        tell("STOPPING=1")
        super().handle_exit(sig, frame)


async def _serve(
    settings: Settings, listener: socket.socket, mqtt: Listeners, *, demo: bool, with_worker: bool
) -> None:
    from paddock.web.app import create_app
    from paddock.web.kernel.connections import Door, GuardedProtocol, OncePerWhile, most_connections
    from paddock.web.kernel.sockets import MAX_MESSAGE_BYTES

    for library in ("uvicorn.error", "asyncio"):
        logging.getLogger(library).addFilter(OncePerWhile())
    # A thread reads what devices send. Whoever sends to fifty pages lets go of the interpreter fifty times, and
    # would wait 5 ms for it each time by default.
    sys.setswitchinterval(0.00005)
    # Until it answers: half a million objects are made that stay, among which there is no garbage to be found.
    gc.disable()
    # Imports every format once, here and not in the middle of a request.
    await asyncio.to_thread(formats)
    async with open_context(settings) as context:
        if settings.embedded and with_worker:
            # Nobody else uses the directory, so whoever held a lease is gone.
            await leases.release(context)
        await _hint_at_forgotten_logs(context)
        server = _Server(
            uvicorn.Config(
                create_app(context, settings),
                http=partial(GuardedProtocol, door=Door(most_connections())),  # type: ignore[arg-type]
                log_config=None,
                access_log=False,
                # Who may speak for another address is our own rule (web/kernel/principal.py).
                proxy_headers=False,
                # websockets masks in C and is released often; wsproto is Python alone.
                ws="websockets-sansio",
                ws_max_size=MAX_MESSAGE_BYTES,
                # What fifty live pages are told alike would be compressed for each of them anew.
                ws_per_message_deflate=False,
                server_header=False,
                timeout_graceful_shutdown=5,
            )
        )
        beside = [
            asyncio.create_task(_welcome(context, settings, mqtt, lambda: server.started, demo=demo)),
            asyncio.create_task(_say_that_it_answers(listener, lambda: server.started)),
        ]
        beside.append(asyncio.create_task(_offer_restore(context, settings)))
        if with_worker:
            beside.append(asyncio.create_task(_keep_worker(context, settings)))
            beside.append(asyncio.create_task(_keep_recorder(context, settings)))
        if with_worker:
            # Started again without MQTT, nobody is to miss it.
            forget(settings.data / "device-log", ENDPOINT)
        if mqtt.descriptors() or (settings.mqtt_bridge_url and with_worker):
            beside.append(asyncio.create_task(_keep_broker(context, settings, mqtt)))
        if settings.can_udp_port:
            beside.append(asyncio.create_task(listen_for_frames(context, settings)))
        try:
            async with following(context):
                await server.serve(sockets=[listener])
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)


async def _hint_at_forgotten_logs(context: Context) -> None:
    """A database that is new beside logs which are not was lost, or the directory is only half the right one."""
    if await context.documents.recordings.count():
        return
    async for _ in context.objects.list(RAW):
        click.echo(
            "paddock: the database is empty, the object store is not: `paddock backup restore` brings a backup "
            "back; without one, `paddock fsck --mend` makes it again from the logs there, without what people "
            "wrote.",
            err=True,
        )
        return


async def _offer_restore(context: Context, settings: Settings) -> None:
    """A new machine may be there in place of an old one; only a person knows."""
    if not settings.backup_to or not await context.documents.is_empty():
        return
    with contextlib.suppress(PaddockError):
        async with open_store(settings, settings.backup_to) as store:
            if found := await backup_ids(store):
                complain(
                    f"the database is empty, and there are backups in {settings.backup_to}, the last is "
                    f"{found[0]}: `paddock backup restore` takes it in. Nothing is restored by itself."
                )


async def _offer_first_admin(context: Context, settings: Settings) -> None:
    """Where everybody is to sign in and nobody can yet, whoever reads the terminal makes the first admin."""
    if settings.sign_in != "password":
        return
    from paddock.usecases.people.users import first_admin_link
    from paddock.web.people.api import link_address

    issued = await first_admin_link(context)
    if issued is not None:
        click.echo(f"The first admin is made at {link_address(settings, issued.text)}  (works once)")


async def _welcome(
    context: Context, settings: Settings, mqtt: Listeners, started: Callable[[], bool], *, demo: bool
) -> None:
    """Say where the site is once it answers, and give it the demo's logs like anybody's."""
    from paddock.web.kernel.principal import warning_of

    while not started():
        await asyncio.sleep(START_LOOK_S)
    # The application stays: to look for garbage in it holds up everybody for a fifth of a second, now and then.
    gc.freeze()
    gc.enable()
    tell("READY=1")
    click.echo(f"Paddock is at {settings.base_url}  (data in {settings.data}, Ctrl-C stops it)")
    for address in mqtt.addresses():
        click.echo(f"Devices send to {address}  (user name: the device's id, password: its token)")
    if settings.can_udp_port:
        click.echo(f"CAN frames come to udp://{settings.host}:{settings.can_udp_port}")
        if await context.documents.devices.get(settings.can_udp_device) is None:
            complain(
                "PADDOCK_CAN_UDP_DEVICE names no device: frames that come are nobody's until there is one with the "
                f"id {settings.can_udp_device!r}."
            )
    if warning := warning_of(settings):
        complain(warning)
    await _offer_first_admin(context, settings)
    if demo:
        from paddock.cli.demo import take_in_demo_day

        try:
            await take_in_demo_day(context, settings)
        except PaddockError as error:
            complain(f"the demo day failed: {error.message}")


async def _say_that_it_answers(listener: socket.socket, started: Callable[[], bool]) -> None:
    """Ask the site as anybody does, and tell the watchdog that it answered.

    Any answer counts: that the database is away is no reason to restart the site.
    """
    watchdog = Watchdog()
    host, port = listener.getsockname()[:2]
    while not started():
        await asyncio.sleep(START_LOOK_S)
    while watchdog.every_s is not None:
        try:
            async with asyncio.timeout(watchdog.every_s * 2):
                await _status(host, port)
            watchdog.works()
        except (OSError, EOFError, TimeoutError) as error:
            log.error("site_does_not_answer", error=str(error) or type(error).__name__)
        await asyncio.sleep(watchdog.every_s)


async def _status(host: str, port: int) -> bytes:
    """The first line of what it answers."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return await reader.readuntil(b"\r\n")
    finally:
        writer.close()


async def _first_device(context: Context) -> None:
    """Wait until there is a device: who has none needs no processes for them."""
    while True:
        with contextlib.suppress(Unavailable):
            if await context.documents.devices.count():
                return
        await asyncio.sleep(DEVICES_LOOK_S)


def _address(settings: Settings) -> dict[str, str]:
    """Where the site is, for processes that write links to it, such as notices."""
    return {"PADDOCK_HOST": settings.host, "PADDOCK_PORT": str(settings.port)}


async def _keep_broker(context: Context, settings: Settings, mqtt: Listeners) -> None:
    """Run the MQTT endpoint, once there is a device or somebody connects; until it runs, who connects waits."""
    connects = asyncio.Event()
    loop = asyncio.get_running_loop()
    for descriptor in mqtt.descriptors():
        loop.add_reader(descriptor, connects.set)
    waits = [asyncio.create_task(connects.wait()), asyncio.create_task(_first_device(context))]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for descriptor in mqtt.descriptors():
            loop.remove_reader(descriptor)
        for task in waits:
            task.cancel()
    arguments = ["--data", str(settings.data), *mqtt.arguments()]
    await keep_process("broker", lambda: arguments, _address(settings), descriptors=mqtt.descriptors())


async def _keep_recorder(context: Context, settings: Settings) -> None:
    """Run the recorder of what devices send, once there is one."""
    await _first_device(context)
    await keep_process("recorder", lambda: ["--data", str(settings.data)], _address(settings))


async def _keep_worker(context: Context, settings: Settings) -> None:
    """Run the worker process, and a new one whenever it dies."""
    owner = ""

    def arguments() -> list[str]:
        nonlocal owner
        # A name of its own, so that a predecessor which is not quite gone cannot pass for it.
        owner = f"embedded-{secrets.token_hex(4)}"
        return ["--data", str(settings.data), "--owner", owner]

    async def died() -> None:
        try:
            await leases.release(context, owner)
        except Unavailable as error:
            # Its leases run out by themselves; a new worker is wanted all the same.
            log.warning("store_unavailable", code=error.code, message=error.message)

    await keep_process("worker", arguments, _address(settings), died=died)
