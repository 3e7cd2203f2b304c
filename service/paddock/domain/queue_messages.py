"""What arrives on the ingest queue: our own job ids, and what S3 says about new objects.

::

    {"job": "ingest-7f3a…"}                                          Announced
    {"Service": "Amazon S3", "Event": "s3:TestEvent", …}             nothing: S3 sends it once, to try the queue
    {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {…}}, …]}    Arrived, each
    {"source": "aws.s3", "detail-type": "Object Created", "detail": {…}}                       Arrived

A multipart upload may be told twice, and any message may come twice, late, or out of order. The first kind of event
is documented at https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html, the
second, by EventBridge, at https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html.
"""

from __future__ import annotations

from urllib.parse import unquote_plus

import msgspec

from paddock.errors import Rejected

_SHOWN = 120


class Announced(msgspec.Struct, frozen=True):
    """A job is due."""

    job_id: str


class Arrived(msgspec.Struct, frozen=True):
    """An object is in the store."""

    bucket: str
    key: str
    """As it was put: decoded."""
    size_bytes: int | None = None
    etag: str = ""


Message = Announced | Arrived


class _S3Bucket(msgspec.Struct):
    name: str


class _S3Object(msgspec.Struct):
    key: str
    size: int | None = None
    etag: str = msgspec.field(default="", name="eTag")


class _S3(msgspec.Struct):
    bucket: _S3Bucket
    object: _S3Object


class _Record(msgspec.Struct, rename="camel"):
    event_name: str
    s3: _S3


class _BridgeObject(msgspec.Struct):
    key: str
    size: int | None = None
    etag: str = ""


class _BridgeDetail(msgspec.Struct):
    bucket: _S3Bucket
    object: _BridgeObject


class _Envelope(msgspec.Struct):
    """Every shape at once: what is there tells which one it is."""

    job: str = ""
    event: str = msgspec.field(default="", name="Event")
    records: list[_Record] | None = msgspec.field(default=None, name="Records")
    source: str = ""
    detail_type: str = msgspec.field(default="", name="detail-type")
    detail: _BridgeDetail | None = None


def parse_message(body: str | bytes) -> tuple[Message, ...]:
    """What one message of the queue says; nothing for S3's test event.

    Raises:
        Rejected: none of the known shapes, or of another event than an object's creation (code ``bad_message``).
    """
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _bad(body, str(error)) from None
    if envelope.job:
        return (Announced(envelope.job),)
    if envelope.event == "s3:TestEvent":
        return ()
    if envelope.records:
        return tuple(_arrived(body, record) for record in envelope.records)
    if envelope.source == "aws.s3" and envelope.detail_type == "Object Created" and envelope.detail is not None:
        # EventBridge leaves keys as they are.
        found = envelope.detail.object
        return (Arrived(envelope.detail.bucket.name, found.key, found.size, found.etag),)
    raise _bad(body, "it is neither a job nor an event of a new object")


def announcement(job_id: str) -> str:
    """The message that says a job is due."""
    return msgspec.json.encode({"job": job_id}).decode()


def _arrived(body: str | bytes, record: _Record) -> Arrived:
    # S3 writes "ObjectCreated:Put"; stores that copy its events write "s3:ObjectCreated:Put".
    if not record.event_name.removeprefix("s3:").startswith("ObjectCreated:"):
        raise _bad(body, f"the event is {record.event_name[:40]!r}, not an object's creation")
    found = record.s3.object
    return Arrived(record.s3.bucket.name, unquote_plus(found.key), found.size, found.etag)


def _bad(body: str | bytes, why: str) -> Rejected:
    text = body if isinstance(body, str) else body.decode(errors="replace")
    return Rejected(f"A message on the queue is not understood, {why}: {text[:_SHOWN]!r}", code="bad_message")
