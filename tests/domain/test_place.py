from __future__ import annotations

from pathlib import Path

import pytest

from paddock.domain.place import S3Place, parse_place
from paddock.errors import Rejected


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("/mnt/disk", Path("/mnt/disk")),
        ("backups", Path("backups")),
        ("s3://team", S3Place("team", "")),
        ("s3://team/", S3Place("team", "")),
        ("s3://team/a/b/", S3Place("team", "a/b/")),
        ("s3://team/a?endpoint=", S3Place("team", "a/", endpoint="")),
        (
            "s3://team?endpoint=https://box:3900&path_style=true&region=garage&profile=box",
            S3Place("team", "", "https://box:3900", True, "garage", "box"),
        ),
    ],
)
def test_places(text: str, place: Path | S3Place) -> None:
    assert parse_place(text) == place


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "http://x"),
        *("s3://", "s3:///x", "s3://bo#x", "s3://a team", "s3://me@team"),
        *("s3://team?endpiont=x", "s3://team?path_style=1", "s3://team?region=a&region=b"),
        *("s3://team?endpoint=box:3900", "s3://team?endpoint=http://", "s3://team?endpoint=https://the box"),
        *("s3://team/../x", "s3://team/a//b", "s3://team/./a", "s3://team/%2e%2e/a"),
    ],
)
def test_what_is_no_place_is_a_sentence(text: str) -> None:
    with pytest.raises(Rejected, match="is no place"):
        parse_place(text)
