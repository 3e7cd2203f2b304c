"""Notices: each event is told each destination once, whatever fails and whoever is killed in between."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from typing import Any

import pytest
from mcap.writer import Writer

from paddock.domain.alerts import Raising, Severity
from paddock.domain.backup import BackupRun
from paddock.domain.instants import NS_PER_S
from paddock.domain.notices import (
    MAX_TRIES,
    Destination,
    DestinationKind,
    Event,
    NoticeState,
    Topic,
    hidden,
    pause_ns,
)
from paddock.domain.principal import LOCAL_USER
from paddock.domain.quiet_hours import QuietHours
from paddock.domain.rules import Comparison, RuleText
from paddock.errors import Rejected
from paddock.ports.notices import MayHaveArrived, TryLater
from paddock.usecases.alerts.alerts import acknowledge, clear_alert, find_alerts, raise_alert
from paddock.usecases.alerts.rules import add_rule
from paddock.usecases.context import Context
from paddock.usecases.notices.backup_alert import sweep_backup_alert
from paddock.usecases.notices.destinations import (
    add_destination,
    change_destination,
    remove_destination,
    try_destination,
)
from paddock.usecases.notices.outbox import find_notices
from paddock.usecases.notices.sending import KILLED_NS, Sender, sweep_notices
from tests.logs import small_log
from tests.usecases.conftest import Team

pytestmark = pytest.mark.anyio

START_NS = 1_776_513_600 * NS_PER_S  # 2026-04-18 12:00 UTC
NIGHT = QuietHours(start="22:00", end="07:00", zone="Europe/Berlin")


class Clock:
    def __init__(self) -> None:
        self.now_ns = START_NS

    def __call__(self) -> int:
        self.now_ns += 1
        return self.now_ns

    def pass_s(self, seconds: float) -> None:
        self.now_ns += round(seconds * NS_PER_S)


class Told:
    """Remembers who was told what; ``says`` what is to go wrong, one after the other."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.says: list[Exception | None] = []

    async def send(self, kind: DestinationKind, address: str, event: Event) -> None:
        await asyncio.sleep(0)
        if self.says and (error := self.says.pop(0)) is not None:
            raise error
        self.heard.append((address, event.id))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def team(context: Context, told: Told, clock: Clock) -> Team:
    return Team(replace(context, notifier=lambda: told, now=clock))


async def chat(team: Team, **said: Any) -> Destination:
    given: dict[str, Any] = {"kind": DestinationKind.SLACK, "address": "https://chat.example.org/hooks/secret"}
    destination = Destination(id="", name="Pit", **{**given, **said})
    return await add_destination(team.context, LOCAL_USER, destination)


async def fire(team: Team, key: str = "hot", **said: Any) -> str:
    return (await raise_alert(team.context, Raising(key=key, text=f"{key}!", **said))).id


async def look(team: Team, sender: Sender | None = None) -> None:
    sender = sender or Sender(team.context)
    await sender.look()
    await sender.finish()


async def states(team: Team) -> list[str]:
    return [each.state.value for each in (await find_notices(team.context)).items]


async def test_an_alert_is_told_once_and_so_is_its_end(team: Team, told: Told) -> None:
    destination = await chat(team)
    alert = await fire(team)
    for _ in range(3):
        await look(team)
    assert told.heard == [(destination.address, f"alert/{alert}/fired/warning")]
    await fire(team)
    await acknowledge(team.context, LOCAL_USER, alert)
    await look(team)
    assert len(told.heard) == 1, "a repeat is no news"
    await clear_alert(team.context, "hot")
    await look(team)
    assert [event for _, event in told.heard[1:]] == [f"alert/{alert}/cleared"]
    assert await states(team) == ["sent", "sent"]


async def test_two_senders_tell_once(team: Team, told: Told) -> None:
    await chat(team)
    for number in range(5):
        await fire(team, f"k{number}")
    senders = [Sender(team.context) for _ in range(3)]
    await asyncio.gather(*(each.look() for each in senders))
    await asyncio.gather(*(each.finish() for each in senders))
    await look(team)
    assert len(told.heard) == len(set(told.heard)) == 5


async def test_what_did_not_arrive_is_sent_again_after_growing_pauses(team: Team, told: Told, clock: Clock) -> None:
    await chat(team)
    told.says = [TryLater("away"), TryLater("busy", 60.0), None]
    await fire(team)
    await look(team)
    await look(team)
    assert len(told.says) == 2, "not before the pause"
    clock.pass_s(2)
    await look(team)
    clock.pass_s(59)
    await look(team)
    assert told.heard == []
    clock.pass_s(2)
    await look(team)
    assert len(told.heard) == 1
    (notice,) = (await find_notices(team.context)).items
    assert (notice.state, notice.tries, notice.error) == (NoticeState.SENT, 3, "")
    assert [pause_ns(tries) // NS_PER_S for tries in (1, 2, 3, 40)] == [2, 4, 8, 7200]


async def test_it_is_given_up_in_the_end(team: Team, told: Told, clock: Clock) -> None:
    await chat(team)
    told.says = [TryLater("away")] * 100
    await fire(team)
    for _ in range(MAX_TRIES + 5):
        await look(team)
        clock.pass_s(7_200)
    (notice,) = (await find_notices(team.context)).items
    assert (notice.state, notice.tries, notice.error) == (NoticeState.FAILED, MAX_TRIES, "away")


async def test_what_nobody_knows_of_is_not_sent_again(team: Team, told: Told, clock: Clock) -> None:
    await chat(team)
    told.says = [MayHaveArrived("no answer"), Rejected("404", code="not_taken")]
    await fire(team, "a")
    await look(team)
    await fire(team, "b")
    await look(team)
    clock.pass_s(100_000)
    await look(team)
    assert told.heard == [] and await states(team) == ["failed", "uncertain"]


async def test_a_sender_that_is_killed_while_it_sends_tells_nobody_twice(
    team: Team, told: Told, clock: Clock
) -> None:
    await chat(team)
    await fire(team)
    hangs = asyncio.Event()

    class Slow(Told):
        async def send(self, kind: DestinationKind, address: str, event: Event) -> None:
            told.heard.append((address, event.id))
            hangs.set()
            await asyncio.sleep(3_600)

    killed = Sender(replace(team.context, notifier=lambda: Slow()))
    await killed.look()
    await hangs.wait()
    for task in killed._at_work.values():
        task.cancel()
    await look(team)
    assert await states(team) == ["sending"]
    clock.now_ns += KILLED_NS + NS_PER_S
    await look(team)
    assert await states(team) == ["uncertain"] and len(told.heard) == 1


async def test_who_is_told_what(team: Team, told: Told) -> None:
    await chat(team, address="https://a.example.org/", least=Severity.CRITICAL, cleared=False)
    await chat(team, address="https://b.example.org/", cars=("ht09",))
    await chat(team, address="https://c.example.org/", topics=(Topic.LOG_READY,))
    await chat(team, address="https://d.example.org/", on=False)
    await fire(team, "mild", severity=Severity.INFO, car="HT09")
    await fire(team, "warm", car="HT09")
    await fire(team, "hot", severity=Severity.CRITICAL, car="HT08")
    await look(team)
    assert sorted(address[8] for address, _ in told.heard) == ["a", "b"]
    await clear_alert(team.context, "hot")
    await clear_alert(team.context, "warm")
    await look(team)
    assert sorted(address[8] for address, _ in told.heard) == ["a", "b", "b"]


async def test_one_that_got_worse_is_told_anew(team: Team, told: Told) -> None:
    await chat(team, least=Severity.CRITICAL)
    alert = await fire(team)
    await look(team)
    assert told.heard == []
    await fire(team, severity=Severity.CRITICAL)
    await look(team)
    assert [event for _, event in told.heard] == [f"alert/{alert}/fired/critical"]


async def test_quiet_hours_hold_back_what_is_dropped_when_it_is_over(team: Team, told: Told, clock: Clock) -> None:
    await chat(team, quiet=NIGHT)
    clock.pass_s(9 * 3600)  # 23:00 in Berlin
    over = await fire(team, "over")
    stays = await fire(team, "stays")
    await look(team)
    await clear_alert(team.context, "over")
    clock.pass_s(7 * 3600)
    await look(team)
    assert told.heard == []
    clock.pass_s(3601)
    await look(team)
    await look(team)
    assert [event for _, event in told.heard] == [f"alert/{stays}/fired/warning"] and over != stays
    clock.pass_s(10)
    await look(team)
    assert sorted(await states(team)) == ["dropped", "dropped", "sent"]


async def test_the_quiet_hours_of_a_rule_are_kept(team: Team, told: Told, clock: Clock) -> None:
    await chat(team)
    said = RuleText(name="r", signal="a.b", comparison=Comparison.ABOVE, limit=1.0, quiet=NIGHT)
    rule = await add_rule(team.context, LOCAL_USER, said)
    clock.pass_s(11 * 3600)
    await fire(team, rule=rule.id)
    await look(team)
    assert told.heard == []
    clock.pass_s(9 * 3600)
    await look(team)
    assert len(told.heard) == 1


async def test_what_was_found_a_day_late_is_told_nobody(team: Team, told: Told, clock: Clock) -> None:
    await chat(team)
    await fire(team)
    clock.pass_s(90_000)
    await look(team)
    assert told.heard == []
    assert (await find_alerts(team.context)).items[0].to_tell is None


async def test_a_log_is_told_when_it_is_ready_once_and_when_it_failed(team: Team, told: Told) -> None:
    await chat(team, topics=(Topic.LOG_READY, Topic.INGEST_FAILED))
    recording = await team.upload(small_log())
    await team.work()
    await look(team)
    assert [event for _, event in told.heard] == [f"log/{recording.id}/ready"]
    empty = io.BytesIO()
    writer = Writer(empty)
    writer.start()
    writer.finish()
    wrong = await team.upload(empty.getvalue(), name="wrong.mcap")
    await team.work()
    await look(team)
    (notice, *_) = (await find_notices(team.context)).items
    assert len(told.heard) == 2 and notice.event.topic is Topic.INGEST_FAILED
    assert "wrong.mcap could not be" in notice.event.text and wrong.id[:8] in notice.event.path


async def test_an_old_backup_is_an_alert_that_ends_by_itself(team: Team, told: Told, clock: Clock) -> None:
    await chat(team, topics=(Topic.BACKUP_OLD,))
    await team.context.documents.backups.put_many(
        [BackupRun("a", begun_at=clock.now_ns, ended_at=clock.now_ns + 1, place="b")]
    )
    await sweep_backup_alert(team.context)
    clock.pass_s(3 * 86_400)
    for _ in range(3):
        await sweep_backup_alert(team.context)
        await look(team)
    (alert,) = (await find_alerts(team.context)).items
    assert alert.count == 1 and len(told.heard) == 1
    await team.context.documents.backups.put_many(
        [BackupRun("b", begun_at=clock.now_ns, ended_at=clock.now_ns + 1, place="b")]
    )
    await sweep_backup_alert(team.context)
    await look(team)
    assert len(told.heard) == 2


async def test_who_is_removed_is_told_nothing_more_and_old_notices_go(team: Team, told: Told, clock: Clock) -> None:
    destination = await chat(team)
    told.says = [TryLater("away")]
    await fire(team)
    await look(team)
    await remove_destination(team.context, LOCAL_USER, destination.id)
    clock.pass_s(60)
    await look(team)
    assert told.heard == [] and await states(team) == ["dropped"]
    clock.pass_s(40 * 86_400)
    await sweep_notices(team.context)
    assert await states(team) == []


async def test_a_test_is_sent_at_once_and_its_failure_is_said(team: Team, told: Told) -> None:
    destination = await chat(team, on=False)
    await try_destination(team.context, LOCAL_USER, destination.id)
    assert len(told.heard) == 1
    told.says = [TryLater("away")]
    with pytest.raises(TryLater):
        await try_destination(team.context, LOCAL_USER, destination.id)
    assert await states(team) == []


@pytest.mark.parametrize(
    "said",
    [
        {"name": ""},
        {"topics": ()},
        {"address": "ftp://example.org/"},
        {"address": "https://user:pw@example.org/"},
        {"address": "https://exa mple.org/"},
        {"address": "https:///x"},
        {"address": "https://[::1/"},
        {"kind": DestinationKind.EMAIL, "address": "team@example.org\nBcc: x@example.org"},
        {"kind": DestinationKind.EMAIL, "address": "https://example.org/"},
        {"quiet": QuietHours(start="1", end="2")},
    ],
)
async def test_what_cannot_be_is_refused(team: Team, said: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        given: dict[str, Any] = {
            "name": "Pit",
            "kind": DestinationKind.WEBHOOK,
            "address": "https://a.example.org/",
        }
        await add_destination(team.context, LOCAL_USER, Destination(id="", **{**given, **said}))


async def test_an_address_is_a_secret_and_stays_where_none_is_said(team: Team) -> None:
    destination = await chat(team)
    changed = await change_destination(team.context, LOCAL_USER, destination.id, {"address": "", "name": "Box"})
    assert (changed.address, changed.name) == (destination.address, "Box")
    assert changed.shown_address == "https://chat.example.org/…cret"
    assert hidden("https://x.org/abc") == "https://x.org/…"
