"""``paddock simulate``: a log like a real car's."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from paddock.cli.files import STDOUT, force_option, output_option, say_written, to_stdout
from paddock.cli.terminal import progress_bar
from paddock.client import Client
from paddock.domain.instants import NS_PER_S, from_rfc3339, to_rfc3339
from paddock.domain.log_kinds import MCAP
from paddock.formats.output import new_file, target_of
from paddock.settings import read_settings

if TYPE_CHECKING:
    from paddock.simulator.log import Truth

GPS_RATE_HZ, GPS_NOISE_M = 25.0, 0.5
NAME = f"simulated{MCAP.suffix}"


@click.command("simulate")
@output_option(default=NAME, show_default=True, help="The log, or a folder for it; - is stdout.")
@force_option
@click.option("--car", default="HT09", show_default=True)
@click.option("--driver", default="Adam", show_default=True)
@click.option("--laps", type=click.IntRange(1), default=2, show_default=True)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Another seed, another track and driver's day."
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Factor on all message rates.",
)
@click.option(
    "--duration", "duration_s", type=click.FloatRange(min=0, min_open=True), help="Stop after so many seconds."
)
@click.option("--started", default="2026-04-18T14:32:00Z", show_default=True, help="When the car recorded it.")
@click.option("--parked", is_flag=True, help="The car stands still.")
@click.option(
    "--pack-warmer",
    "pack_warmer_c",
    type=float,
    default=0.0,
    help="The battery is hotter than usual by so many °C, as when a fan has failed.",
)
@click.option(
    "--truncate",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Power cut: keep only this share of the file.",
)
@click.option(
    "--lap-run",
    is_flag=True,
    help="Positions come from a GPS receiver alone, and <log>.laps.json says when the car truly crossed the line, "
    "how long its laps truly took, and where the line is, as laps --line takes it.",
)
@click.option(
    "--gps-rate",
    "rate_hz",
    type=click.FloatRange(0.1, 100),
    default=GPS_RATE_HZ,
    show_default=True,
    help="Fixes a second of a lap run.",
)
@click.option(
    "--gps-noise",
    "noise_m",
    type=click.FloatRange(0, 100),
    default=GPS_NOISE_M,
    show_default=True,
    help="Standard deviation of a fix in metres, to the east and to the north.",
)
@click.option("--live", "is_live", is_flag=True, help="Write no log: send to a running Paddock while it drives.")
@click.option("--server", help="Where that runs.  [default: as PADDOCK_HOST and PADDOCK_PORT say]")
@click.option("--mqtt", help="Send by MQTT to this address, such as mqtt://127.0.0.1:1883, and not by HTTP.")
@click.option("--device", "device_id", default="", help="The device that it is.  [default: one of its own]")
@click.option("--token", default="", help="Of that device.  [default: a new one]")
@click.option(
    "--signals", type=click.IntRange(40, 1_500), default=200, show_default=True, help="How many it sends."
)
@click.option("--hz", type=click.FloatRange(0.1, 1_000), default=100.0, show_default=True, help="How often.")
@click.option("--loss", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="Share that is lost.")
@click.option(
    "--cut-every", "cut_every_s", type=click.FloatRange(min=0), default=0.0, help="Away for 5 s so often."
)
def command(
    output: str,
    force: bool,
    lap_run: bool,
    rate_hz: float,
    noise_m: float,
    started: str,
    is_live: bool,
    server: str | None,
    mqtt: str | None,
    device_id: str,
    token: str,
    signals: int,
    hz: float,
    loss: float,
    cut_every_s: float,
    **options: Any,
) -> None:
    """Write an MCAP log of simulated laps, shaped like a real car's; or send them live."""
    if is_live:
        from paddock.cli.simulate_live import Feed, device_and_token, drive_over_http, drive_over_mqtt
        from paddock.simulator.live import LiveCar

        url = server or read_settings().base_url
        with Client(url) as client:
            device_id, token = device_and_token(client, device_id, token, options["car"])
            feed = Feed(LiveCar(signals, options["seed"]), hz, loss, cut_every_s)
            click.echo(f"It sends as {device_id}: {url}/live/{device_id}")
            duration_s = options["duration_s"]
            if mqtt:
                sent = drive_over_mqtt(mqtt, device_id, token, feed, duration_s)
            else:
                sent = drive_over_http(client, device_id, token, feed, duration_s)
        click.echo(f"{sent.sent:,} of {sent.made:,} messages sent, {sent.lost:,} lost on the way.")
        return
    options["started_ns"] = from_rfc3339(started)
    if lap_run:
        from paddock.simulator.lap_run import Receiver

        options["receiver"] = Receiver(rate_hz, noise_m)
    if output == STDOUT:
        if lap_run:
            raise click.UsageError("A lap run is two files: give --output a name.")
        with to_stdout(MCAP.suffix) as target:
            _simulate(target, **options)
        return
    with new_file(target_of(output, NAME), (MCAP.suffix,), replace=force) as new:
        truth = _simulate(new.aside, **options)
    say_written(new.target)
    if lap_run:
        truth_file = new.target.with_name(f"{new.target.name.removesuffix(MCAP.suffix)}.laps.json")
        with new_file(truth_file, replace=force) as beside:
            beside.aside.write_bytes(_truth_text(options["started_ns"], truth))
        say_written(beside.target)


def _simulate(target: Path, **options: Any) -> Truth:
    from paddock.simulator.log import simulate

    with progress_bar() as bar:
        task = bar.add_task("simulating", total=1.0)
        return simulate(target, progress=lambda done: bar.update(task, completed=done), **options)


def _truth_text(started_ns: int, truth: Truth) -> bytes:
    """The line as ``paddock laps --line`` takes it, when the car crossed it, and how long its whole laps took."""
    left, right = truth.line.left, truth.line.right
    crossings_s = truth.crossings_s
    said = {
        "line": f"{left.latitude:.9f},{left.longitude:.9f},{right.latitude:.9f},{right.longitude:.9f}",
        "crossed_at": [to_rfc3339(started_ns + round(each * NS_PER_S)) for each in crossings_s],
        "laps": [
            {"number": number, "duration_s": round(end - begin, 6)}
            for number, (begin, end) in enumerate(pairwise(crossings_s), 1)
        ],
    }
    return msgspec.json.format(msgspec.json.encode(said), indent=2) + b"\n"
