"""What ``ports/objects.py`` promises of links, and of uploads in parts through them, on every side."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest

from paddock.errors import Conflict, NotFound
from tests.adapters.builders import MIB, begin, content, keys, long_enough, send
from tests.adapters.conftest import Side

pytestmark = pytest.mark.anyio


async def test_a_link_works(side: Side, file: Path) -> None:
    await side.objects.put_file("raw/a", file)
    url = await side.objects.link("raw/a", file_name="HT09 'ü'.mcap", expires_s=60)
    assert await side.get(url) == (200, b"0123456789")


@pytest.mark.not_on("moto", why="it takes expired links")
async def test_a_link_expires(side: Side, file: Path) -> None:
    await side.objects.put_file("raw/a", file)
    for seconds_ago, status in ((50, 200), (61, 403)):
        with side.signing_earlier(seconds_ago):
            url = await side.objects.link("raw/a", file_name="a.mcap", expires_s=60)
        assert (await side.get(url))[0] == status, seconds_ago


@pytest.mark.not_on("moto", why="it takes tampered links")
async def test_a_changed_link_is_refused(side: Side, file: Path) -> None:
    await side.objects.put_file("raw/a", file)
    await side.objects.put_file("raw/b", file)
    url = urlsplit(await side.objects.link("raw/a", file_name="a.mcap", expires_s=60))
    pairs = parse_qsl(url.query, keep_blank_values=True)
    for index, (name, value) in enumerate(pairs):
        # The names of headers have no case.
        swapped = "x" if name == "X-Amz-SignedHeaders" else value.swapcase()
        for other in (value + "0", value[:-1], "", swapped if swapped != value else "x"):
            changed = [*pairs[:index], (name, other), *pairs[index + 1 :]]
            assert (await side.get(urlunsplit(url._replace(query=urlencode(changed)))))[0] == 403, (name, other)
        without = [*pairs[:index], *pairs[index + 1 :]]
        assert (await side.get(urlunsplit(url._replace(query=urlencode(without)))))[0] == 403, name


async def test_an_upload_in_parts(side: Side) -> None:
    data, part_size = long_enough(side, bytes(range(250)) * 1000, 100_000)
    upload = await begin(side, "incoming/a", data, part_size, [3, 1])
    arrived = await side.objects.parts("incoming/a", upload)
    assert [(part.number, part.size_bytes) for part in arrived] == [(1, part_size), (3, part_size // 2)]
    assert all(part.etag for part in arrived)
    assert await side.objects.stat("incoming/a") is None
    assert await keys(side.objects) == []
    with pytest.raises(Conflict) as missing:
        await side.objects.complete_upload("incoming/a", upload)
    assert missing.value.code == "parts_missing"
    assert await send(side, "incoming/a", upload, data, part_size, 2) == 200
    info = await side.objects.complete_upload("incoming/a", upload)
    assert info == await side.objects.stat("incoming/a")
    assert await content(side.objects, "incoming/a") == data
    assert await side.objects.parts("incoming/a", upload) == ()


async def test_completing_again_is_harmless(side: Side) -> None:
    data, part_size = long_enough(side, b"0123456789", 4)
    upload = await begin(side, "incoming/a", data, part_size, [1, 2, 3])
    done = await asyncio.gather(*(side.objects.complete_upload("incoming/a", upload) for _ in range(5)))
    assert {info.size_bytes for info in done} == {len(data)}
    assert (await side.objects.complete_upload("incoming/a", upload)).size_bytes == len(data)
    await side.objects.abort_upload("incoming/a", upload)
    assert await content(side.objects, "incoming/a") == data


@pytest.mark.not_on("moto", why="a part of an upload that is gone is a 500 there")
async def test_an_aborted_upload_is_gone(side: Side) -> None:
    upload = await begin(side, "incoming/a", b"0123456789", 4, [1, 2, 3])
    await side.objects.abort_upload("incoming/a", upload)
    await side.objects.abort_upload("incoming/a", upload)
    assert await side.objects.parts("incoming/a", upload) == ()
    with pytest.raises(NotFound):
        await side.objects.complete_upload("incoming/a", upload)
    assert await send(side, "incoming/a", upload, b"0123456789", 4, 1) == 404
    assert await keys(side.objects) == []


@pytest.mark.not_on("moto", why="it looks at the upload alone")
async def test_an_upload_belongs_to_its_key(side: Side) -> None:
    data, part_size = long_enough(side, b"0123456789", 4)
    upload = await begin(side, "incoming/a", data, part_size, [1, 2, 3])
    assert await side.objects.parts("incoming/b", upload) == ()
    with pytest.raises(NotFound):
        await side.objects.complete_upload("incoming/b", upload)
    await side.objects.abort_upload("incoming/b", upload)
    for unknown in ("", "0" * 32, "../../raw", "upload-" + upload):
        assert await side.objects.parts("incoming/a", unknown) == ()
        with pytest.raises(NotFound):
            await side.objects.complete_upload("incoming/a", unknown)
        await side.objects.abort_upload("incoming/a", unknown)
    assert (await side.objects.complete_upload("incoming/a", upload)).size_bytes == len(data)


@pytest.mark.not_on("moto", why="it takes tampered links")
async def test_a_part_of_another_size_does_not_count(side: Side) -> None:
    upload = await side.objects.begin_upload("incoming/a", 10, 4)
    url = await side.objects.part_link("incoming/a", upload, 1, 4, 60)
    for body in (b"", b"012", b"01234"):
        assert await side.put(url, body) == 403
    assert await side.objects.parts("incoming/a", upload) == []
    assert await side.put(url, b"0123") == 200


@pytest.mark.not_on("moto", why="it closes the part's file under a second writer")
@pytest.mark.slow("many megabytes from many at once")
async def test_the_same_part_from_many_at_once(side: Side) -> None:
    data, part_size = long_enough(side, bytes(range(256)) * 4096 * 2, MIB)
    upload = await side.objects.begin_upload("incoming/a", len(data), part_size)
    sends = (send(side, "incoming/a", upload, data, part_size, number) for number in (1, 2, 1, 2, 1, 2))
    assert await asyncio.gather(*sends) == [200] * 6
    assert len(await side.objects.parts("incoming/a", upload)) == 2
    await side.objects.complete_upload("incoming/a", upload)
    assert await content(side.objects, "incoming/a") == data


@pytest.mark.not_on("moto", why="it takes expired and tampered links")
async def test_part_links_expire_and_fit_one_part_only(side: Side) -> None:
    upload = await side.objects.begin_upload("incoming/a", 10, 4)
    url = await side.objects.part_link("incoming/a", upload, 1, 4, 60)
    another = re.sub(r"(part\w*)=1\b", r"\1=2", url)
    assert another != url
    assert await side.put(another, b"0123") == 403
    assert (await side.get(url))[0] == 403
    with side.signing_earlier(61):
        url = await side.objects.part_link("incoming/a", upload, 1, 4, 60)
    assert await side.put(url, b"0123") == 403
    assert await side.objects.parts("incoming/a", upload) == []


async def test_what_came_of_a_part_is_kept_or_none_of_it(side: Side) -> None:
    data, part_size = long_enough(side, bytes(range(250)) * 1000, 100_000)
    upload = await begin(side, "incoming/a", data, part_size, [1])
    assert await side.objects.beginnings("incoming/a", upload) == {}
    assert await side.objects.beginnings("incoming/b", upload) == {}
    assert await side.objects.beginnings("incoming/a", "0" * 32) == {}


async def test_what_another_program_says_of_its_log(side: Side, file: Path) -> None:
    said = '{"metadata": {"driver": "Adam"}}'
    await side.leave("incoming/car/run.mcap", b"0123456789", said)
    found = await side.objects.stat("incoming/car/run.mcap")
    assert found is not None and (found.size_bytes, found.sidecar.strip()) == (10, said)
    await side.objects.move("incoming/car/run.mcap", "raw/a")
    moved = await side.objects.stat("raw/a")
    assert moved is not None and moved.sidecar == ""
    assert await keys(side.objects) == ["raw/a"], "what lay beside it is gone with it"
    await side.objects.put_file("incoming/run.mcap", file)
    silent = await side.objects.stat("incoming/run.mcap")
    assert silent is not None and silent.sidecar == ""
