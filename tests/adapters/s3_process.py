"""What a second process does to a bucket until somebody kills it: ``put|move endpoint bucket [file]``.

It prints a line before each step that a kill may hit.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from paddock.adapters import s3
from paddock.adapters.s3 import S3Objects


async def main(verb: str, endpoint: str, bucket: str, *file: str) -> None:
    s3.COPY_PART_BYTES = 5 * 1024 * 1024
    objects = S3Objects(bucket, endpoint=endpoint, path_style=True)
    print("begins", flush=True)
    if verb == "put":
        await objects.put_file("raw/x", Path(file[0]))
    else:
        await objects.move("incoming/x", "raw/x")
    print("ends", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
