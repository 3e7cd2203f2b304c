"""Past a server that cannot be reached: into ``incoming/`` of the bucket, and confirmed by asking later."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from paddock import Client
from paddock.basestation import asking, send
from paddock.basestation.bucket import Bucket, bucket_place
from paddock.domain.place import S3Place
from paddock.errors import Rejected
from paddock.usecases.intake.adopt import adopt
from tests.adapters import s3_sides
from tests.adapters.s3_sides import moto_server
from tests.basestation.station import Station
from tests.basestation.station import here as here
from tests.basestation.trackside import made_log
from tests.cli.running import wait_until
from tests.logs import small_log
from tests.servers.bad_proxy import BadProxy, bad_proxy, response
from tests.servers.versitygw import REGION, S3Server
from tests.web.browsing import Site, served

__all__ = ["moto_server"]
MIB = 2**20


@pytest.fixture
def name(moto_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    return s3_sides.make_bucket(moto_server, monkeypatch)


@pytest.fixture
def site(tmp_path: Path, moto_server: S3Server, name: str) -> Iterator[Site]:
    settings = {"s3_bucket": name, "s3_endpoint": moto_server.endpoint, "s3_path_style": True, "aws_region": REGION}
    with served(tmp_path / "served", with_worker=True, **settings) as served_site:
        yield served_site


@pytest.fixture
def store(moto_server: S3Server) -> Iterator[BadProxy]:
    with bad_proxy(moto_server.endpoint) as between:
        yield between


@pytest.fixture
def server(site: Site) -> Iterator[BadProxy]:
    with bad_proxy(site.url) as between:
        between.is_cut = True
        yield between


@contextlib.contextmanager
def opened(here: Station, name: str, store: BadProxy) -> Iterator[Bucket]:
    place = S3Place(name, "", store.url, True, REGION)
    with contextlib.closing(Bucket(place, here.ledger)) as bucket:
        yield bucket


def keys(moto_server: S3Server, name: str) -> list[str]:
    listed = s3_sides.client(moto_server).list_objects_v2(Bucket=name, Prefix="incoming/")
    return [entry["Key"] for entry in listed.get("Contents", [])]


def test_while_the_server_is_away_logs_go_into_the_bucket_and_are_confirmed_later(
    here: Station, site: Site, server: BadProxy, store: BadProxy, moto_server: S3Server, name: str
) -> None:
    said = {"event": "Endurance", "notes": "böig"}
    log = here.pulled("day 1/run ü.mcap", made_log(1, 12 * MIB), metadata=said, clock_offset_ns=10**9)
    small = here.pulled("small.mcap", small_log(driver="Small"))
    with opened(here, name, store) as bucket:
        here.send_once(server.url, bucket=bucket)
        assert set(here.states(server.url).values()) == {"uploaded"}
        left = keys(moto_server, name)
        assert sorted(left) == sorted([f"incoming/{log.sha256}/run ü.mcap", f"incoming/{small.sha256}/small.mcap"])
        before = store.sent_bytes

        server.is_cut = False
        here.send_once(server.url, bucket=bucket)
        assert set(here.states(server.url).values()) == {"uploaded"}, "it does not know of them yet"
        assert server.sent_bytes < 10_000 and store.sent_bytes == before, "nothing is sent twice"
        for key in left:
            site.run(adopt(site.context, key))
        with Client(site.url) as client:
            wait_until(lambda: all(each.is_stored for each in client.known([log.sha256, small.sha256]).values()))
        here.send_once(server.url, bucket=bucket)
    assert set(here.states(server.url).values()) == {"confirmed"}
    with Client(site.url) as client:
        recording = client.get(log.sha256).wait()
    assert (recording.names, recording["event"], recording["notes"]) == (("run ü.mcap",), "Endurance", "böig")
    assert recording.metadata["event"].source == "base_station"
    assert recording.id == hashlib.sha256(made_log(1, 12 * MIB)).hexdigest()


def test_a_cut_line_to_the_bucket_goes_on_where_it_was(
    here: Station, server: BadProxy, store: BadProxy, moto_server: S3Server, name: str
) -> None:
    log = here.pulled("run.mcap", made_log(2, 23 * MIB))
    store.cut_at([7 * MIB, 13 * MIB, 30 * MIB])
    for _ in range(3):  # a station that is started anew
        with opened(here, name, store) as bucket:
            here.send_once(server.url, bucket=bucket)
    assert here.states(server.url) == {"run.mcap": "uploaded"} and store.cuts_left == 0
    (key,) = keys(moto_server, name)
    body = s3_sides.client(moto_server).get_object(Bucket=name, Key=key)["Body"].read()
    assert hashlib.sha256(body).hexdigest() == log.sha256


def test_a_lost_answer_to_the_last_request_leaves_it_once(
    here: Station, server: BadProxy, store: BadProxy, moto_server: S3Server, name: str
) -> None:
    here.pulled("run.mcap", small_log(driver="Lost"))
    with opened(here, name, store) as bucket:
        complete = bucket._client[0].complete_multipart_upload
        calls: list[object] = []

        def loses_the_answer(**request: object) -> object:
            calls.append(complete(**request))
            raise OSError("cut")

        bucket._client[0].complete_multipart_upload = loses_the_answer  # type: ignore[method-assign]
        here.send_once(server.url, bucket=bucket)
    with opened(here, name, store) as bucket:
        here.send_once(server.url, bucket=bucket)
    assert len(calls) == 1 and len(keys(moto_server, name)) == 1
    assert here.states(server.url) == {"run.mcap": "uploaded"}


def test_what_became_of_nothing_is_sent_past_the_bucket_in_the_end(
    here: Station,
    site: Site,
    server: BadProxy,
    store: BadProxy,
    moto_server: S3Server,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here.pulled("run.mcap", small_log(driver="Nothing"))
    with opened(here, name, store) as bucket:
        here.send_once(server.url, bucket=bucket)
        (key,) = keys(moto_server, name)
        s3_sides.client(moto_server).delete_object(Bucket=name, Key=key)
        monkeypatch.setattr(asking, "_ADOPTED_S", 0.0)
        server.is_cut = False
        here.send_once(server.url, bucket=bucket)
    assert here.states(server.url) == {"run.mcap": "confirmed"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            response(403, b"<Error><Code>AccessDenied</Code></Error>", "application/xml"),
            "check its name and the station's key",
        ),
        (response(403, b"<Error><Code>RequestTimeTooSkewed</Code></Error>", "application/xml"), "set the clock"),
        (response(503, b"<Error><Code>SlowDown</Code></Error>", "application/xml"), "does not take it now"),
    ],
)
def test_what_is_wrong_with_the_bucket_is_said_beside_the_server(
    here: Station, server: BadProxy, store: BadProxy, name: str, answer: bytes, said: str
) -> None:
    here.pulled("run.mcap", small_log(driver=said))
    store.answer("POST", *[answer] * 60)
    with opened(here, name, store) as bucket:
        sender = here.send_once(server.url, bucket=bucket)
    assert "does not answer" in sender.problem and said in sender.problem
    assert here.states(server.url) in ({}, {"run.mcap": "waiting"})


def test_it_waits_for_the_server_before_it_goes_round_it(
    here: Station, server: BadProxy, store: BadProxy, name: str
) -> None:
    here.pulled("run.mcap", small_log(driver="Waits"))
    with opened(here, name, store) as bucket:
        sender = here.sender(server.url, bucket=bucket, bucket_after_s=3600.0)
        with contextlib.closing(send.Connection(server.url, 5)) as connection:
            assert sender._round(connection) is False
    assert store.connections == 0


def test_a_bucket_is_named_by_its_name_or_with_where_it_answers() -> None:
    assert bucket_place("team-logs") == S3Place("team-logs", "")
    place = bucket_place("s3://team-logs?endpoint=http://127.0.0.1:3900&path_style=true&region=garage")
    assert (place.endpoint, place.path_style, place.region) == ("http://127.0.0.1:3900", True, "garage")
    for text in ("", "s3://team-logs/folder", "https://team-logs", "/srv/logs", "s3://team-logs?key=x"):
        with pytest.raises(Rejected) as refused:
            bucket_place(text)
        assert refused.value.code == "bad_place"
