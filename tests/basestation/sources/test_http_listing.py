"""Lists of files as servers make them, and as nobody should."""

from __future__ import annotations

import os

import pytest

from paddock.basestation.sources.http_listing import Entry, entries_of
from paddock.domain.instants import NS_PER_S
from paddock.errors import Rejected, Unavailable

URL = "http://10.0.0.5:8000/logs/"
NGINX = b"""<html><body><h1>Index of /logs/</h1><hr><pre><a href="../">../</a>
<a href="day%202/">day 2/</a>                       29-Nov-2026 10:00                   -
<a href="Lauf%20s%C3%BC%C3%9F.mcap">Lauf s\xc3\xbc\xc3\x9f.mcap</a>          29-Nov-2026 10:01             1234567
<a href="two%0Alines.mcap">two
lines.mcap</a>             29-Nov-2026 10:02                  12
</pre><hr></body></html>"""
APACHE = b"""<table><tr><th><a href="?C=N;O=D">Name</a></th><th><a href="?C=M;O=A">Last modified</a></th></tr>
<tr><td><img src="/icons/back.gif"></td><td><a href="/">Parent Directory</a></td></tr>
<tr><td><a href="day%202/">day 2/</a></td><td align="right">2026-11-29 10:00  </td><td>  - </td></tr>
<tr><td><a href="a&amp;b.mcap">a&amp;b.mcap</a></td><td>2026-11-29 10:01  </td><td>1.2M</td></tr></table>"""
PYTHON = b"""<ul>
<li><a href="day%202/">day 2/</a></li>
<li><a href="latin-%FC.mcap">latin-\xef\xbf\xbd.mcap</a></li>
<li><a href="link.mcap">link.mcap@</a></li>
</ul>"""
CADDY = b"""<tr class="file"><td></td><td><a href="./run.mcap"><svg></svg><span class="name">run.mcap</span></a>
</td><td class="size" data-size="9">9 B</td><td><time datetime="2026-11-29T10:01:00Z">11/29/2026</time></td></tr>
<tr class="file"><td><a href='./day%202/'><span class="name">day 2</span></a></td></tr>"""


def names(body: bytes) -> list[tuple[str, bool]]:
    return [(os.fsdecode(each.name), each.is_folder) for each in entries_of("text/html; charset=utf-8", body, URL)]


def test_pages_of_servers() -> None:
    folder = ("day 2", True)
    assert names(NGINX) == [folder, ("Lauf süß.mcap", False), ("two\nlines.mcap", False)]
    assert names(APACHE) == [folder, ("a&b.mcap", False)]
    assert names(PYTHON) == [folder, (os.fsdecode(b"latin-\xfc.mcap"), False), ("link.mcap", False)]
    assert names(CADDY) == [("run.mcap", False), folder]


def test_a_row_tells_whether_a_log_may_have_changed() -> None:
    (before,) = (each for each in entries_of("text/html", NGINX, URL) if each.name.startswith(b"Lauf"))
    assert b"29-Nov-2026 10:01 1234567" in before.row
    assert b"10:02" not in before.row


def test_json_of_nginx() -> None:
    body = b"""[
        { "name":"day 2", "type":"directory", "mtime":"Sun, 29 Nov 2026 10:00:00 GMT" },
        { "name":"latin-\xfc.mcap", "type":"file", "mtime":"Thu, 01 Jan 1970 00:00:05 GMT", "size":7 }]"""
    folder, log = entries_of("application/json", body, URL)
    assert (folder.name, folder.is_folder) == (b"day 2", True)
    assert log == Entry(b"latin-\xfc.mcap", False, 7, 5 * NS_PER_S, log.row)


@pytest.mark.parametrize(
    "reference",
    [
        "http://elsewhere.example/logs/1.mcap",
        "//elsewhere.example/logs/1.mcap",
        "../1.mcap",
        "/1.mcap",
        "a/b/1.mcap",
        "..%2f..%2fetc%2f1.mcap",
        "%2e%2e/",
        ".hidden.mcap",
        "1.mcap?download=1",
        "%00.mcap",
        "javascript:alert(1)",
        "http://[::1/1.mcap",
        "lost+found/",
    ],
)
def test_links_that_lead_elsewhere_are_passed_over(reference: str) -> None:
    assert names(f'<a href="{reference}">x</a>'.encode()) == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b"1.mcap"),
        ("application/json", b"{}"),
        ("application/json", b"[" * 100_000),
        ("application/json", b'[{"name": 1}]'),
        ("", b""),
    ],
)
def test_what_is_no_list_is_said(content_type: str, body: bytes) -> None:
    with pytest.raises(Unavailable, match="autoindex") as refused:
        entries_of(content_type, body, URL)
    assert refused.value.code == "no_listing"


@pytest.mark.parametrize(
    "body",
    [
        b"<a " * 300_000,
        b"<a href=" * 200_000,
        b'<a href="' * 200_000,
        b"<a x" + b" " * 1_000_000,
        b'<a href="1.mcap">' * 10_000,
        os.urandom(1_000_000),
    ],
)
def test_hostile_pages_end_in_time_that_grows_with_their_length(body: bytes) -> None:
    assert len(entries_of("text/html", body, URL)) <= 1


def test_a_page_with_a_million_links_is_refused() -> None:
    with pytest.raises(Rejected, match="more than"):
        entries_of("text/html", b'<a href="1.mcap">' * 1_000_000, URL)
