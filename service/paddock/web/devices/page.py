"""The pages of devices: all of them, and each with its token, its last values and what was refused."""

from __future__ import annotations

from dataclasses import dataclass

from litestar import get
from litestar.params import FromPath

from paddock.domain.device_messages import WRONG_CLOCK_NS
from paddock.domain.devices import is_active, topic_of
from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.domain.roles import Permission
from paddock.domain.streams import StreamState
from paddock.domain.words import size
from paddock.settings import Settings
from paddock.usecases.devices.devices import SeenDevice, latest_values, seen_device, seen_devices
from paddock.usecases.devices.streams import streams_of
from paddock.usecases.streams.recorder_state import recorder_state
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import TheContext, ThePrincipal, TheSettings
from paddock.web.kernel.pages import pages
from paddock.web.kernel.words import duration, number

_SHOWN_VALUES = 300
_REFUSED = {
    "bad_field": "a field's name cannot be",
    "bad_frame": "a CAN frame is damaged",
    "bad_gzip": "no whole gzip",
    "bad_token": "the token is none",
    "device_disabled": "sent while disabled",
    "impossible_time": "a time that cannot be",
    "message_too_large": "too large",
    "no_schema": "protobuf without a schema",
    "no_token": "without a token",
    "no_values": "without a value",
    "not_a_number": "NaN or infinite",
    "not_an_object": "no object",
    "not_json": "no JSON",
    "not_msgpack": "no MessagePack",
    "not_protobuf": "not of the schema",
    "other_device": "of another device",
    "token_expired": "the token has expired",
    "token_revoked": "the token was revoked",
    "too_deep": "nested too deeply",
    "too_many_fields": "too many fields",
    "too_many_messages": "too many at once",
    "too_many_topics": "too many topics",
    "unknown_encoding": "compressed in an unknown way",
    "wrong_type": "a value of the wrong type",
}
"""What was wrong, by the code of a problem, in a word or two."""


@dataclass(frozen=True)
class Shown:
    """A device as its pages show it."""

    seen: SeenDevice
    state: str
    """``active``, ``silent``, ``new`` or ``disabled``."""
    last_seen: str
    clock: str
    """What is wrong with its clock, as a sentence; empty where nothing is."""

    @property
    def topic(self) -> str:
        """For messages of it that say none."""
        return topic_of(self.seen.device)


@get("/devices", needs=Permission.READ)
async def devices_page(context: TheContext, principal: ThePrincipal, settings: TheSettings) -> Page:
    """All devices; ``devices.js`` adds one."""
    now = context.now()
    return Page(
        "devices/devices.html",
        principal=principal,
        devices=[shown(each, now) for each in await seen_devices(context)],
        base_url=settings.base_url,
        recorder_notice=(await recorder_state(context)).notice,
    )


@get("/devices/{device_id:str}", needs=Permission.READ)
async def device_page(
    context: TheContext, principal: ThePrincipal, settings: TheSettings, device_id: FromPath[str]
) -> Page:
    """One device; ``device.js`` gives it a token and changes it."""
    seen = await seen_device(context, device_id)
    latest = await latest_values(context, device_id)
    streams = await streams_of(context, device_id)
    values = sorted(latest.values.items())
    return Page(
        "devices/device.html",
        principal=principal,
        each=shown(seen, context.now()),
        device=seen.device,
        did=seen.state,
        values=[
            (name, each.name or _value(each.value), to_rfc3339(each.time_ns))
            for name, each in values[:_SHOWN_VALUES]
        ],
        values_count=len(values),
        refused=[(_REFUSED.get(code, code.replace("_", " ")), count) for code, count in _most(seen)],
        streams=streams,
        is_live={each.id for each in streams if each.state is StreamState.LIVE},
        size=size,
        ways=_ways(settings, device_id),
    )


def shown(seen: SeenDevice, now_ns: int) -> Shown:
    """A device as its pages show it."""
    device, state = seen.device, seen.state
    word = "silent"
    if device.disabled_at is not None:
        word = "disabled"
    elif state.last_seen_ns is None:
        word = "new"
    elif is_active(device, state, now_ns):
        word = "active"
    last = to_rfc3339(state.last_seen_ns) if state.last_seen_ns is not None else ""
    return Shown(seen, word, last, clock_in_words(state.clock_offset_ns))


def clock_in_words(offset_ns: int | None) -> str:
    """What is wrong with a device's clock; empty where it is right, or says no times."""
    if offset_ns is None or abs(offset_ns) <= WRONG_CLOCK_NS:
        return ""
    seconds = abs(offset_ns) / NS_PER_S
    off = duration(seconds) if seconds < 2 * 86_400 else f"{seconds / 86_400:,.0f} days"
    way = "behind" if offset_ns > 0 else "ahead"
    return f"Its clock is {off} {way}: recordings begin by when the messages came."


def _most(seen: SeenDevice) -> list[tuple[str, int]]:
    return sorted(seen.state.refused.items(), key=lambda each: (-each[1], each[0]))


def _value(value: float | int | str | bool | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    return number(value) if isinstance(value, int) and abs(value) < 10**9 else str(value)


def _ways(settings: Settings, device_id: str) -> list[tuple[str, str, str]]:
    """How it sends its first value: name of the way, its id, and what is typed; ``TOKEN`` stands for the token."""
    url = f"{settings.base_url}/api/devices/{device_id}/data"
    ways = [
        (
            "curl",
            "curl",
            f"curl {url} -H 'Authorization: Bearer TOKEN' -d '{{\"temperature\": 21.5}}'",
        ),
        (
            "Python",
            "python",
            "import json, urllib.request as web\n"
            f'request = web.Request("{url}", headers={{"Authorization": "Bearer TOKEN"}})\n'
            'web.urlopen(request, json.dumps({"temperature": 21.5}).encode())',
        ),
    ]
    if settings.mqtt_url:
        scheme, _, address = settings.mqtt_url.partition("://")
        host, _, port = address.rpartition(":")
        tls = " --capath /etc/ssl/certs" if scheme == "mqtts" else ""
        ways.append(
            (
                "MQTT",
                "mqtt",
                f"mosquitto_pub -h {host.strip('[]')} -p {port}{tls} -u {device_id} -P TOKEN -q 1 \\\n"
                f"  -t devices/{device_id}/data -m '{{\"temperature\": 21.5}}'",
            )
        )
    return ways


ROUTER = pages(devices_page, device_page)
