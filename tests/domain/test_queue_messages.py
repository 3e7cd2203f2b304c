"""Every message that may arrive on the ingest queue, as AWS documents them."""

from __future__ import annotations

import json

import pytest

from paddock.domain.queue_messages import Announced, Arrived, announcement, parse_message
from paddock.errors import Rejected

TEST_EVENT = """{
  "Service":"Amazon S3", "Event":"s3:TestEvent", "Time":"2014-10-13T15:57:02.089Z", "Bucket":"amzn-s3-demo-bucket",
  "RequestId":"5582815E1AEA5ADF", "HostId":"8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE"
}"""

BRIDGE = {
    "version": "0",
    "id": "17793124-05d4-b198-2fde-7ededc63b103",
    "detail-type": "Object Created",
    "source": "aws.s3",
    "account": "111122223333",
    "time": "2021-11-12T00:00:00Z",
    "region": "ca-central-1",
    "resources": ["arn:aws:s3:::paddock-logs"],
    "detail": {
        "version": "0",
        "bucket": {"name": "paddock-logs"},
        "object": {
            "key": "incoming/run 1+2 é.mcap",
            "size": 5,
            "etag": "b1946ac92492d2347c6235b4d2611184",
            "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
            "sequencer": "617f08299329d189",
        },
        "request-id": "N4N7GDK58NMKJ12R",
        "requester": "123456789012",
        "source-ip-address": "1.2.3.4",
        "reason": "PutObject",
    },
}


def notification(*records: tuple[str, str]) -> str:
    """The envelope of S3's own notifications, with an event name and a key as S3 writes them for each record."""
    return json.dumps(
        {
            "Records": [
                {
                    "eventVersion": "2.1",
                    "eventSource": "aws:s3",
                    "awsRegion": "us-west-2",
                    "eventTime": "1970-01-01T00:00:00.000Z",
                    "eventName": name,
                    "userIdentity": {"principalId": "AIDAJDPLRKLG7UEXAMPLE"},
                    "requestParameters": {"sourceIPAddress": "172.16.0.1"},
                    "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
                    "s3": {
                        "s3SchemaVersion": "1.0",
                        "configurationId": "testConfigRule",
                        "bucket": {
                            "name": "paddock-logs",
                            "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                            "arn": "arn:aws:s3:::paddock-logs",
                        },
                        "object": {
                            "key": key,
                            "size": 1024,
                            "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                            "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
                            "sequencer": "0055AED6DCD90281E5",
                        },
                    },
                }
                for name, key in records
            ]
        }
    )


def test_our_own_message_comes_back() -> None:
    assert announcement("ingest-7f3a") == '{"job":"ingest-7f3a"}'
    assert parse_message(announcement("ingest-7f3a")) == (Announced("ingest-7f3a"),)


def test_the_test_event_says_nothing() -> None:
    assert parse_message(TEST_EVENT) == ()


@pytest.mark.parametrize(
    "name", ["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload", "s3:ObjectCreated:Copy"]
)
def test_a_new_object(name: str) -> None:
    [arrived] = parse_message(notification((name, "incoming/7f3a")).encode())
    assert arrived == Arrived("paddock-logs", "incoming/7f3a", 1024, "d41d8cd98f00b204e9800998ecf8427e")


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("incoming/run+12.mcap", "incoming/run 12.mcap"),
        ("incoming/a%2Bb%25.mcap", "incoming/a+b%.mcap"),
        ("incoming/%C3%A9+%F0%9F%8F%8E", "incoming/é 🏎"),
        ("incoming/a%2Fb", "incoming/a/b"),
    ],
)
def test_keys_are_decoded(written: str, key: str) -> None:
    [arrived] = parse_message(notification(("ObjectCreated:Put", written)))
    assert isinstance(arrived, Arrived) and arrived.key == key


def test_several_records_in_one_message() -> None:
    found = parse_message(notification(("ObjectCreated:Put", "incoming/a"), ("ObjectCreated:Post", "incoming/b")))
    assert [arrived.key for arrived in found if isinstance(arrived, Arrived)] == ["incoming/a", "incoming/b"]


def test_event_bridge_leaves_keys_as_they_are() -> None:
    [arrived] = parse_message(json.dumps(BRIDGE))
    assert arrived == Arrived("paddock-logs", "incoming/run 1+2 é.mcap", 5, "b1946ac92492d2347c6235b4d2611184")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "[]",
        "null",
        "{}",
        '{"job": ""}',
        '{"job": 7}',
        '{"Event": "s3:Other"}',
        '{"Records": []}',
        '{"Records": [{"eventName": "ObjectCreated:Put"}]}',
        notification(("ObjectRemoved:Delete", "incoming/a")),
        json.dumps({**BRIDGE, "detail-type": "Object Deleted"}),
        json.dumps({**BRIDGE, "detail": {}}),
        b"\xff\xfe",
        "x" * 100_000,
    ],
)
def test_garbage_is_named(body: str | bytes) -> None:
    with pytest.raises(Rejected) as bad:
        parse_message(body)
    assert bad.value.code == "bad_message"
    text = body if isinstance(body, str) else body.decode(errors="replace")
    assert repr(text[:40])[:-1] in bad.value.message
    assert len(bad.value.message) < 500
