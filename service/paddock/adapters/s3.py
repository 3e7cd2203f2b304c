"""Objects on S3 and on what speaks like it: Garage on one box, versitygw and moto in tests.

Checksums. What Paddock sends itself carries a CRC-32 per request, computed before it is sent, in a header that
every such store knows. A link for a part cannot carry one: the bytes are not known when it is signed, and S3 takes
no ``x-amz-checksum-*`` header that was not signed. It fixes the part's length instead, and a sender may add
``Content-MD5``, which needs no signature and which the store compares; a browser relies on TLS. Nothing rests on
that alone: the worker proves the SHA-256 of all bytes before they are ``raw/``.

botocore's newer default, a checksum trailer on every request, is off: S3-compatible stores stumble over it.
"""

from __future__ import annotations

import asyncio
import functools
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ParamSpec, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from paddock.adapters import s3_bucket, s3_stream
from paddock.adapters.object_paths import check_prefix
from paddock.adapters.s3_errors import (
    code_of,
    no_such_object,
    no_such_upload,
    parts_missing,
    status_of,
    store_errors,
    upload_is_gone,
)
from paddock.adapters.s3_words import (
    Begun,
    checked_key,
    crc32,
    info_of,
    is_key,
    listed,
)
from paddock.domain.names import content_disposition
from paddock.domain.upload import PART_SIZE_BYTES, part_size_for
from paddock.errors import PaddockError, Unavailable
from paddock.ports.objects import ObjectInfo, PartInfo

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, ListObjectsV2OutputTypeDef

COPY_PART_BYTES = 128 * 1024 * 1024
"""Copied by one request inside the store: far below S3's 5 GiB, so that none lasts longer than READ_TIMEOUT_S."""
PARALLEL_PARTS = 4
THREADS = 16
CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 60
PATIENCE = 10
"""So many times longer may a store be silent that joins or copies parts: versitygw writes 20 GB again."""
TRIES = 4
_FETCH_BYTES = 4 * 1024 * 1024
_PIECE_BYTES = 1024 * 1024
_LONGEST_LINK_S = 7 * 86_400

P = ParamSpec("P")
R = TypeVar("R")


class S3Objects:
    """``ports/objects.py`` on one bucket. Credentials are found by boto3: environment, files, the machine's role.

    Args:
        bucket: exists already; see ``prepare_bucket``.
        endpoint: URL of an S3-compatible store, empty for AWS.
        public_endpoint: URL under which browsers reach the same store, where that differs; links begin with it.
        path_style: bucket in the path instead of the host name: most stores that are not AWS.
        region: empty for what boto3 finds.
        profile: the section of boto3's files with the credentials; empty for what boto3 finds.
        connect_timeout_s: until a connection is made.
        read_timeout_s: without a byte from the store; then the request is repeated, ``TRIES`` times in all.
    """

    least_part_bytes = 5 * 1024 * 1024
    """S3 refuses smaller ones, but for the last."""

    def __init__(
        self,
        bucket: str,
        *,
        endpoint: str = "",
        public_endpoint: str = "",
        path_style: bool = False,
        region: str = "",
        profile: str = "",
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self._bucket = bucket
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="s3")
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if path_style else "virtual"},
            connect_timeout=connect_timeout_s,
            read_timeout=read_timeout_s,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            max_pool_connections=2 * THREADS,
            tcp_keepalive=True,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        with store_errors(bucket, ""):
            session = boto3.session.Session(region_name=region or None, profile_name=profile or None)
        self._s3: S3Client = session.client("s3", endpoint_url=endpoint or None, config=config)
        patient = config.merge(Config(read_timeout=PATIENCE * read_timeout_s))
        self._patient: S3Client = session.client("s3", endpoint_url=endpoint or None, config=patient)
        self._public = self._s3
        if public_endpoint and public_endpoint != endpoint:
            self._public = session.client("s3", endpoint_url=public_endpoint, config=config)

    async def prepare_bucket(self, origins: Sequence[str], viewers: Sequence[str] = ()) -> Sequence[str]:
        """See ``s3_bucket.prepare``; on AWS, ``infra/`` does this."""
        return await self._call("", s3_bucket.prepare, self._s3, self._bucket, origins, viewers)

    async def put_file(self, key: str, path: Path) -> ObjectInfo:
        """Send a local file, in parts when it is large: at most ``PARALLEL_PARTS`` of them are in memory."""
        return await self._call(checked_key(key), self._put_file, key, path)

    def _put_file(self, key: str, path: Path) -> ObjectInfo:
        with path.open("rb") as file:
            size_bytes = os.fstat(file.fileno()).st_size
            if size_bytes <= PART_SIZE_BYTES:
                data = file.read()
                self._s3.put_object(Bucket=self._bucket, Key=key, Body=data, ChecksumCRC32=crc32(data))
                return self._known(key)
            part_size = part_size_for(size_bytes)

            def send(upload: str, number: int) -> CompletedPartTypeDef:
                data = os.pread(file.fileno(), part_size, (number - 1) * part_size)
                crc = crc32(data)
                sent = self._s3.upload_part(
                    Bucket=self._bucket, Key=key, UploadId=upload, PartNumber=number, Body=data, ChecksumCRC32=crc
                )
                return {"PartNumber": number, "ETag": sent["ETag"], "ChecksumCRC32": crc}

            self._in_parts(key, -(-size_bytes // part_size), send, ChecksumAlgorithm="CRC32")
        return self._known(key)

    def _in_parts(
        self, key: str, count: int, send: Callable[[str, int], CompletedPartTypeDef], **create: Any
    ) -> None:
        """Make an object from parts that ``send`` brings into the store; it appears whole, or not at all.

        A process that dies here leaves parts that nobody sees; the bucket's lifecycle rule removes them.
        """
        upload = self._begin(key, **create)
        try:
            with ThreadPoolExecutor(PARALLEL_PARTS, thread_name_prefix="s3-parts") as threads:
                parts = list(threads.map(functools.partial(send, upload), range(1, count + 1)))
            self._patient.complete_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
            )
        except BaseException as error:
            with suppress(ClientError, BotoCoreError):
                self._s3.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)
            if isinstance(error, ClientError) and upload_is_gone(error):
                # Completed by a try whose answer was lost, or swept away: only doing all of it again can tell.
                raise Unavailable(f"The store forgot the parts of {key[:200]!r}.") from error
            raise

    async def stat(self, key: str) -> ObjectInfo | None:
        """The object, if it is there; a missing bucket looks like a missing object."""
        return await self._call(checked_key(key), self._stat, key)

    def _stat(self, key: str) -> ObjectInfo | None:
        try:
            return info_of(key, self._s3.head_object(Bucket=self._bucket, Key=key))
        except ClientError as error:
            if status_of(error) == 404:
                return None
            raise

    def _known(self, key: str) -> ObjectInfo:
        info = self._stat(key)
        if info is None:
            raise no_such_object(key)
        return info

    def local_path(self, key: str) -> Path | None:
        """None: a bucket is elsewhere."""
        return None

    async def open(self, key: str) -> BinaryIO:
        """A seekable stream that reads ahead by ranges, of one version of the object.

        Reading raises ``NotFound`` when it was removed since, ``Unavailable`` (``object_changed``) when replaced.
        """
        info = await self._call(checked_key(key), self._known, key)

        def piece(start: int, end: int) -> bytes:
            return s3_stream.fetch(self._s3, self._bucket, key, start, end, info.etag).data

        return s3_stream.stream(piece, info.size_bytes, self._threads)

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes ``start`` to ``end`` in pieces of at most 1 MiB, all of one version of the object."""
        if end is not None and start >= end:
            await self._call(checked_key(key), self._known, key)
            return
        etag = ""
        while end is None or start < end:
            stop = start + _FETCH_BYTES if end is None else min(start + _FETCH_BYTES, end)
            piece = await self._call(
                checked_key(key), s3_stream.fetch, self._s3, self._bucket, key, start, stop, etag
            )
            for offset in range(0, len(piece.data), _PIECE_BYTES):
                yield piece.data[offset : offset + _PIECE_BYTES]
            start, etag = start + len(piece.data), piece.etag
            if start >= piece.total_bytes:
                return

    async def move(self, source: str, target: str) -> None:
        """Copy inside the store, then delete. Killed in between, both are there, and doing it again is harmless."""
        checked_key(target)
        await self._call(checked_key(source), self._move, source, target)

    def _move(self, source: str, target: str) -> None:
        info = self._known(source)
        if source == target:
            return
        # Never parts of two versions, should somebody replace the source meanwhile.
        origin: Any = {
            "CopySource": {"Bucket": self._bucket, "Key": source},
            "CopySourceIfMatch": f'"{info.etag}"',
        }
        if info.size_bytes <= COPY_PART_BYTES:
            self._patient.copy_object(Bucket=self._bucket, Key=target, **origin)
        else:

            def copy(upload: str, number: int) -> CompletedPartTypeDef:
                first = (number - 1) * COPY_PART_BYTES
                last = min(first + COPY_PART_BYTES, info.size_bytes) - 1
                copied = self._patient.upload_part_copy(
                    Bucket=self._bucket,
                    Key=target,
                    UploadId=upload,
                    PartNumber=number,
                    CopySourceRange=f"bytes={first}-{last}",
                    **origin,
                )
                return {"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]}

            self._in_parts(target, -(-info.size_bytes // COPY_PART_BYTES), copy)
        self._s3.delete_object(Bucket=self._bucket, Key=source)

    async def delete(self, key: str) -> None:
        """Remove an object; a versioned bucket keeps it as an old version."""
        await self._call(checked_key(key), self._s3.delete_object, Bucket=self._bucket, Key=key)

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """Objects by key, a page of up to 1,000 at a time; without foreign ones whose key is none of ours."""
        check_prefix(prefix)
        pages = iter(self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix))

        def next_page() -> ListObjectsV2OutputTypeDef | None:
            page = next(pages, None)
            # Looked at, because an answer cut off within its headers would pass for an empty bucket.
            return page if page is None or page["IsTruncated"] is not None else None

        while (page := await self._call(prefix, next_page)) is not None:
            for entry in page.get("Contents", []):
                if is_key(entry["Key"]):
                    yield listed(entry)

    async def link(self, key: str, *, file_name: str, expires_s: int) -> str:
        """A link for GET. One that a role's temporary credentials sign ends with them, within hours."""
        parameters = {
            "Bucket": self._bucket,
            "Key": checked_key(key),
            "ResponseContentDisposition": content_disposition(file_name),
            "ResponseContentType": "application/octet-stream",
        }
        return await self._sign(key, "get_object", parameters, expires_s)

    async def part_link(
        self, key: str, store_upload: str, number: int, size_bytes: int, expires_s: int, skip_bytes: int = 0
    ) -> str:
        """A link for PUT that fixes the part's length; ``Content-MD5`` may be sent along."""
        if skip_bytes:
            raise ValueError("S3 keeps no beginning of a part")
        begun = Begun.parse(store_upload)
        parameters = {
            "Bucket": self._bucket,
            "Key": checked_key(key),
            "UploadId": begun.upload,
            "PartNumber": number,
            "ContentLength": size_bytes,
        }
        return await self._sign(key, "upload_part", parameters, expires_s)

    async def _sign(self, key: str, operation: str, parameters: dict[str, Any], expires_s: int) -> str:
        # On a thread although nothing is sent: a role's credentials may have to be renewed.
        return await self._call(
            key,
            self._public.generate_presigned_url,
            operation,
            Params=parameters,
            ExpiresIn=min(expires_s, _LONGEST_LINK_S),
        )

    async def begin_upload(self, key: str, size_bytes: int, part_size_bytes: int) -> str:
        """Start a multipart upload. Its name carries the plan, because S3 keeps none.

        S3 is never full; a box that is refuses the parts.
        """
        checked_key(key)
        if size_bytes < 1 or part_size_bytes < 1:
            raise ValueError("an upload and its parts have at least one byte")
        return Begun(size_bytes, part_size_bytes, await self._call(key, self._begin, key)).name

    def _begin(self, key: str, **create: Any) -> str:
        return self._s3.create_multipart_upload(Bucket=self._bucket, Key=key, **create)["UploadId"]

    async def beginnings(self, key: str, store_upload: str) -> Mapping[int, int]:
        """S3 keeps whole parts only."""
        return {}

    async def parts(self, key: str, store_upload: str) -> Sequence[PartInfo]:
        """The parts that are in the store with the planned length."""
        return await self._call(checked_key(key), self._parts, key, store_upload)

    def _parts(self, key: str, store_upload: str) -> Sequence[PartInfo]:
        try:
            return self._arrived(key, Begun.parse(store_upload))
        except PaddockError:
            return ()
        except ClientError as error:
            if upload_is_gone(error):
                return ()
            raise

    def _arrived(self, key: str, begun: Begun) -> Sequence[PartInfo]:
        pages = self._s3.get_paginator("list_parts").paginate(Bucket=self._bucket, Key=key, UploadId=begun.upload)
        found = (
            PartInfo(part["PartNumber"], part["Size"], part["ETag"].strip('"'))
            for page in pages
            for part in page.get("Parts", [])
        )
        return [part for part in found if part.size_bytes == begun.part_bytes(part.number)]

    async def complete_upload(self, key: str, store_upload: str) -> ObjectInfo:
        """Make the object from its parts. Done before, it answers the object again."""
        return await self._call(checked_key(key), self._complete_upload, key, store_upload)

    def _complete_upload(self, key: str, store_upload: str) -> ObjectInfo:
        begun = Begun.parse(store_upload)
        try:
            arrived = self._arrived(key, begun)
            missing = begun.part_count - len(arrived)
            if missing:
                raise parts_missing(missing)
            self._patient.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=begun.upload,
                MultipartUpload={"Parts": [{"PartNumber": part.number, "ETag": part.etag} for part in arrived]},
            )
        except ClientError as error:
            if code_of(error) == "InvalidPart":  # one was sent again since we looked
                raise parts_missing(1) from error
            if not upload_is_gone(error):
                raise
        return self._completed(key, begun)

    def _completed(self, key: str, begun: Begun) -> ObjectInfo:
        # Of two who complete at once, one may find the upload gone and the object not there yet, and versitygw
        # takes it away for a moment to put the other's in its place.
        for pause_s in (0.1, 0.2, 0.4, 0.0):
            info = self._stat(key)
            if info is not None and info.size_bytes == begun.size_bytes:
                return info
            time.sleep(pause_s)
        raise no_such_upload()

    async def abort_upload(self, key: str, store_upload: str) -> None:
        """Forget an upload; forgetting twice is fine."""
        await self._call(checked_key(key), self._abort_upload, key, store_upload)

    def _abort_upload(self, key: str, store_upload: str) -> None:
        with suppress(PaddockError):
            begun = Begun.parse(store_upload)
            try:
                self._s3.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=begun.upload)
            except ClientError as error:
                if not upload_is_gone(error):
                    raise

    async def sweep(self, older_than_s: float) -> int:
        """Nothing: the bucket's lifecycle aborts what was left unfinished."""
        return 0

    async def close(self) -> None:
        """End the threads, once what they do is done, and the connections."""
        await asyncio.to_thread(self._threads.shutdown)
        for client in {self._s3, self._patient, self._public}:
            client.close()

    async def _call(self, key: str, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run on one of our threads, so that a slow store never takes those of the rest of the process."""

        def translated() -> R:
            with store_errors(self._bucket, key):
                return function(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._threads, translated)
