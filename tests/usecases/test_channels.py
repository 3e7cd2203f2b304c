from __future__ import annotations

import msgspec
import pytest

from paddock.domain.recording import LossReport
from paddock.domain.topic_set import topic_set_of
from paddock.ports.documents import Equals
from paddock.usecases.look import channels
from tests.readers.mcap.builders import LogBuilder
from tests.usecases.conftest import Team
from tests.web.builders import build_channel, build_contents, build_recording

pytestmark = pytest.mark.anyio


@pytest.mark.slow("documents of the largest size")
def test_a_document_lists_what_fits_and_what_has_messages_first() -> None:
    silent = build_channel("silent", message_count=0)
    few = (silent, build_channel("A"), build_channel("B"))
    assert channels.listed(few) == (few, ())
    many = [silent] * 100_000 + [build_channel("A")]
    kept, (sentence,) = channels.listed(many)
    assert len(kept) == channels.MAX_LISTED and kept[-1].topic == "A"
    assert sentence.startswith("98,001 more channels")
    long = build_channel("x" * (channels.MAX_LISTED_BYTES + 1))
    assert channels.listed((long, silent))[0] == (silent,)
    longest = tuple(build_channel("é" * 10_000, slug=str(number)) for number in range(3_000))
    document = build_contents(build_recording(), channels=channels.listed(longest)[0])
    assert len(msgspec.json.encode(document)) < 4_000_000


def test_what_could_not_be_decoded_is_counted_also_where_its_topic_is_not_listed() -> None:
    loss = LossReport(undecodable={"A": 2, "B": 3, "C": 4}, lost_records=9)
    kept = channels.listed_loss(loss, (build_channel("A"),))
    assert kept.undecodable == {"A": 2, channels.OTHER_TOPICS: 7}
    assert (kept.lost_records, kept.health) == (9, "recovered")
    assert channels.listed_notices(["odd"] * 60)[-1] == "10 more notices like these are not listed."
    assert channels.listed_notices(["odd"]) == ("odd",)


async def test_a_log_of_too_many_channels_is_converted_and_says_so(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "MAX_LISTED", 2)
    log = LogBuilder()
    for number in range(4):
        log.add(log.channel(f"T{number}"), number, {"value": number})
    uploaded = await team.upload(log.finish())
    await team.work()
    recording = await team.recording(uploaded.id)
    documents = team.context.documents
    inside = await team.contents(uploaded.id)
    assert [channel.topic for channel in inside.channels] == ["T0", "T1"]
    assert [notice for notice in recording.notices if notice.startswith("2 more channels")]
    assert recording.topic_set == topic_set_of(inside.channels).id
    stored = await documents.topic_sets.get(recording.topic_set)
    assert stored is not None and stored.topics == ("T0", "T1")
    signals = (await documents.signals.find([Equals("recording", recording.id)])).items
    assert {signal.name for signal in signals} == {"T0.value", "T1.value"}
    columns = [key for key in await team.keys() if key.startswith("columns/")]
    assert len(columns) == 2, "no columns that nobody would find and remove"
    assert recording.health == "intact"
