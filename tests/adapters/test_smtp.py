"""E-mail, beside a real small server: what it takes, what it refuses, and what nobody knows of."""

from __future__ import annotations

import contextlib
import email
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from paddock.adapters.smtp import Smtp, SmtpServer
from paddock.errors import PaddockError, Rejected
from paddock.ports.notices import MayHaveArrived, TryLater
from tests.adapters.test_webhooks import EVENT

pytestmark = pytest.mark.anyio


class Post:
    """Takes e-mail, or says what it is told to."""

    def __init__(self, rcpt: str = "", data: str = "250 OK") -> None:
        self.rcpt, self.data = rcpt, data
        self.taken: list[tuple[str, list[str], EmailMessage]] = []

    async def handle_RCPT(self, _: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, message))
        if not self.data:
            server.transport.abort()
        return self.data


@contextlib.contextmanager
def post(handler: Post) -> Iterator[SmtpServer]:
    controller = pytest.importorskip("aiosmtpd.controller", reason="aiosmtpd is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    serving = controller.Controller(handler, hostname="127.0.0.1", port=port)
    serving.start()
    try:
        yield SmtpServer(host="127.0.0.1", port=port, sender="paddock@example.org", encryption="none")
    finally:
        serving.stop()


async def test_an_event_is_an_e_mail() -> None:
    handler = Post()
    with post(handler) as server:
        await Smtp(server, "https://paddock.test").send("team@example.org", EVENT)
    ((sender, to, message),) = handler.taken
    assert (sender, to) == ("paddock@example.org", ["team@example.org"])
    assert message["Subject"] == f"[Paddock] {EVENT.title}: {EVENT.text}"
    assert message["Message-ID"] == "<alert.a1.fired.critical@paddock>"
    assert "https://paddock.test/alerts" in message.get_content() and "112 °C" in message.get_content()


@pytest.mark.parametrize(
    ("handler", "error", "taken"),
    [
        (Post(rcpt="550 no such user"), Rejected, 0),
        (Post(rcpt="451 try again"), TryLater, 0),
        (Post(data="554 spam"), Rejected, 1),
        (Post(data="452 full"), TryLater, 1),
        (Post(data=""), MayHaveArrived, 1),
    ],
)
async def test_what_it_answers_says_whether_it_arrived(
    handler: Post, error: type[PaddockError], taken: int
) -> None:
    with post(handler) as server, pytest.raises(error):
        await Smtp(server, "").send("team@example.org", EVENT)
    assert len(handler.taken) == taken


async def test_a_server_that_is_not_there_or_speaks_no_tls_is_tried_later() -> None:
    handler = Post()
    with post(handler) as server:
        secured = SmtpServer(host=server.host, port=server.port, sender=server.sender)
        with pytest.raises(TryLater):
            await Smtp(secured, "").send("team@example.org", EVENT)
    with pytest.raises(TryLater):
        await Smtp(server, "").send("team@example.org", EVENT)
    with pytest.raises(Rejected, match="PADDOCK_SMTP_HOST"):
        await Smtp(None, "").send("team@example.org", EVENT)
    assert not handler.taken
