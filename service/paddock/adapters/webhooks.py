"""Webhooks: a POST of JSON to an address that somebody entered.

It must not become a way into the network that this machine is in. The host is looked up once, each of its addresses
has to be one of the internet, and that very address is connected to; redirects are not followed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx

from paddock.domain.instants import to_rfc3339
from paddock.domain.notices import DestinationKind, Event, check_web_address
from paddock.errors import Rejected
from paddock.ports.notices import MayHaveArrived, TryLater

TIMEOUT_S = 10.0
MAX_LOOK_UP_S = 5.0
MAX_RETRY_AFTER_S = 3_600.0
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LATER = frozenset((408, 425, 429, 500, 502, 503, 504))
_TEXT = 1_800
"""Discord takes 2,000 characters."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Webhooks:
    """Posts events.

    Args:
        base_url: of this Paddock, before the path of an event.
        private: whether addresses of private networks and of this machine are written to as well.
        timeout_s: for each step of one request.
    """

    def __init__(self, base_url: str, *, private: bool = False, timeout_s: float = TIMEOUT_S) -> None:
        self._base_url = base_url
        self._private = private
        self._timeout_s = timeout_s

    async def send(self, kind: DestinationKind, address: str, event: Event) -> None:
        """As ``Notifier`` says."""
        check_web_address(address)
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        found = await self._look_up(host, port)
        literal = f"[{found}]" if found.version == 6 else str(found)
        url = parts._replace(netloc=f"{literal}:{port}").geturl()
        headers = {"Host": parts.netloc, "User-Agent": "Paddock", "Idempotency-Key": event.id}
        # Proxies of the environment would look the host up again.
        async with httpx.AsyncClient(timeout=self._timeout_s, follow_redirects=False, trust_env=False) as client:
            request = client.build_request(
                "POST",
                url,
                json=body_of(kind, event, self._base_url),
                headers=headers,
                extensions={"sni_hostname": host},
            )
            answer = await self._answer(client, request)
            # Whatever it says: only the status counts.
            with contextlib.suppress(httpx.HTTPError):
                await answer.aclose()
        _check(answer)

    async def _answer(self, client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        try:
            async with asyncio.timeout(3 * self._timeout_s):
                return await client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise TryLater(f"It does not answer ({type(error).__name__}).") from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise MayHaveArrived(f"It took the message and did not answer ({type(error).__name__}).") from None
        except (httpx.InvalidURL, ValueError):
            raise Rejected("That is no address: it begins with https://.", code="bad_destination") from None

    async def _look_up(self, host: str, port: int) -> Address:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(MAX_LOOK_UP_S):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, TimeoutError, UnicodeError):
            raise TryLater(f"There is no host {host[:100]} at the moment: look at the address.") from None
        addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
        if not addresses:
            raise TryLater(f"There is no host {host[:100]} at the moment: look at the address.")
        if not self._private and not all(map(of_the_internet, addresses)):
            raise Rejected(
                f"{host[:100]} is in a private network, or is this machine: nothing is sent there unless "
                "PADDOCK_NOTICES_PRIVATE allows it.",
                code="bad_destination",
            )
        return addresses[0]


def of_the_internet(address: Address) -> bool:
    """Whether an address is that of a host anywhere, and not of this machine, its networks or its cloud."""
    if isinstance(address, ipaddress.IPv6Address):
        if (inside := address.ipv4_mapped or address.sixtofour) is not None:
            return of_the_internet(inside)
        if address.teredo is not None:
            return False
        if address in _NAT64:
            return of_the_internet(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast


def body_of(kind: DestinationKind, event: Event, base_url: str) -> dict[str, Any]:
    """What is posted. Nobody's name calls anybody: a log may be named @everyone."""
    link = f"{base_url}{event.path}" if event.path else ""
    text = f"{event.title}: {event.text}"[:_TEXT]
    if kind is DestinationKind.DISCORD:
        return {"content": f"{text}\n{link}".strip(), "allowed_mentions": {"parse": []}}
    if kind is DestinationKind.SLACK:
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return {"text": f"{escaped}\n{link}".strip()}
    return {
        "id": event.id,
        "topic": event.topic,
        "title": event.title,
        "text": event.text,
        "severity": event.severity,
        "time": to_rfc3339(event.at),
        "link": link,
        "device": event.device,
        "car": event.car,
        "recording": event.recording,
        "rule": event.rule,
    }


def _check(answer: httpx.Response) -> None:
    status = answer.status_code
    if status < 300:
        return
    if status in _LATER:
        raise TryLater(f"It answered {status}.", _retry_after(answer))
    where = " that it lies elsewhere" if status < 400 else ""
    raise Rejected(f"It answered {status}{where}: look at the address.", code="not_taken")


def _retry_after(answer: httpx.Response) -> float | None:
    try:
        seconds = float(answer.headers.get("retry-after", ""))
    except ValueError:
        return None
    return min(seconds, MAX_RETRY_AFTER_S) if seconds > 0 else None
