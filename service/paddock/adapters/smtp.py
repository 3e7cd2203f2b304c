"""E-mail by SMTP: smtplib on a thread."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

import msgspec

from paddock.domain.instants import NS_PER_S
from paddock.domain.notices import Event
from paddock.errors import Rejected
from paddock.ports.notices import MayHaveArrived, TryLater

TIMEOUT_S = 20.0


class SmtpServer(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes the team's e-mail."""

    host: str
    port: int = 587
    sender: str
    user: str = ""
    password: str = ""
    encryption: Literal["starttls", "tls", "none"] = "starttls"


class Smtp:
    """Sends events by e-mail.

    Args:
        server: takes it; None where none was set up.
        base_url: of this Paddock, before the path of an event.
    """

    def __init__(self, server: SmtpServer | None, base_url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._server = server
        self._base_url = base_url
        self._timeout_s = timeout_s

    async def send(self, address: str, event: Event) -> None:
        """As ``Notifier`` says."""
        if self._server is None:
            raise Rejected(
                "No server for e-mail is set up: say it with PADDOCK_SMTP_HOST and PADDOCK_SMTP_FROM.",
                code="bad_destination",
            )
        await asyncio.to_thread(self._send, self._server, address, event)

    def _send(self, server: SmtpServer, address: str, event: Event) -> None:
        message = message_of(event, server.sender, address, self._base_url)
        try:
            connected = self._connected(server)
        except smtplib.SMTPAuthenticationError:
            raise Rejected(
                "The server for e-mail does not take user and password: look at PADDOCK_SMTP_USER and "
                "PADDOCK_SMTP_PASSWORD.",
                code="not_taken",
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            raise TryLater(f"The server for e-mail does not answer ({type(error).__name__}).") from None
        try:
            self._hand_over(connected, server.sender, address, message)
        finally:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                connected.quit()

    def _connected(self, server: SmtpServer) -> smtplib.SMTP:
        if server.encryption == "tls":
            context = ssl.create_default_context()
            connected: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=self._timeout_s, context=context
            )
        else:
            connected = smtplib.SMTP(server.host, server.port, timeout=self._timeout_s)
        try:
            if server.encryption == "starttls":
                connected.starttls(context=ssl.create_default_context())
            if server.user:
                connected.login(server.user, server.password)
        except BaseException:
            connected.close()
            raise
        return connected

    def _hand_over(self, connected: smtplib.SMTP, sender: str, address: str, message: EmailMessage) -> None:
        try:
            connected.ehlo_or_helo_if_needed()
            for code, answer in (connected.mail(sender), connected.rcpt(address)):
                _check(code, answer)
        except (OSError, smtplib.SMTPException) as error:
            raise TryLater(f"The server for e-mail gave up ({type(error).__name__}).") from None
        try:
            code, answer = connected.data(message.as_bytes())
        except smtplib.SMTPDataError as error:
            code, answer = error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b""
        except (OSError, smtplib.SMTPException) as error:
            raise MayHaveArrived(
                f"The server for e-mail took the message and did not answer ({type(error).__name__})."
            ) from None
        _check(code, answer)


def message_of(event: Event, sender: str, address: str, base_url: str) -> EmailMessage:
    """The e-mail of an event. Its id is the event's, so that a server that looks at it keeps it once."""
    message = EmailMessage()
    message["From"], message["To"] = sender, address
    message["Subject"] = " ".join(f"[Paddock] {event.title}: {event.text}"[:180].split())
    message["Date"] = format_datetime(datetime.fromtimestamp(event.at // NS_PER_S, UTC))
    message["Message-ID"] = f"<{event.id.replace('/', '.')}@paddock>"
    message["Auto-Submitted"] = "auto-generated"
    link = f"\n\n{base_url}{event.path}" if event.path else ""
    message.set_content(f"{event.title}\n\n{event.text}{link}\n")
    return message


def _check(code: int, answer: bytes) -> None:
    if 200 <= code < 300:
        return
    said = answer.decode(errors="replace")[:200].replace("\n", " ")
    if code < 500:
        raise TryLater(f"The server for e-mail says: {code} {said}.")
    raise Rejected(f"The server for e-mail refuses it: {code} {said}.", code="not_taken")
