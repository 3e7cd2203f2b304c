"""What ``paddock simulate --live`` does: a simulated car that sends to a running Paddock."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec

from paddock.client import Client
from paddock.errors import PaddockError, Rejected
from paddock.simulator.live import LiveCar

BATCH_S = 0.05
SAY_S = 5.0
AGAIN_S = 0.5
MOST_WAITING = 2_000
"""Batches that are kept while nothing answers; then the oldest are lost, as in a car."""
CUT_S = 5.0
_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass
class Sent:
    """How it goes."""

    made: int = 0
    lost: int = 0
    sent: int = 0


class Feed:
    """Batches of messages as the car makes them, less what its radio loses.

    Args:
        car: the car.
        rate_hz: moments in a second.
        loss: the share of messages that never arrive.
        cut_every_s: the radio is away for five seconds so often; 0 for never.
    """

    def __init__(self, car: LiveCar, rate_hz: float, loss: float, cut_every_s: float) -> None:
        self._car, self._rate_hz, self._loss, self._cut_every_s = car, rate_hz, loss, cut_every_s
        self._chance = random.Random(1)
        self._started_ns = time.time_ns()
        self._began = time.monotonic()
        self._next = 0
        self.counted = Sent()

    @property
    def since_s(self) -> float:
        """Since the car drove off."""
        return time.monotonic() - self._began

    def batch(self) -> list[dict[str, Any]]:
        """What the car made since the last one, as far as the radio gets it through."""
        found = []
        while (at_s := self._next / self._rate_hz) <= self.since_s:
            for message in self._car.messages(at_s, self._started_ns, self._next):
                self.counted.made += 1
                is_away = self._cut_every_s > 0 and at_s % self._cut_every_s > self._cut_every_s - CUT_S
                if is_away or self._chance.random() < self._loss:
                    self.counted.lost += 1
                else:
                    found.append(message)
            self._next += 1
        return found


def device_and_token(client: Client, device_id: str, token: str, car: str) -> tuple[str, str]:
    """The device to send as: one that there is, or a new one, with a new token unless it has one already."""
    if device_id and token:
        return device_id, token
    if not device_id:
        wanted = f"{car.lower()}-simulated"
        known = next((each for each in client.devices() if each.id == wanted), None)
        device_id = (known or client.add_device(f"{car} simulated", type="car", car=car, device_id=wanted)).id
    return device_id, client.device_token(device_id).token


def drive_over_http(client: Client, device_id: str, token: str, feed: Feed, duration_s: float | None) -> Sent:
    """Send by HTTP until the time is over, or for ever; what is not acknowledged is sent again."""
    waiting: list[list[dict[str, Any]]] = []
    said_at = 0.0
    while duration_s is None or feed.since_s < duration_s or waiting:
        if duration_s is None or feed.since_s < duration_s:
            waiting.append(feed.batch())
            if len(waiting) > MOST_WAITING:
                feed.counted.lost += len(waiting.pop(0))
        try:
            while waiting:
                if waiting[0]:
                    feed.counted.sent += client.send(device_id, token, waiting[0], tries=1)
                waiting.pop(0)
        except Rejected:
            raise
        except PaddockError as error:
            click.echo(f"{error.message} It is sent again.", err=True)
            time.sleep(AGAIN_S)
        said_at = _say(feed, said_at)
        time.sleep(BATCH_S)
    return feed.counted


def drive_over_mqtt(url: str, device_id: str, token: str, feed: Feed, duration_s: float | None) -> Sent:
    """Send a drive by MQTT, with quality of service 1.

    Args:
        url: such as ``mqtt://127.0.0.1:1883``.
    """
    return asyncio.run(_publish(url, device_id, token, feed, duration_s))


async def _publish(url: str, device_id: str, token: str, feed: Feed, duration_s: float | None) -> Sent:
    import gmqtt

    address = urlsplit(url if "://" in url else f"mqtt://{url}")
    if address.scheme not in _PORTS or not address.hostname:
        raise Rejected(f"{url!r} is no MQTT endpoint: say one like mqtt://127.0.0.1:1883.", code="bad_address")
    client = gmqtt.Client(f"{device_id}-simulated", clean_session=True)
    client.set_auth_credentials(device_id, token)
    client.set_config({"reconnect_retries": gmqtt.constants.UNLIMITED_RECONNECTS, "reconnect_delay": AGAIN_S})
    port = address.port or _PORTS[address.scheme]
    try:
        await client.connect(address.hostname, port, ssl=address.scheme == "mqtts")
    except (OSError, gmqtt.mqtt.handler.MQTTConnectError) as error:
        raise Rejected(f"{url} does not let it in: {error}.", code="no_service") from None
    said_at = 0.0
    while duration_s is None or feed.since_s < duration_s:
        if messages := feed.batch():
            client.publish(f"devices/{device_id}/data", msgspec.json.encode(messages), qos=1)
            feed.counted.sent += len(messages)
        said_at = _say(feed, said_at)
        await asyncio.sleep(BATCH_S)
    await client.disconnect()
    return feed.counted


def _say(feed: Feed, said_at: float, echo: Callable[..., None] = click.echo) -> float:
    if feed.since_s - said_at < SAY_S:
        return said_at
    counted = feed.counted
    echo(f"{feed.since_s:.0f} s: {counted.sent:,} messages sent, {counted.lost:,} lost on the way.", err=True)
    return feed.since_s
