"""A message to the team's chat when the last log of a car is safe here: once each time, and never twice."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from paddock.basestation.ledger import Ledger
from paddock.basestation.observed import Observed
from paddock.basestation.verdict import Kind, Verdict
from paddock.errors import Rejected, Unavailable

LOOK_S = 1.0
TIMEOUT_S = 20.0
FIRST_RETRY_S, LAST_RETRY_S = 2.0, 120.0
_SCHEMA = "CREATE TABLE IF NOT EXISTS announced (place TEXT PRIMARY KEY, brought INTEGER NOT NULL) WITHOUT ROWID"
_CONCERN = "webhook"
_MENDED = "Check its address, and start again."


class _NotSentError(Exception):
    """The message certainly did not arrive, so that it may be sent again."""

    def __init__(self, why: str, retry_after_s: float | None = None) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


class _NotTakenError(Exception):
    """The chat refuses the message, and would again."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the address is a secret, and another server would get to know it."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Webhook:
    """A chat's address for messages, which is a secret: it is in no sentence and no log line.

    Args:
        url: an incoming webhook of Discord or Slack, or of whoever takes what Slack takes.

    Raises:
        Rejected: it is no address.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Rejected("The webhook is no address: it begins with https://.", code="bad_webhook")
        self._url = url.strip()
        self._is_discord = "/api/webhooks/" in parts.path
        self._opener = urllib.request.build_opener(_NoRedirects)

    def post(self, text: str) -> bool:
        """Send one message; blocks. Whether it is known to have arrived.

        Raises:
            _NotSentError: it did not, and may later.
            _NotTakenError: it never will.
        """
        # Nobody's name calls anybody: a log may be named @everyone.
        body: dict[str, Any] = (
            {"content": text, "allowed_mentions": {"parse": []}}
            if self._is_discord
            else {"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}
        )
        request = urllib.request.Request(
            self._url,
            data=json.dumps(body).encode(),
            # Discord's door refuses Python's own name.
            headers={"Content-Type": "application/json", "User-Agent": "Paddock"},
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_S):
                return True
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 429 or error.code >= 500:
                    said = f"The chat answered {error.code}."
                    raise _NotSentError(said, _seconds(error.headers.get("Retry-After"))) from None
                raise _NotTakenError(f"The chat answered {error.code}.") from None
        except urllib.error.URLError as error:
            reason = error.reason
            why = reason.strerror if isinstance(reason, OSError) and reason.strerror else type(reason).__name__
            raise _NotSentError(f"The chat cannot be reached ({why}).") from None
        except (OSError, http.client.HTTPException):
            # The request was on its way, and the answer did not come.
            return False


def _seconds(header: str | None) -> float | None:
    try:
        return min(float(header), LAST_RETRY_S) if header else None
    except ValueError:
        return None


class Announcer:
    """Watches verdicts. What was announced is in the ledger's database, so that a restart says nothing again.

    Args:
        ledger: of the station.
        observed: is told why nothing can be said.
        webhook: to where.
    """

    def __init__(self, ledger: Ledger, observed: Observed, webhook: Webhook) -> None:
        self._ledger, self._observed, self._webhook = ledger, observed, webhook
        with ledger.transaction() as database:
            database.execute(_SCHEMA)
            self._announced: dict[str, int] = dict(
                database.execute("SELECT place, brought FROM announced").fetchall()
            )
        self._pending: dict[str, tuple[int, str]] = {}
        self._not_before = 0.0
        self._failed = 0

    async def run(self, look: Callable[[], Awaitable[Sequence[Verdict]]]) -> None:
        """Go on until this is cancelled."""
        while True:
            with contextlib.suppress(Unavailable):  # a full disk, of which others speak
                await asyncio.to_thread(self.look, await look())
            await asyncio.sleep(LOOK_S)

    def look(self, said: Sequence[Verdict]) -> None:
        """Announce what is safe now and was not before; blocks."""
        for verdict in said:
            known = self._announced.get(verdict.place)
            if known is None:
                # What was here before anybody wanted to know of it is no news.
                self._note(verdict.place, verdict.brought)
            elif verdict.kind is Kind.SAFE and verdict.brought > known:
                self._pending[verdict.place] = verdict.brought, _text(verdict)
        if self._pending and time.monotonic() >= self._not_before:
            for place in list(self._pending):
                if not self._post(place):
                    break

    def _post(self, place: str) -> bool:
        brought, text = self._pending[place]
        before = self._announced[place]
        # First noted, then sent: who is killed between the two says it once less and not twice.
        self._note(place, brought)
        try:
            arrived = self._webhook.post(text)
        except _NotSentError as error:
            self._note(place, before)
            pause_s = error.retry_after_s or min(FIRST_RETRY_S * 2**self._failed, LAST_RETRY_S)
            self._not_before = time.monotonic() + pause_s
            self._failed += 1
            self._observed.problem(_CONCERN, f"The chat is not told yet that {text} {error} It is tried again.")
            return False
        except _NotTakenError as error:
            self._observed.problem(_CONCERN, f"The webhook takes no message. {error} {_MENDED}")
        else:
            unsure = (
                "" if arrived else "It is not known whether the chat was told: it took the message and was silent."
            )
            self._observed.problem(_CONCERN, unsure)
        self._failed = 0
        del self._pending[place]
        return True

    def _note(self, place: str, brought: int) -> None:
        with self._ledger.transaction() as database:
            database.execute(
                "INSERT INTO announced VALUES (?, ?) ON CONFLICT (place) DO UPDATE SET brought = excluded.brought",
                (place, brought),
            )
        self._announced[place] = brought


def _text(verdict: Verdict) -> str:
    clock = time.strftime("%H:%M")
    return f"{verdict.car} is safe to power off since {clock}. {' '.join(verdict.sentences[:1])}".strip()
