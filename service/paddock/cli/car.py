"""``paddock car``: what runs on the computer in the car.

Prints with click alone: what the other commands print tables with takes as long to import as all of this.
"""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType

import click

from paddock.basestation.car.recorders.named import FORMS
from paddock.basestation.car.server import CarServer, listening_address
from paddock.basestation.car.service import Car
from paddock.domain.words import printable
from paddock.service_manager import Watchdog, tell

STATE = ".paddock-car"
"""The folder below that of the logs where the state lies if nobody says otherwise."""


@click.command("car")
@click.option(
    "--logs",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Directory into which the recorder writes.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address in the car's network to listen on.")
@click.option("--port", default=8090, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--recorder", default="", metavar="HOW", help=f"How it is started: {FORMS}.")
@click.option("--recorder-stop", default="", metavar="HOW", help="How it is stopped: URL, command or SIGNAL.")
@click.option("--recorder-status", default="", metavar="HOW", help="URL or command that says whether it records.")
@click.option("--gps", default="", metavar="PLACE", help="Who knows the time: gpsd's HOST:PORT, or command:LINE.")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"Directory for what must not be forgotten.  [default: {STATE} in that of the logs]",
)
def command(
    logs: Path,
    host: str,
    port: int,
    recorder: str,
    recorder_stop: str,
    recorder_status: str,
    gps: str,
    state: Path | None,
) -> None:
    """Run beside the recorder, in the car: serve its logs, start and stop it from a phone."""
    car = Car(logs, state or logs / STATE, recorder, stop=recorder_stop, status=recorder_status, gps=gps)
    server = CarServer(car, host, port, (host,))
    ends = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ends.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    # Comes to who holds a lease that somebody waits for (``Folder.is_being_written``), and would end us.
    signal.signal(signal.SIGIO, lambda *_: None)
    car.start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    click.echo(printable(f"The car's logs are at {listening_address(server)}  (Ctrl-C stops it)"))
    tell("READY=1")
    watchdog = Watchdog()
    while not ends.wait(watchdog.every_s):
        watchdog.works()
    tell("STOPPING=1")
    server.shutdown()
    server.server_close()
    car.close()
