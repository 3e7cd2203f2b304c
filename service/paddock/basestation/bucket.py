"""The way past a VPN that is blocked: plain HTTPS into ``incoming/`` of the team's bucket.

The station's key may leave objects there, and neither read nor remove any. So what was begun is known here alone,
in a table of the ledger's database, and that a log is safe only the server can say, once it answers again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from paddock.basestation.ledger import Ledger
from paddock.basestation.ledger_rows import Log
from paddock.basestation.outgoing import parts_of
from paddock.client.connection import TRIES, Connection, pause
from paddock.client.upload import Line, Parts
from paddock.domain.keys import INCOMING
from paddock.domain.place import S3Place, parse_place
from paddock.domain.sidecar import OBJECT_METADATA, Sidecar
from paddock.domain.upload import part_size_for
from paddock.errors import PaddockError, Rejected, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES = 5 * 1024 * 1024
"""The least that a bucket takes: of a part that is cut off it keeps nothing."""
TIMEOUT_S = 30.0
_LINK_EXPIRES_S = 6 * 3600
_SCHEMA = """CREATE TABLE IF NOT EXISTS bucket_uploads (
    sha256 TEXT NOT NULL,
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    upload TEXT NOT NULL,
    completing INTEGER NOT NULL DEFAULT 0,
    left_ns INTEGER,
    PRIMARY KEY (sha256, bucket)
) WITHOUT ROWID"""


class _Begun(msgspec.Struct, frozen=True):
    """A multipart upload as it was begun; its key stays, also where the log is named otherwise by now."""

    key: str
    upload: str
    completing: bool
    """Whether the bucket was told that it is complete: the answer may have been lost."""
    left_ns: int | None
    """When it was complete; None before."""


class Bucket:
    """Leaves logs in one bucket. Blocks: for threads.

    Args:
        place: the bucket, and where it answers.
        ledger: keeps what was begun.
    """

    def __init__(self, place: S3Place, ledger: Ledger) -> None:
        self.name = place.bucket
        self._place = place
        self._ledger = ledger
        self._made: tuple[S3Client, Connection] | None = None
        with ledger.transaction() as database:
            database.execute(_SCHEMA)

    def close(self) -> None:
        """Give back connections."""
        if self._made is not None:
            self._made[0].close()
            self._made[1].close()

    def left_ns(self, log: Log) -> int | None:
        """When a log was left in the bucket, whole; None where it was not."""
        begun = self._begun(log)
        return None if begun is None else begun.left_ns

    def leave(self, log: Log, name: str, sidecar: Sidecar, line: Line) -> bool:
        """Bring a log into the bucket, without what has arrived of an earlier try; whether all of it is there.

        Args:
            log: whose bytes are here.
            name: of the file, as people are to see it.
            sidecar: what is said of it; as much of it goes along as an object may carry.
            line: how its bytes are brought to the line.

        Raises:
            PaddockError: what the bucket says is wrong, or that it does not answer.
        """
        arrived_before = -1
        failures = 0
        while True:
            begun = self._begun(log) or self._begin(log, name, sidecar)
            if begun.left_ns is not None:
                return True
            try:
                missing, arrived = self._missing(log, begun)
            except _UploadGone:
                if begun.completing:
                    # It became an object, or it was swept away: the server will say.
                    self._set(log, "left_ns", time.time_ns())
                else:
                    self.forget(log)
                continue
            failures = 0 if arrived > arrived_before else failures + 1
            arrived_before = arrived
            try:
                if missing and not Parts(self._client[1], self._ledger.path_of(log), line).send(missing):
                    return False
                self._complete(log, begun)
                return True
            except PaddockError:
                if failures == TRIES:
                    raise
                pause(failures)

    @property
    def _client(self) -> tuple[S3Client, Connection]:
        """Made when it is needed: most stations never need it, and boto3 takes half a second to import."""
        if self._made is None:
            import boto3
            from botocore.config import Config

            config = Config(
                signature_version="s3v4",
                s3={"addressing_style": "path" if self._place.path_style else "virtual"},
                connect_timeout=TIMEOUT_S / 3,
                read_timeout=TIMEOUT_S,
                retries={"mode": "standard", "total_max_attempts": 2},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            )
            with self._errors():
                session = boto3.session.Session(
                    region_name=self._place.region or None, profile_name=self._place.profile or None
                )
                client = session.client("s3", endpoint_url=self._place.endpoint or None, config=config)
            self._made = client, Connection(client.meta.endpoint_url, TIMEOUT_S)
        return self._made

    def _begun(self, log: Log) -> _Begun | None:
        with self._ledger.transaction() as database:
            row = database.execute(
                "SELECT key, upload, completing, left_ns FROM bucket_uploads WHERE sha256 = ? AND bucket = ?",
                (log.sha256, self.name),
            ).fetchone()
        return None if row is None else _Begun(row[0], row[1], bool(row[2]), row[3])

    def _begin(self, log: Log, name: str, sidecar: Sidecar) -> _Begun:
        # The hash in the key, so that logs of one name do not meet.
        key = f"{INCOMING}{log.sha256}/{name}"
        said = {OBJECT_METADATA: sidecar.to_object_metadata()} if sidecar != Sidecar() else {}
        with self._errors():
            answer = self._client[0].create_multipart_upload(Bucket=self.name, Key=key, Metadata=said)
        with self._ledger.transaction() as database:
            database.execute(
                "INSERT INTO bucket_uploads (sha256, bucket, key, upload) VALUES (?, ?, ?, ?)",
                (log.sha256, self.name, key, answer["UploadId"]),
            )
        return _Begun(key, answer["UploadId"], False, None)

    def _missing(self, log: Log, begun: _Begun) -> tuple[list[Mapping[str, Any]], int]:
        """The parts that are to be sent, each with its link, and how many have arrived."""
        client = self._client[0]
        there: Any = {"Bucket": self.name, "Key": begun.key, "UploadId": begun.upload}
        with self._errors():
            pages = client.get_paginator("list_parts").paginate(**there)
            arrived = {part["PartNumber"]: part["Size"] for page in pages for part in page.get("Parts", [])}
            parts = parts_of(log.size_bytes, part_size_for(log.size_bytes, PART_BYTES, PART_BYTES))
            missing = [part for part in parts if arrived.get(part["number"]) != part["size_bytes"]]
            links = [
                client.generate_presigned_url(
                    "upload_part",
                    Params={**there, "PartNumber": part["number"], "ContentLength": part["size_bytes"]},
                    ExpiresIn=_LINK_EXPIRES_S,
                )
                for part in missing
            ]
        return [{**part, "url": link} for part, link in zip(missing, links, strict=True)], len(parts) - len(missing)

    def _complete(self, log: Log, begun: _Begun) -> None:
        there: Any = {"Bucket": self.name, "Key": begun.key, "UploadId": begun.upload}
        with self._errors():
            pages = self._client[0].get_paginator("list_parts").paginate(**there)
            etags = {part["PartNumber"]: part["ETag"] for page in pages for part in page.get("Parts", [])}
            parts: Any = [{"PartNumber": number, "ETag": etag} for number, etag in sorted(etags.items())]
            self._set(log, "completing", 1)
            self._client[0].complete_multipart_upload(**there, MultipartUpload={"Parts": parts})
        self._set(log, "left_ns", time.time_ns())

    def _set(self, log: Log, column: str, value: int) -> None:
        with self._ledger.transaction() as database:
            database.execute(
                f"UPDATE bucket_uploads SET {column} = ? WHERE sha256 = ? AND bucket = ?",
                (value, log.sha256, self.name),
            )

    def forget(self, log: Log) -> None:
        """What was left of a log did not become a recording: it may be brought there again."""
        with self._ledger.transaction() as database:
            database.execute("DELETE FROM bucket_uploads WHERE sha256 = ? AND bucket = ?", (log.sha256, self.name))

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        try:
            yield
        except ClientError as error:
            raise self._refusal(error.response.get("Error", {}).get("Code", "")) from error
        except NoCredentialsError as error:
            raise Rejected(
                f"There is no key for the bucket {self.name}: give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
                "AWS_SHARED_CREDENTIALS_FILE, a file with them.",
                code="no_credentials",
            ) from error
        except BotoCoreError as error:
            raise Unavailable(
                f"The bucket {self.name} does not answer either: {error}.", code="no_service"
            ) from error

    def _refusal(self, code: str) -> PaddockError:
        if code == "NoSuchUpload":
            return _UploadGone("The bucket has forgotten what was begun: it is sent again.")
        if code == "RequestTimeTooSkewed":
            return Rejected(
                "The clock of this machine is wrong, and the bucket refuses it: set the clock.", code="clock"
            )
        if code in ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket"):
            return Rejected(
                f"The bucket {self.name} refuses the station ({code}): check its name and the station's key.",
                code="store_denied",
            )
        return Unavailable(f"The bucket {self.name} does not take it now ({code}).")


def bucket_place(text: str) -> S3Place:
    """The bucket that a text names: ``team-logs``, or ``s3://team-logs?endpoint=https://…&region=…``.

    Raises:
        Rejected: it names none, or a folder in one (code ``bad_place``).
    """
    place = parse_place(text if "://" in text else f"s3://{text}")
    if isinstance(place, S3Place) and not place.prefix:
        return place
    raise Rejected(
        f"{text[:80]!r} is no bucket: write its name, or s3://NAME?endpoint=https://…&path_style=true&region=…",
        code="bad_place",
    )


class _UploadGone(PaddockError):
    """The multipart upload was completed by a try whose answer was lost, or swept away."""

    permanent = False
