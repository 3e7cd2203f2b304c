"""``paddock offload``: logs off the cars and into Paddock."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import click
import structlog

from paddock.basestation.agent import Agent
from paddock.basestation.bucket import Bucket, bucket_place
from paddock.basestation.ledger import Ledger, open_ledger
from paddock.basestation.ledger_rows import CarFile, DeliveryState, Log
from paddock.basestation.limit import Limit, parse_limit
from paddock.basestation.look import Place
from paddock.basestation.observed import Observed
from paddock.basestation.partials import Partials, boot_id
from paddock.basestation.remove import Remover
from paddock.basestation.room import Room
from paddock.basestation.send import Sender
from paddock.basestation.sources.opening import open_source
from paddock.basestation.sources.place import SshLogin, short_name
from paddock.basestation.status import CarStatus, ServerStatus
from paddock.basestation.stints import Stints
from paddock.cli.option_types import Size, Span
from paddock.cli.terminal import complain, out, print_json
from paddock.domain.words import counted, isolated

if TYPE_CHECKING:
    from paddock.basestation.showing import Showing

log = structlog.get_logger()

_OWN = "Paddock here"
"""The name under which a server on this machine is shown."""


@click.command("offload")
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="PLACE",
    help="Where logs lie: a directory, sftp://user@host/path or http://host:port/. May be given again.",
)
@click.option(
    "--server",
    "servers",
    multiple=True,
    metavar="URL",
    help="A Paddock that gets the logs. May be given again; what the last one has stored counts as safe.",
)
@click.option(
    "--data",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="LEDGER_DIRECTORY",
    help="What is known of every log, and the logs until they are safe.",
)
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The private key that cars of sftp:// let in.  [default: those of ~/.ssh and the SSH agent]",
)
@click.option(
    "--accept-host-key",
    is_flag=True,
    help="Believe a car of sftp:// that is not known yet, and know it from then on; a changed one is refused.",
)
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="RATE",
    help="What may be sent, like 1MB/s or 5Mbit/s; with a time of day 08:00-18:00=200kB/s, 0 for nothing. It does "
    "not count for a Paddock on this machine. May be given again.",
)
@click.option(
    "--bucket",
    metavar="NAME",
    help="Where logs are left by plain HTTPS while the last server cannot be reached: a bucket's name, or "
    "s3://NAME?endpoint=…; the station's key is where AWS's programs look for it.",
)
@click.option(
    "--bucket-after",
    type=Span(),
    default="1min",
    show_default=True,
    help="For so long the last server has to be away first; with --once nothing is waited for.",
)
@click.option("--once", is_flag=True, help="End when nothing is left to do: 0 when every closed log is safe.")
@click.option(
    "--settle",
    type=Span(),
    default="30s",
    show_default=True,
    help="Where nobody says that a log is closed, it is when it has not changed for so long.",
)
@click.option(
    "--remove-from-car",
    is_flag=True,
    help="Take logs off the cars once the last server has them stored, the oldest first: all of them, or what "
    "--keep-free needs.",
)
@click.option("--dry-run", is_flag=True, help="With --remove-from-car: say what would go, and leave it there.")
@click.option(
    "--keep-free",
    type=Size(),
    metavar="SIZE",
    help="Room that stays free on this disk, and with --remove-from-car on the cars.  [default: here a twentieth, "
    "at most 1 GB]",
)
@click.option(
    "--screen",
    metavar="HOST:PORT",
    help="Where the pit screen answers, or none; 0.0.0.0:8090 for a tablet.  "
    "[default: this machine alone, port 8090 or the next that is free; none with --once]",
)
@click.option(
    "--webhook",
    envvar="PADDOCK_WEBHOOK",
    metavar="URL",
    help="A webhook of Discord or Slack that is told when the last log of a car is safe; PADDOCK_WEBHOOK keeps it "
    "out of the list of processes.",
)
@click.option(
    "--webhook-file",
    envvar="PADDOCK_WEBHOOK_FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A file that holds the webhook's address, instead of --webhook; PADDOCK_WEBHOOK_FILE may name it too.",
)
@click.option("--status", is_flag=True, help="Say how things stand with the agent that works with --data.")
@click.option("--json", "as_json", is_flag=True, help="The same for programs.")
def command(
    sources: tuple[str, ...],
    servers: tuple[str, ...],
    data: Path,
    key: Path | None,
    accept_host_key: bool,
    limits: tuple[str, ...],
    bucket: str | None,
    bucket_after: float,
    once: bool,
    settle: float,
    remove_from_car: bool,
    dry_run: bool,
    keep_free: int | None,
    screen: str | None,
    webhook: str | None,
    webhook_file: Path | None,
    status: bool,
    as_json: bool,
) -> None:
    """Take logs off cars, sticks and cards, and send them to Paddock; it goes on where it was, whatever happens.

    A log that is being recorded is left alone until it is closed. Nothing leaves a car without --remove-from-car.
    """
    if status or as_json:
        _say_how_things_stand(data, as_json=as_json)
        return
    if not sources or not servers:
        raise click.UsageError("Say where logs lie (--source PLACE) and which Paddock gets them (--server URL).")
    if dry_run and not remove_from_car:
        raise click.UsageError("--dry-run says what --remove-from-car would remove: give both.")
    if webhook_file is not None and webhook is None:
        webhook = webhook_file.read_text()
    place = None if bucket is None else bucket_place(bucket)
    with open_ledger(data) as ledger, contextlib.ExitStack() as beside:
        way_past = None
        if place is not None:
            way_past = beside.enter_context(contextlib.closing(Bucket(place, ledger))), bucket_after
        agent = _agent(
            ledger,
            sources,
            SshLogin(key, accept_host_key),
            servers,
            parse_limit(limits),
            way_past,
            settle,
            keep_free,
        )
        if remove_from_car:
            agent.removers = [
                Remover(puller.place, ledger, agent.senders[-1].url, keep_free, _say, dry_run=dry_run)
                for puller in agent.pullers
            ]
        if once and screen is None:
            screen = "none"
        showing = _showing(beside, agent, screen, webhook) if screen != "none" or webhook or not once else None
        asyncio.run(_run(agent, showing, once=once))
        if once and not _say_what_is_not_safe(agent):
            raise click.exceptions.Exit(1)


def _agent(
    ledger: Ledger,
    sources: tuple[str, ...],
    ssh: SshLogin,
    servers: tuple[str, ...],
    limit: Limit | None,
    way_past: tuple[Bucket, float] | None,
    settle_s: float,
    keep_free: int | None,
) -> Agent:
    observed, stints = Observed(), Stints(ledger)
    urls = list(dict.fromkeys(url.rstrip("/") for url in servers))
    for url in urls:
        observed.servers[url] = ServerStatus(url=url, name=_server_name(url, urls), last=url == urls[-1])
    places = [Place(open_source(each, ssh), ledger, observed, settle_s) for each in dict.fromkeys(sources)]
    for place in places:
        observed.cars[place.name] = CarStatus(place=place.name, name=short_name(place.name))
    senders = []
    for url in urls:
        bucket, after_s = way_past if way_past is not None and url == urls[-1] else (None, 0.0)
        slower = None if _is_own(url) else limit
        senders.append(Sender(ledger, observed, stints, url, _say, slower, bucket, after_s))
    room = Room(ledger, urls, keep_free)
    return Agent(ledger, observed, stints, places, senders, room, Partials(ledger, boot_id()), _say)


def _server_name(url: str, urls: Sequence[str]) -> str:
    """What people call a server; with its port where another one is called so too."""
    name = _OWN if _is_own(url) else _address(url).hostname or url
    others = [_OWN if _is_own(each) else _address(each).hostname for each in urls]
    return name if others.count(name) < 2 else f"{name} {_address(url).netloc.rpartition(':')[2]}"


def _is_own(url: str) -> bool:
    return _address(url).hostname in ("localhost", "127.0.0.1", "::1")


def _address(url: str) -> SplitResult:
    return urlsplit(url if "://" in url else f"http://{url}")


def _showing(beside: contextlib.ExitStack, agent: Agent, screen: str | None, webhook: str | None) -> Showing:
    from paddock.basestation.announce import Webhook
    from paddock.basestation.showing import Showing, listener_of, screen_in_words
    from paddock.cli.pit_view import drawing

    listener = listener_of(screen)
    if listener is not None:
        beside.enter_context(listener)
        _say(screen_in_words(listener))
    chat = Webhook(webhook) if webhook else None
    draw = beside.enter_context(drawing()) if out.is_terminal else None
    return Showing(agent, listener, chat, draw)


async def _run(agent: Agent, showing: Showing | None, *, once: bool) -> None:
    """Until it is done, or told to end."""
    working = asyncio.create_task(agent.run(once=once))
    beside = asyncio.create_task(_keep_showing(showing)) if showing is not None else None
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    ending = asyncio.create_task(ended.wait())
    await asyncio.wait([working, ending], return_when=asyncio.FIRST_COMPLETED)
    for task in (ending, working, *([beside] if beside is not None else [])):
        task.cancel()
        await asyncio.wait([task])
    if not working.cancelled():
        working.result()


async def _keep_showing(showing: Showing) -> None:
    """What people see is no reason to pull nothing."""
    try:
        await showing.run()
    except Exception:
        log.exception("screen_failed")
        complain("the pit screen failed, see above; pulling and sending go on.")


def _say_how_things_stand(data: Path, *, as_json: bool) -> None:
    from paddock.basestation.showing import said_by
    from paddock.basestation.view import view_of
    from paddock.cli.pit_view import print_view

    said = said_by(data)
    if as_json:
        print_json(said)
    else:
        print_view(view_of(said.status))


def _say(line: str) -> None:
    out.print(line, soft_wrap=True)


def _say_what_is_not_safe(agent: Agent) -> bool:
    """One line per closed log that the last server has not confirmed, and per place that could not be looked at."""
    ledger, cloud = agent.ledger, agent.senders[-1].url
    deliveries = {each.sha256: each for each in ledger.deliveries(cloud)}
    confirmed = ledger.confirmed_by([cloud])
    lines = []
    for puller in agent.pullers:
        place = puller.place
        if not place.reachable:
            lines.append(f"{place.name}: away, so that nobody knows what is on it: {place.problem}")
        open_files = {file.id for file in place.open}
        lines += [
            f"{_name(file)}: on the car, not here: {file.seen.trouble or file.trouble or puller.disk_problem}"
            for file in ledger.files(place.name, on_car=True)
            if file.sha256 is None and file.id not in open_files and (file.seen.size_bytes or file.seen.trouble)
        ]
    for log in ledger.logs():
        if log.sha256 in confirmed or not _is_wanted(log, ledger):
            continue
        delivery = deliveries.get(log.sha256)
        why = "" if delivery is None else delivery.trouble or ""
        if delivery is not None and delivery.state is DeliveryState.UPLOADED:
            why = delivery.trouble or "sent, and not stored yet"
        lines.append(
            f"{isolated(log.name)}: here, not at {cloud}: {why or agent.senders[-1].problem or 'not sent'}"
        )
    for line in lines:
        complain(" ".join(line.splitlines()))
    if not lines:
        name = agent.observed.servers[cloud].name
        logs = counted(sum(_is_wanted(log, ledger) for log in ledger.logs()), "log")
        _say(f"{logs} here or on cars: {name} has stored every one.")
    return not lines


def _is_wanted(log: Log, ledger: Ledger) -> bool:
    """Whether its bytes are here, or were and are missed."""
    return log.here or any(file.on_car for file in ledger.files_of(log.sha256))


def _name(file: CarFile) -> str:
    return f"{isolated(file.seen.name)} ({file.place})"
