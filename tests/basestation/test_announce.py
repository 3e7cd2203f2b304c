"""The team's chat is told once when the last log is safe, whatever happens on the way."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from paddock.basestation import announce
from paddock.basestation.announce import Announcer, Webhook
from paddock.basestation.ledger import Ledger, open_ledger
from paddock.basestation.observed import Observed
from paddock.basestation.verdict import Kind, Verdict
from paddock.errors import Rejected

SECRET = "B0UFxq-secret"


@dataclass
class Chat:
    """Answers what a test says, one after the other, then 204; 0 is no answer at all."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    heard: list[tuple[str, Any]] = field(default_factory=list)

    def url(self, path: str = "/api/webhooks/77/") -> str:
        return f"http://127.0.0.1:{self.port}{path}{SECRET}"

    @property
    def texts(self) -> list[str]:
        return [body.get("content", body.get("text")) for _, body in self.heard]


@pytest.fixture
def chat() -> Iterator[Chat]:
    found = Chat()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.heard.append((self.path, json.loads(body)))
            status = found.answers.pop(0) if found.answers else 204
            if not status:
                self.connection.close()
                return
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announce, "FIRST_RETRY_S", 0.0)


def car(kind: Kind, brought: int, place: str = "car") -> tuple[Verdict, ...]:
    sentence = f"All {brought} logs on HT09 are here."
    return (Verdict(place=place, car="HT09", kind=kind, headline="", sentences=(sentence,), brought=brought),)


def test_it_is_said_once_per_time(ledger: Ledger, chat: Chat) -> None:
    announcer = Announcer(ledger, Observed(), Webhook(chat.url()))
    for kind, brought in (
        (Kind.SAFE, 2),  # was so before anybody listened
        (Kind.LEFT, 2),
        (Kind.LEFT, 3),
        (Kind.SAFE, 4),
        (Kind.SAFE, 4),
        (Kind.AWAY, 4),
        (Kind.SAFE, 4),
        (Kind.RECORDING, 4),
        (Kind.SAFE, 5),
    ):
        announcer.look(car(kind, brought))
    assert len(chat.texts) == 2
    assert chat.texts[0].startswith("HT09 is safe to power off since ")
    assert chat.texts[0].endswith(" All 4 logs on HT09 are here.")
    again = Announcer(ledger, Observed(), Webhook(chat.url()))
    again.look(car(Kind.SAFE, 5))
    assert len(chat.texts) == 2, "a restart says nothing again"
    again.look(car(Kind.SAFE, 6))
    assert len(chat.texts) == 3


@pytest.mark.parametrize("status", [429, 500, 503])
def test_it_is_tried_again_until_it_is_taken(ledger: Ledger, chat: Chat, status: int) -> None:
    observed = Observed()
    announcer = Announcer(ledger, observed, Webhook(chat.url()))
    announcer.look(car(Kind.LEFT, 0))
    chat.answers = [status, status]
    announcer.look(car(Kind.SAFE, 1))
    assert str(status) in observed.problems["webhook"]
    announcer.look(car(Kind.AWAY, 1))
    announcer.look(car(Kind.AWAY, 1))
    announcer.look(car(Kind.AWAY, 1))
    assert len(chat.heard) == 3, "also when the car is gone by now"
    assert not observed.problems


def test_a_chat_that_is_away_is_waited_for(ledger: Ledger, chat: Chat) -> None:
    observed = Observed()
    away = Announcer(ledger, observed, Webhook(f"http://127.0.0.1:9/{SECRET}"))
    away.look(car(Kind.LEFT, 0))
    away.look(car(Kind.SAFE, 1))
    assert "cannot be reached" in observed.problems["webhook"]
    Announcer(ledger, observed, Webhook(chat.url())).look(car(Kind.SAFE, 1))
    assert len(chat.heard) == 1, "also by the next start"


@pytest.mark.parametrize("status", [302, 400, 401, 404])
def test_a_webhook_that_takes_nothing_is_said(ledger: Ledger, chat: Chat, status: int) -> None:
    observed = Observed()
    announcer = Announcer(ledger, observed, Webhook(chat.url()))
    announcer.look(car(Kind.LEFT, 0))
    chat.answers = [status]
    for _ in range(3):
        announcer.look(car(Kind.SAFE, 1))
    assert len(chat.heard) == 1
    assert str(status) in observed.problems["webhook"]


def test_a_message_that_may_have_arrived_is_not_sent_twice(ledger: Ledger, chat: Chat) -> None:
    observed = Observed()
    announcer = Announcer(ledger, observed, Webhook(chat.url()))
    announcer.look(car(Kind.LEFT, 0))
    chat.answers = [0]
    for _ in range(3):
        announcer.look(car(Kind.SAFE, 1))
    assert len(chat.heard) == 1
    assert "not known whether" in observed.problems["webhook"]


def test_discord_and_slack(chat: Chat) -> None:
    Webhook(chat.url()).post("@everyone <b>")
    Webhook(chat.url("/services/T0/")).post("@everyone <!channel> & co")
    assert chat.heard[0][1] == {"content": "@everyone <b>", "allowed_mentions": {"parse": []}}
    assert chat.heard[1][1] == {"text": "@everyone &lt;!channel&gt; &amp; co"}


def test_the_address_is_in_no_line(
    ledger: Ledger, chat: Chat, caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    observed = Observed()
    said = []
    for status in (204, 429, 404, 302, 0):
        announcer = Announcer(ledger, observed, Webhook(chat.url()))
        announcer.look(car(Kind.LEFT, 0, str(status)))
        chat.answers = [status]
        announcer.look(car(Kind.SAFE, 1, str(status)))
        said.append(repr(observed.problems))
    with pytest.raises(Rejected) as refused:
        Webhook(f"ftp://{SECRET}")
    written = "".join([*said, caplog.text, *capfd.readouterr(), refused.value.message])
    assert SECRET not in written
