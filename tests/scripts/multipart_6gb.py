"""Sends 6 GB to versitygw as a browser does, moves them as the worker does, reads and hashes them; prints figures.

Run it from the repository: ``python tests/scripts/multipart_6gb.py [gigabytes]``. It needs Go for the server, and
three times the size on the disk of the temporary directory (``TMPDIR``). The bytes are cheap to make and differ
everywhere, so that a part in a wrong place changes the hash.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from paddock.adapters.s3 import S3Objects
from paddock.domain.upload import part_size_for
from paddock.usecases.intake.hashing import sha256_of
from tests.servers import versitygw

PARALLEL = 4
BUCKET = "paddock"


@contextmanager
def measured(what: str, size_bytes: int = 0) -> Iterator[None]:
    begun = time.monotonic()
    yield
    seconds = time.monotonic() - begun
    rate = f", {size_bytes / seconds / 1e6:.0f} MB/s" if size_bytes else ""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:<32}{seconds:8.1f} s{rate:>12}   peak memory {peak:.0f} MiB", flush=True)


def part_bytes(block: bytes, number: int, size_bytes: int) -> bytes:
    """One random block, its beginning replaced by the part's number."""
    return number.to_bytes(8, "big") + block[8:size_bytes]


async def main(size_bytes: int) -> None:
    part_size = part_size_for(size_bytes)
    count = -(-size_bytes // part_size)
    block = os.urandom(part_size)

    def part(number: int) -> bytes:
        return part_bytes(block, number, min(part_size, size_bytes - (number - 1) * part_size))

    print(f"{size_bytes:,} bytes in {count} parts of {part_size:,}")
    digest = hashlib.sha256()
    for number in range(1, count + 1):
        digest.update(part(number))
    with tempfile.TemporaryDirectory() as folder, versitygw.running(Path(folder) / "data") as server:
        os.environ.update(server.environment())
        boto3.client("s3", endpoint_url=server.endpoint).create_bucket(Bucket=BUCKET)
        objects = S3Objects(BUCKET, endpoint=server.endpoint, path_style=True)
        upload = await objects.begin_upload("incoming/a", size_bytes, part_size)
        with measured("parts through links", size_bytes):
            await _send(objects, upload, range(1, count + 1), part)
        with measured("list parts"):
            assert len(await objects.parts("incoming/a", upload)) == count
        with measured("complete", size_bytes):
            await objects.complete_upload("incoming/a", upload)
        with measured("move (UploadPartCopy)", size_bytes):
            await objects.move("incoming/a", "raw/a")
        with measured("read ahead and hash", size_bytes):
            stream = await objects.open("raw/a")
            with stream:
                assert await asyncio.to_thread(sha256_of, stream, size_bytes) == digest.hexdigest()
        local = Path(folder) / "local"
        with local.open("wb") as file:
            for number in range(1, count + 1):
                file.write(part(number))
        await objects.delete("raw/a")
        with measured("put_file", size_bytes):
            await objects.put_file("raw/b", local)
        await objects.close()


async def _send(objects: S3Objects, upload: str, numbers: range, part: Callable[[int], bytes]) -> None:
    waiting = iter(numbers)

    async def sender(http: httpx.AsyncClient) -> None:
        for number in waiting:
            body = part(number)
            url = await objects.part_link("incoming/a", upload, number, len(body), 3600)
            (await http.put(url, content=body)).raise_for_status()

    async with httpx.AsyncClient(trust_env=False, timeout=300) as http:
        await asyncio.gather(*(sender(http) for _ in range(PARALLEL)))


if __name__ == "__main__":
    asyncio.run(main(int(float(sys.argv[1] if len(sys.argv) > 1 else 6) * 1e9)))
