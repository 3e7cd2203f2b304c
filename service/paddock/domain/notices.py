"""Notices: what the team is told elsewhere, and where. Each event is told each destination once.

A destination is an address of a webhook, of Discord, of Slack, or an e-mail address. What it is to be told waits in
an outbox, one document per event and destination, until it has been sent.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from urllib.parse import urlsplit

import msgspec

from paddock.domain.alerts import Severity
from paddock.domain.instants import NS_PER_S
from paddock.domain.quiet_hours import QuietHours, checked_hours
from paddock.errors import Rejected

MAX_DESTINATIONS = 50
MAX_NAME, MAX_ADDRESS = 80, 2_000
MAX_TRIES = 18
"""With the pauses between, about a day."""
FIRST_PAUSE_NS = 2 * NS_PER_S
LONGEST_PAUSE_NS = 2 * 3600 * NS_PER_S
KEPT_NS = 30 * 86_400 * NS_PER_S
"""How long the list of what was told goes back."""
TOO_OLD_NS = 86_400 * NS_PER_S
"""An event that is found so late, because nothing was running, is told to no destination."""
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


class DestinationKind(StrEnum):
    """How somebody is told."""

    WEBHOOK = "webhook"
    """Any program that takes JSON."""
    DISCORD = "discord"
    SLACK = "slack"
    EMAIL = "email"


class Topic(StrEnum):
    """What somebody is told of."""

    ALERTS = "alerts"
    LOG_READY = "log_ready"
    INGEST_FAILED = "ingest_failed"
    CHECKLIST_FAILED = "checklist_failed"
    BACKUP_OLD = "backup_old"


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is told."""

    id: str
    name: str
    kind: DestinationKind
    address: str
    """A secret, unless it is an e-mail address: whoever knows it may write there."""
    topics: tuple[Topic, ...] = (Topic.ALERTS,)
    least: Severity = Severity.WARNING
    """Alerts that are milder are not told."""
    cleared: bool = True
    """Whether the end of an alert is told as well."""
    cars: tuple[str, ...] = ()
    """Only of these; empty for all."""
    quiet: QuietHours | None = None
    on: bool = True
    added_at: int = 0
    added_by: str = ""
    changed_at: int = 0
    changed_by: str = ""
    version: int = 1

    @property
    def shown_address(self) -> str:
        """What people may see of the address."""
        return self.address if self.kind is DestinationKind.EMAIL else hidden(self.address)


class NoticeState(StrEnum):
    """``waiting → sending → sent``."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    """It was refused, or tried long enough."""
    UNCERTAIN = "uncertain"
    """It was handed over and nobody said that it arrived: told again, it might be told twice."""
    DROPPED = "dropped"
    """It was of no use any more, as the end of an alert of which nobody was told."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody may be told."""

    id: str
    """Made from what happened: noticed twice, or by two processes, it is one event."""
    topic: Topic
    title: str
    """A few words, without what happened."""
    text: str
    """One sentence or two."""
    at: int
    """When it was, in nanoseconds since the Unix epoch."""
    path: str = ""
    """Where to look, on this Paddock."""
    severity: Severity = Severity.INFO
    device: str = ""
    car: str = ""
    recording: str = ""
    rule: str = ""
    after: str = ""
    """The id of the event without which this one is nothing: an alert's beginning, for its end."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one destination, as a document."""

    id: str
    destination: str
    event: Event
    state: NoticeState = NoticeState.WAITING
    created_at: int = 0
    due_at: int = 0
    """Not before."""
    tries: int = 0
    begun_at: int | None = None
    """When it was handed over last."""
    sent_at: int | None = None
    error: str = ""
    """Why it did not arrive, as a sentence."""


def notice_id(event_id: str, destination_id: str) -> str:
    """One event is told one destination once."""
    return hashlib.sha256(f"{event_id}\n{destination_id}".encode()).hexdigest()[:24]


def wants(destination: Destination, event: Event) -> bool:
    """Whether somebody is told of an event."""
    if not destination.on or event.topic not in destination.topics:
        return False
    cars = {car.casefold() for car in destination.cars}
    if cars and event.car.casefold() not in cars:
        return False
    if event.topic is not Topic.ALERTS:
        return True
    return event.severity.rank >= destination.least.rank and (destination.cleared or not event.after)


def pause_ns(tries: int) -> int:
    """How long to wait after the ``tries``-th failure: 2 s, 4 s, 8 s … two hours."""
    return int(min(FIRST_PAUSE_NS * 2 ** min(tries - 1, 30), LONGEST_PAUSE_NS))


def checked_destination(destination: Destination) -> Destination:
    """A destination as it is stored, without spaces around what was typed.

    Raises:
        Rejected: it cannot be (code ``bad_destination``).
    """
    name, address = destination.name.strip(), destination.address.strip()
    cars = tuple(dict.fromkeys(car.strip() for car in destination.cars if car.strip()))
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise _bad(f"Somebody who is told has a name of at most {MAX_NAME} characters.")
    if not destination.topics:
        raise _bad("Say what it is to be told of.")
    if len(address) > MAX_ADDRESS or any(len(car) > MAX_NAME for car in cars):
        raise _bad("The address or the name of a car is too long.")
    if destination.kind is DestinationKind.EMAIL:
        if not _EMAIL.fullmatch(address):
            raise _bad("That is no e-mail address: write it like team@example.org.")
    else:
        check_web_address(address)
    if destination.quiet is not None:
        checked_hours(destination.quiet)
    return msgspec.structs.replace(
        destination, name=name, address=address, cars=cars, topics=tuple(dict.fromkeys(destination.topics))
    )


def check_web_address(address: str) -> None:
    """Refuse what is no address of a webhook.

    Raises:
        Rejected: it is none (code ``bad_destination``).
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _bad("That is no address: it begins with https://.") from None
    if parts.scheme not in ("https", "http") or not host or not address.isprintable() or " " in address:
        raise _bad("That is no address: it begins with https://.")
    if parts.username is not None or parts.password is not None:
        raise _bad("An address with a name and a password in it is not taken: use one without.")


def hidden(address: str) -> str:
    """The host of an address, and the last characters of what is secret in it."""
    parts = urlsplit(address)
    rest = address.removeprefix(f"{parts.scheme}://{parts.netloc}")
    return f"{parts.scheme}://{parts.hostname}/…{rest[-4:] if len(rest) > 12 else ''}"


def _bad(message: str) -> Rejected:
    return Rejected(message, code="bad_destination")
