"""Logs off real and hostile HTTP servers."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from paddock.basestation.sources.http import HttpSource
from paddock.basestation.sources.opening import open_source
from paddock.basestation.sources.source import SeenFile
from paddock.errors import Conflict, NotFound, PaddockError, Rejected, Unavailable
from tests.basestation.sources.hostile import HostileServer, said
from tests.servers import nginx
from tests.servers.daemon import Daemon, free_port

LOG = random.Random(5).randbytes(300_000)
PAGE = b'<a href="1.mcap">1.mcap</a>'
MODIFIED = "Thu, 01 Jan 1970 00:01:40 GMT"


class PythonServer(Daemon):
    """``python -m http.server``, which knows no ranges."""

    def __init__(self, folder: Path, served: Path) -> None:
        port = free_port()
        folder.mkdir()
        command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", str(served)]
        super().__init__(command, folder / "log", "127.0.0.1", port, None)
        self.url = f"http://127.0.0.1:{port}/"


Server = nginx.NginxServer | PythonServer


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    folder.chmod(0o755)
    return folder


@pytest.fixture(params=["nginx", "nginx json", "python"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, logs: Path
) -> Iterator[nginx.NginxServer | PythonServer]:
    if request.param == "python":
        made: nginx.NginxServer | PythonServer = PythonServer(tmp_path / "server", logs)
    else:
        made = nginx.NginxServer(tmp_path / "server", logs, json=request.param == "nginx json")
    made.start()
    yield made
    made.kill()


def opened(url: str) -> HttpSource:
    source = open_source(url)
    assert isinstance(source, HttpSource)
    return source


async def look(source: HttpSource) -> dict[str, SeenFile]:
    return {seen.name: seen for seen in await source.look()}


async def pull(source: HttpSource, seen: SeenFile, offset: int = 0) -> bytes:
    return b"".join([piece async for piece in source.read(seen, offset)])


def put(file: Path, size_bytes: int, modified_s: int = 100) -> bytes:
    data = random.Random(os.fsencode(file)).randbytes(size_bytes)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    os.utime(file, (modified_s, modified_s))
    return data


@pytest.mark.anyio
async def test_logs_are_seen_in_all_folders_under_any_name(server: Server, logs: Path) -> None:
    names = ["1.mcap", "Lauf süß.MCAP", "two\nlines.mcap", "50%.mcap", "day/session 2/a&b?#.mcap", "'quoted\".mcap"]
    data = {name: put(logs / name, 1000 + number, number) for number, name in enumerate(names)}
    latin = os.fsdecode(b"latin-\xfc.mcap")
    # Python's server calls it by the UTF-8 of what stands for the byte.
    names.append(os.fsdecode(latin.encode(errors="surrogatepass")) if isinstance(server, PythonServer) else latin)
    data[names[-1]] = put(logs / latin, 1000 + len(data), len(data))
    for other in (".hidden.mcap", ".trash/1.mcap", "lost+found/1.mcap", "notes.txt", "1.mcap.part"):
        put(logs / other, 10)
    source = opened(server.url)
    for _ in range(2):
        seen = await look(source)
        assert sorted(seen) == sorted(names)
        for number, name in enumerate(names):
            assert (seen[name].size_bytes, seen[name].modified_ns) == (1000 + number, number * 10**9)
    assert {name: await pull(source, seen[name], 7) for name in names} == {
        name: content[7:] for name, content in data.items()
    }
    await source.close()


@pytest.mark.anyio
async def test_what_changed_is_seen_at_the_next_look(server: Server, logs: Path) -> None:
    for number in range(3):
        put(logs / f"{number}.mcap", 10)
    (logs / "1.mcap.json").write_text('{"metadata": {"driver": "Adam"}}')
    source = opened(server.url)
    assert (await look(source))["1.mcap"].metadata == {"driver": "Adam"}
    put(logs / "0.mcap", 11, 1000)
    (logs / "2.mcap").unlink()
    seen = await look(source)
    assert {name: each.size_bytes for name, each in seen.items()} == {"0.mcap": 11, "1.mcap": 10}
    await source.close()


@pytest.mark.anyio
async def test_killed_at_any_byte_reading_goes_on_from_there(server: Server, logs: Path) -> None:
    data = put(logs / "1.mcap", 40_000_000)
    source, got = opened(server.url), bytearray()
    seen = (await look(source))["1.mcap"]
    # What was on its way arrives all the same, some megabytes.
    for cut in sorted(random.Random(3).sample(range(10_000_000), 3)):
        with pytest.raises(Unavailable):
            async for piece in source.read(seen, len(got)):
                got += piece
                if len(got) > cut:
                    server.kill()
            raise Unavailable("It was read to the end before it was lost.")
        with pytest.raises(Unavailable):
            await source.look()
        server.start()
    got += await pull(source, seen, len(got))
    assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest()
    await source.close()


@pytest.mark.anyio
@pytest.mark.parametrize("change", ["grows", "shrinks", "is replaced"])
async def test_what_changes_while_it_is_read_never_passes(server: Server, logs: Path, change: str) -> None:
    file = logs / "1.mcap"
    put(file, 20_000_000)
    source = opened(server.url)
    seen = (await look(source))["1.mcap"]
    pieces = source.read(seen, 0)
    await anext(pieces)
    await asyncio.sleep(1.1)  # HTTP's times are whole seconds
    if change == "grows":
        with file.open("ab") as opened_file:
            opened_file.write(b"more")
    elif change == "shrinks":
        os.truncate(file, 100_000)
    else:
        put(logs / "new", 20_000_000, 200)
        (logs / "new").replace(file)
    with pytest.raises((Conflict, Unavailable)):
        async for _ in pieces:
            pass
    for offset in (0, 50_000):
        with pytest.raises(Conflict):
            await pull(source, seen, offset)
    file.unlink()
    with pytest.raises(NotFound):
        await pull(source, seen)
    with pytest.raises(Rejected, match="removes nothing"):
        await source.remove(seen)
    await source.close()


@pytest.mark.anyio
async def test_many_small_logs_come_side_by_side(tmp_path: Path, logs: Path) -> None:
    data = {f"{number}.mcap": put(logs / f"{number}.mcap", 2000) for number in range(200)}
    with nginx.running(tmp_path / "server", logs) as server:
        source = opened(server.url)
        seen = await look(source)
        pulled = await asyncio.gather(*(pull(source, each) for each in seen.values()))
        assert dict(zip(seen, pulled, strict=True)) == data
        await source.close()


def plain(log: bytes) -> HostileServer:
    """A server whose list and HEAD are right, and whose GET of the log is ``log``."""

    def answer(line: str, headers: dict[str, str]) -> bytes:
        if line.startswith("GET / "):
            return said("200 OK", PAGE, content_type="text/html")
        if line.startswith("HEAD /1.mcap "):
            return said("200 OK", content_length=str(len(LOG)), last_modified=MODIFIED)
        return log if line.startswith("GET /1.mcap ") else said("404 Not Found")

    return HostileServer(answer)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("log", "error"),
    [
        pytest.param(said("200 OK", LOG[:-1], content_length=str(len(LOG))), Unavailable, id="cut off"),
        pytest.param(said("200 OK", LOG[:-1]), Conflict, id="shorter than it was"),
        pytest.param(said("200 OK", LOG + b"x"), Conflict, id="longer than it was"),
        pytest.param(said("200 OK", LOG[:-1], content_length=""), Conflict, id="cut off without a length"),
        pytest.param(said("200 OK", LOG, last_modified="Thu, 01 Jan 1970 00:01:41 GMT"), Conflict, id="changed"),
        pytest.param(said("200 OK", LOG, content_encoding="gzip"), Rejected, id="packed"),
        pytest.param(
            said("206 Partial Content", LOG[1:], content_range="bytes 1-299999/300000"), Unavailable, id="else"
        ),
        pytest.param(said("206 Partial Content", LOG), Unavailable, id="a range that nobody asked for"),
        pytest.param(said("416 Range Not Satisfiable"), Conflict, id="no such range"),
        pytest.param(said("404 Not Found"), NotFound, id="gone"),
        pytest.param(said("403 Forbidden"), Unavailable, id="forbidden"),
        pytest.param(said("500 Oops"), Unavailable, id="broken"),
        pytest.param(said("302 Found", location="http://elsewhere.example/1.mcap"), Rejected, id="sent elsewhere"),
        pytest.param(said("302 Found", location="/1.mcap"), Rejected, id="sent round in circles"),
        pytest.param(said("200 OK", LOG, content_length="-5"), Unavailable, id="a negative length"),
        pytest.param(said("200 OK", LOG, content_length="1" * 5000), Unavailable, id="an endless length"),
        pytest.param(
            said("200 OK", b"zz\r\nLOG", content_length="", transfer_encoding="chunked"), Unavailable, id="chunks"
        ),
        pytest.param(b"", Unavailable, id="nothing"),
        pytest.param(b"\xff\x00garbage\r\n\r\n", Unavailable, id="garbage"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 100_000, Unavailable, id="endless headers"),
    ],
)
async def test_answers_that_are_no_log(log: bytes, error: type[PaddockError]) -> None:
    with plain(log) as server:
        source = opened(server.url)
        seen = (await look(source))["1.mcap"]
        assert seen.size_bytes == len(LOG)
        with pytest.raises(error):
            await pull(source, seen)
        await source.close()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "log",
    [
        pytest.param(said("200 OK", LOG), id="whole"),
        pytest.param(said("200 OK", LOG, content_length=""), id="without a length"),
        pytest.param(
            said(
                "200 OK", b"%x\r\n%b\r\n0\r\n\r\n" % (len(LOG), LOG), content_length="", transfer_encoding="chunked"
            ),
            id="in chunks",
        ),
    ],
)
async def test_a_server_without_ranges_is_read_from_the_start(log: bytes) -> None:
    with plain(log) as server:
        source = opened(server.url)
        seen = (await look(source))["1.mcap"]
        assert await pull(source, seen) == LOG
        assert await pull(source, seen, 123_456) == LOG[123_456:]
        assert await pull(source, seen, len(LOG)) == b""
        await source.close()
        assert all(headers["accept-encoding"] in ("identity", "gzip") for _, headers in server.asked)
        assert {headers["accept-encoding"] for line, headers in server.asked if "mcap" in line} == {"identity"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "body", "content_type", "code"),
    [
        ("200 OK", b"hello", "text/plain", "no_listing"),
        ("200 OK", b"{}", "application/json", "no_listing"),
        ("200 OK", b'{"files": [{"name": 5}]}', "application/json", "no_listing"),
        ("404 Not Found", b"", "", "away"),
        ("401 Unauthorized", b"", "", "not_read"),
        ("503 Busy", b"", "", "away"),
    ],
)
async def test_places_that_show_no_logs(status: str, body: bytes, content_type: str, code: str) -> None:
    with HostileServer(lambda line, _: said(status, body, content_type=content_type)) as server:
        source = opened(server.url)
        with pytest.raises(Unavailable) as refused:
            await source.look()
        assert refused.value.code == code
        await source.close()


@pytest.mark.anyio
async def test_folders_without_end_are_looked_into_so_far() -> None:
    body = b'<a href="x/">x</a>' + PAGE
    with HostileServer(lambda line, _: said("200 OK", body, content_type="text/html")) as server:
        source = opened(server.url)
        seen = await source.look()
        assert (len(seen), sum(each.trouble is not None for each in seen)) == (21, 1)
        await source.close()


@pytest.mark.anyio
async def test_a_cars_list_leads_nowhere_else() -> None:
    files = [
        '"../1.mcap"',
        '"/etc/1.mcap"',
        '"a//1.mcap"',
        '"1.txt"',
        '"1\\u0000.mcap"',
        '"good/1.mcap"',
        '"\\udcff.mcap"',
    ]
    body = ", ".join(f'{{"name": {name}, "size_bytes": 1, "modified_ns": 1}}' for name in files)
    listed = f'{{"files": [{body}], "disk": {{"free_bytes": 5, "total_bytes": 6}}}}'.encode()
    with HostileServer(lambda line, _: said("200 OK", listed, content_type="application/json")) as server:
        source = opened(server.url)
        assert sorted(await look(source)) == ["good/1.mcap", "\udcff.mcap"]
        await source.close()


@pytest.mark.anyio
async def test_a_car_that_was_started_anew_is_told_the_time_at_once() -> None:
    booted_ns = [0]

    def answer(line: str, _: dict[str, str]) -> bytes:
        listed = b'{"files": [], "disk": {}, "now_ns": %d}' % (time.monotonic_ns() - booted_ns[0])
        return said("200 OK", listed, content_type="application/json")

    with HostileServer(answer) as server:
        source, told = opened(server.url), []
        for boot_ns in (0, 0, time.monotonic_ns(), time.monotonic_ns()):
            booted_ns[0] = boot_ns
            await source.look()
            told.append(sum(line.startswith("POST /clock") for line, _ in server.asked))
        assert told == [1, 1, 2, 2]
        await source.close()


@pytest.mark.anyio
async def test_nobody_listens() -> None:
    for url in (f"http://127.0.0.1:{free_port()}/", "http://no-such-car.invalid/"):
        with pytest.raises(Unavailable, match="cannot be reached"):
            await opened(url).look()
