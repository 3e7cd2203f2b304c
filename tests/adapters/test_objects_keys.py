"""What ``ports/objects.py`` promises of keys, on every side: a hostile name is only a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddock.ports.objects import Objects
from tests.adapters.builders import begin, content, keys, long_enough
from tests.adapters.conftest import Side

pytestmark = pytest.mark.anyio

HOSTILE_SEGMENTS = [
    " ",
    "  a  b ",
    "%",
    "%2F",
    "%2e%2e",
    "%+",
    "...",
    ".hidden",
    ".aside",
    "..x",
    "-rf",
    "~",
    "*?[a]",
    "a\\b",
    "C:",
    "con",
    "a:b|c<d>e",
    "'\"`$(id);&",
    "#?x=1&y=2",
    "+",
    "é",
    "e\u0301",
    "Привет 東京",
    "🏎️" * 30,
    "x" * 200,
    pytest.param("x" * 255, marks=pytest.mark.not_on("versitygw", why="it keeps segments as file names")),
    pytest.param("ж" * 400, marks=pytest.mark.not_on("versitygw", why="it keeps segments as file names")),
    pytest.param("%" * 300, marks=pytest.mark.not_on("versitygw", why="it keeps segments as file names")),
    "ends.",
    "channel=vn_data-1234abcd",
]


@pytest.mark.parametrize("segment", HOSTILE_SEGMENTS)
async def test_hostile_names_are_only_names(side: Side, file: Path, segment: str) -> None:
    objects = side.objects
    as_file, as_folder = f"files/1/{segment}", f"{segment}/2/x"
    for key in (as_file, as_folder):
        await objects.put_file(key, file)
        assert await content(objects, key) == b"0123456789"
        assert await keys(objects, key) == [key]
        url = await objects.link(key, file_name=segment, expires_s=60)
        assert url.isascii() and " " not in url
        assert await side.get(url) == (200, b"0123456789")
    assert sorted(await keys(objects)) == sorted([as_file, as_folder])
    data, part_size = long_enough(side, b"abc", 2)
    upload = await begin(side, as_file, data, part_size, [1, 2])
    await objects.complete_upload(as_file, upload)
    assert await content(objects, as_file) == data
    await objects.move(as_file, as_folder)
    await objects.delete(as_folder)
    assert await keys(objects) == []


async def test_names_that_look_alike_are_different(objects: Objects, file: Path) -> None:
    names = [
        "é",
        "e\u0301",
        "%C3%A9",
        "%25C3",
        "a b",
        "a+b",
        "a%20b",
        ".a",
        "%2Ea",
        "x" * 200,
        "x" * 201,
        "x" * 200 + "%+",
    ]
    for name in names:
        file.write_bytes(name.encode())
        await objects.put_file(f"files/{name}", file)
    for name in names:
        assert await content(objects, f"files/{name}") == name.encode()
    assert await keys(objects) == sorted(f"files/{name}" for name in names)


BAD_KEYS = [
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "../a",
    "a/..",
    "a/../b",
    "a/./b",
    "./a",
    "x\0",
    "a\nb",
    "\ud800",
    "a" * 1025,
]


@pytest.mark.parametrize("key", BAD_KEYS)
async def test_what_is_no_key_is_refused_everywhere(objects: Objects, file: Path, key: str) -> None:
    await objects.put_file("raw/a", file)
    for attempt in (
        objects.put_file(key, file),
        objects.stat(key),
        objects.open(key),
        content(objects, key),
        objects.move("raw/a", key),
        objects.move(key, "raw/b"),
        objects.delete(key),
        objects.link(key, file_name="a", expires_s=1),
        objects.begin_upload(key, 1, 1),
    ):
        with pytest.raises(ValueError):
            await attempt
    assert await keys(objects) == ["raw/a"]
